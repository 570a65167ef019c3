"""Data: a node that holds a value and the derivative of the losses with respect to it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

from deepfusion.components.data import checks
from deepfusion.components.data.regularizers import Regularizer
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS, Optimizer, get_optimizer
from deepfusion.errors import MissingValueError, OptionError, ShapeError
from deepfusion.functional.broadcasting import unbroadcast
from deepfusion.functional.elementwise import elementwise_into
from deepfusion.functional.parallel import BLOCK, split
from deepfusion.functional.workspace import empty_like
from deepfusion.utils.backend import array_module, as_array, moved

Array = Any

# Who else may hold the array in `_deriv`: other nodes, nobody, or someone who has read it.
_SHARED, _OWN, _READ = 'shared', 'own', 'read'


class Data:
    """A tensor and its derivative: an input, an activation, a loss, or a parameter of a module.

    Args:
        ID: The node's name, unique within a net. May be a path like 'res1/a'.
        shape: Shape with a batch axis of 1 in front, e.g. (1, 3) or (1, C, H, W); `val` may have any batch size.
            A loss has shape (1, 1) and a 0-d value. Parameters have the exact shape of their value.
        val: Value; floats are converted to the current backend and precision, integers and booleans keep
            their type.
        is_frozen: Whether `update` leaves the value as it is.
        optimizer_details: `{'optimizer_name': ..., 'hyperparameters': {...}}`, see `get_optimizer`.
        learning_rate: Multiple of the optimizer's step that is subtracted.
        is_regularized: Whether the regularizer's derivative joins the step.
        regularizer_details: `{'reg_name': 'L1' or 'L2', 'reg_strength': ...}`.

    Attributes: besides those, `deriv`; `optimizer`, `regularizer` (objects, or None); `input`, the module that
    makes the value, or None; `outputs`, the modules that use it.

    Raises:
        ShapeError: The value does not fit the shape.
        OptionError: Regularized without details, or details that mean nothing.

    Example:
        >>> x = Data(ID='x', shape=(1, 3), val=[[1., 2., 3.], [4., 5., 6.]])
        >>> x.val.shape, x.deriv.sum()
        ((2, 3), np.float32(0.0))
    """

    def __init__(
        self,
        ID: str,
        shape: tuple[int, ...],
        val: Any = None,
        is_frozen: bool = True,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        learning_rate: float = 1e-6,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.ID = checks.check_ID(ID, 'Data')
        self.shape = checks.check_shape(shape, self.ID)
        self._is_parameter = False      # set by the module that adopts it
        self._postponed: dict[str, Callable[[], Array]] = {}
        self._val: Array = None
        self._val_is_ours = False       # may be written into by update()
        self._stamp: object = None      # see `stamp_of`
        self._deriv: Array = None
        self._deriv_holder = _SHARED
        self._seed: Array = None        # what a user or loss module assigned as derivative
        self.is_frozen = checks.check_flag(is_frozen, 'is_frozen', f"Data '{ID}'")
        self._optimizer_details = deepcopy(optimizer_details)   # the caller may go on changing its dictionary
        optimizer = get_optimizer(self.shape, optimizer_details)
        self.optimizer: Optimizer | None = None if is_frozen else optimizer     # a frozen one gets it when unfrozen
        self.set_learning_rate(learning_rate)
        if is_regularized and regularizer_details is None:
            raise OptionError(f"Data '{ID}': is_regularized is True but regularizer_details is None. "
                              "Give regularizer_details={'reg_name': 'L2', 'reg_strength': ...}.")
        self.is_regularized = is_regularized
        self.regularizer = None if regularizer_details is None else Regularizer(regularizer_details)
        self.input: Any = None
        self.outputs: list[Any] = []
        if val is not None:
            self.val = val

    @property
    def val(self) -> Array:
        """The value, or None while nothing has set it. A loss's is a number that can be rounded and formatted."""
        self._stamp = None
        value = self.made('_val') if self._val is None else self._val
        return value if value is None or value.ndim or not self.shape else value[()]

    @val.setter
    def val(self, value: Any) -> None:
        if value is None:
            self._val = self._deriv = self._stamp = None
            self._postponed.clear()
            return
        array = as_array(value, f"The value of Data '{self.ID}'")
        if self._is_parameter and array is value:
            array = array.copy()        # update() writes into a parameter, and must not into others' arrays
        self.set_result(array)
        self._val_is_ours = array is not value

    def set_result(self, array: Array) -> None:
        """Take over a module's result, an array of the right device and type, after checking its shape."""
        shape, mine = array.shape, self.shape
        # The second half is the rule; the first says nearly always yes, and at once.
        exactly = self._is_parameter or not mine
        if (exactly or shape[1:] != mine[1:] or len(shape) != len(mine)) and not checks.fits(shape, mine, exactly):
            raise ShapeError(f"Data '{self.ID}': expected a value of shape {checks.shape_in_words(mine, exactly)}; "
                             f'found {shape}. {checks.fix_of(array, mine, self._is_parameter)}')
        self._val = array if shape else array_module(array).asarray(array)      # no NumPy scalars
        self._val_is_ours, self._stamp = False, None
        if self._postponed or self._deriv is not None:
            self._forget_derivative(shape)

    def postpone(self, name: str, make: Callable[[], Array], shape: tuple[int, ...]) -> None:
        """Have the value ('_val') or derivative ('_deriv') made when it is first asked for; until then it is None."""
        if name == '_val':
            self._forget_derivative(shape)
        setattr(self, name, None)
        self._postponed[name] = make
        self._val_is_ours, self._deriv_holder = False, _SHARED

    def _forget_derivative(self, shape: tuple[int, ...]) -> None:
        """A value of that shape is here or to be made: a derivative of another one, or not yet made, is of no use."""
        self._postponed.clear()
        if self._deriv is not None and self._deriv.shape != shape:
            self._deriv = None

    def made(self, name: str) -> Array:
        """The value ('_val') or the derivative ('_deriv'), now made if it was postponed; None where there is none."""
        if name in self._postponed:
            setattr(self, name, self._postponed.pop(name)())
        return getattr(self, name)

    def __getstate__(self) -> dict[str, Any]:
        """For copies: what was postponed is made; a stamp is of one array, which a shallow copy shares."""
        return vars(self) | {n: self.made(n) for n in list(self._postponed)} | {'_postponed': {}, '_stamp': None}

    @property
    def deriv(self) -> Array:
        """The derivative of the losses with respect to the value; zeros while there is none."""
        if self._deriv is None and self.made('_deriv') is None:
            val = self.made('_val')
            zeros = array_module(val).zeros
            self._deriv = (as_array(zeros(self.shape), 'A derivative') if val is None
                           else zeros(val.shape, _deriv_type(val)))
        elif self._deriv_holder == _SHARED:
            self._deriv = self._deriv.copy(order='K')
        # From now on someone outside holds the array: passes do not write into it, `deriv += ...` does.
        self._deriv_holder = _READ
        return self._deriv

    @deriv.setter
    def deriv(self, value: Any) -> None:
        if value is self._deriv:        # the last step of `deriv += ...`
            return
        if value is None:
            return self.clear_grads()
        array = as_array(value, f"The derivative of Data '{self.ID}'")
        val = self.made('_val')
        if val is not None and array.shape != val.shape:
            if array.size != 1:
                raise ShapeError(f"Data '{self.ID}': expected a derivative of the value's shape {val.shape}; "
                                 f'found {array.shape}.')
            full = array_module(val).empty(val.shape, _deriv_type(val))
            full[...] = array.reshape(())
            array = full
        self._postponed.pop('_deriv', None)
        self._deriv = array.astype(_deriv_type(val)) if array.dtype.kind != 'f' else array
        self._deriv_holder = _SHARED
        self._seed = self._deriv

    def add_deriv(self, deriv: Array) -> None:
        """Add one contribution, summed over broadcast axes. The first is taken over as it is, unless it is one number
        in many places: what is made of it would lie in memory in another order than the value, and slow each step."""
        if self._postponed:
            self.made('_val'), self.made('_deriv')
        val = self._val
        if deriv.shape != val.shape:
            deriv = unbroadcast(deriv, val.shape)
        if self._deriv is None:
            if 0 in deriv.strides and not deriv.flags.c_contiguous:
                spread, deriv = deriv, empty_like(array_module(val), val, deriv.dtype)
                deriv[...] = spread
            self._deriv, self._deriv_holder = deriv, _SHARED
        elif self._deriv_holder is _OWN:
            self._deriv += deriv
        else:
            self._deriv = elementwise_into(array_module(val).add, self._deriv, deriv)
            self._deriv_holder = _OWN

    def keep_read_deriv(self) -> None:
        """Before a pass: what someone has read stays theirs, also when a module does `deriv += ...`."""
        self._deriv_holder = _SHARED if self._deriv_holder == _READ else self._deriv_holder

    def update(self) -> None:
        """One step against the derivative, `val -= learning_rate * (step + reg_strength * reg'(val))`, when not
        frozen; then clear the derivative. Parameters are updated in place."""
        self.check_update()
        if not self.is_frozen:
            if self.optimizer is None:          # who assigns to is_frozen has not called unfreeze
                self.unfreeze()
            self._step()
        self.clear_grads()

    def check_update(self) -> None:
        """Refuse an update that needs a value of floats and has none."""
        if not self.is_frozen and (self.made('_val') is None or self._val.dtype.kind != 'f'):
            raise MissingValueError(f"Data '{self.ID}': expected a value of floats to update; found "
                                    f'{"none" if self._val is None else self._val.dtype}. Set .val or freeze it.')

    def _step(self) -> None:
        """Subtract the step, in pieces that stay in cache, spread over the cores."""
        xp, optimizer = array_module(self._val), cast(Optimizer, self.optimizer)
        self._stamp = None
        if not (self._is_parameter and self._val_is_ours and self._val.flags.c_contiguous):
            self._val, self._val_is_ours = self._val.copy(), True
        deriv = xp.asarray(self.deriv if self._deriv is None else self._deriv, order='C')
        regularizer = self.regularizer if self.is_regularized else None
        val, deriv, *averages = (a.reshape(-1) for a in (self._val, deriv, *optimizer.advance(deriv)))

        def part(share: slice) -> None:
            piece = val[share]
            step = optimizer.direction(deriv[share], piece, *(average[share] for average in averages))
            if regularizer is not None:
                step = step + regularizer.reg_strength * regularizer.reg_fn_deriv(piece)
            piece -= self.learning_rate * step

        split(xp, part, val.size, (3 + len(averages)) * val.size, at_most=BLOCK, multiplies=False)

    def freeze(self) -> None:
        """Let `update` leave the value as it is. The optimizer keeps its state for `unfreeze`."""
        self.is_frozen = True

    def unfreeze(self, optimizer_details: dict[str, Any] | None = None) -> None:
        """Let `update` change the value.

        Args:
            optimizer_details: The optimizer to use. The one it had goes on when this is None or says the same.
        """
        details = self._optimizer_details if optimizer_details is None else optimizer_details
        if self.optimizer is None or details != self._optimizer_details:
            self.optimizer = get_optimizer(self.shape, details)
            self._optimizer_details = deepcopy(details)
        self.is_frozen = False

    def clear_grads(self) -> None:
        """Set the derivative to zero."""
        self._deriv = self._seed = None
        self._postponed.pop('_deriv', None)

    def set_regularization(self, regularizer_details: dict[str, Any]) -> None:
        """Regularize the value from now on, see `Regularizer`."""
        self.regularizer = Regularizer(regularizer_details)
        self.is_regularized = True

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the multiple of the step that `update` subtracts."""
        self.learning_rate = checks.check_learning_rate(learning_rate, f"Data '{self.ID}'")

    def set_optimizer(self, optimizer_details: dict[str, Any]) -> None:
        """Start anew with another optimizer; a frozen Data uses it once it is unfrozen."""
        optimizer = get_optimizer(self.shape, optimizer_details)
        self.optimizer = None if self.is_frozen else optimizer
        self._optimizer_details = deepcopy(optimizer_details)

    def move(self, device: str | None, dtype: type | None) -> None:
        """Bring value, derivative and optimizer state to a device and a floating-point type."""
        self._val, self._deriv = (moved(self.made(name), device, dtype) for name in ('_val', '_deriv'))
        self._seed = self._stamp = None
        self._deriv_holder = _SHARED
        self._val_is_ours = True
        if self.optimizer is not None:
            for name in self.optimizer.state_names:
                setattr(self.optimizer, name, moved(getattr(self.optimizer, name), device, dtype))

    def __str__(self) -> str:
        rows = {
            'ID': self.ID, 'shape': self.shape, 'is_frozen': self.is_frozen,
            'optimizer': self.optimizer, 'learning_rate': self.learning_rate,
            'is_regularized': self.is_regularized, 'regularizer': self.regularizer,
            'input': self.input.ID if self.input is not None else None,
            'outputs': [module.ID for module in self.outputs],
            'val': checks.array_in_words(self.made('_val')), 'deriv': checks.array_in_words(self.made('_deriv')),
        }
        return 'Data\n' + '\n'.join(f'  {name:<14} : {value}' for name, value in rows.items())

    def __repr__(self) -> str:
        return f'Data({self.ID!r}, shape={self.shape})'


def _deriv_type(val: Array) -> Any:
    # Derivatives of indices and masks are floats too, should anyone ask.
    return val.dtype if val is not None and val.dtype.kind == 'f' else as_array(0.0).dtype
