"""Module: the base of all operations. Plumbing stands here once; a module is its declarations and its maths."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from deepfusion.components.data.checks import check_ID
from deepfusion.components.data.data import Data
from deepfusion.components.modules.parameters import Parametric
from deepfusion.components.modules.returns import checked_shape, input_count, wrong_derivatives, wrong_result
from deepfusion.components.modules.wiring import check_inputs
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import (
    BackendError,
    GraphError,
    MissingValueError,
    NodeTypeError,
    ShapeError,
    UnknownNameError,
)
from deepfusion.utils.backend import array_module, device_of, float_type
from deepfusion.utils.names import look_up, near_matches

Array = Any


class Module(Parametric):
    """A node that makes its output's value from its inputs' values, and their derivatives from its output's.

    Args:
        ID: The node's name, unique within a net. May be a path like 'res1/conv1'.
        inputs: Data whose values the module reads.
        output: Data that receives the result. None makes one, named `<ID>_out`, of the inferred shape.
        parameter_list: Parameters made by hand (0.0.3's way); `add_parameter` is the shorter one.
        learning_rate: Learning rate of the parameters.
        is_frozen: Whether `update` leaves the parameters as they are. True for modules without parameters.
        optimizer_details: Optimizer of the parameters, see `get_optimizer`.
        is_regularized: Whether the regularizable parameters are regularized.
        regularizer_details: How, see `Regularizer`.

    A subclass overrides `output_shape`, `declare_parameters`, `compute` and `differentiate`; or, as in 0.0.3,
    `forward` and `backward`. `docs/writing_a_module.md` shows both.

    Class attributes: `different_at_train_test` (keeps a mode), `is_regularizable`, `state_names` (attributes that
    are saved, moved and copied though not learnt), `index_inputs` (positions of inputs that may hold integers or
    booleans; elsewhere those are made floats), `marks` (by position of an input: a number that says "ignore this entry"
    there, at which the function may jump), `reduces_batch` (an output of shape (1, 1) has no batch axis: losses).

    Raises:
        NodeTypeError: An input or the output is no Data.
        ShapeError: Shapes do not fit.
        GraphError: Another module makes the output already, or it is one of the inputs.
    """

    different_at_train_test: bool = False
    is_regularizable: bool = False
    state_names: tuple[str, ...] = ()
    index_inputs: tuple[int, ...] = ()
    marks: Mapping[int, float] = MappingProxyType({})
    reduces_batch: bool = False
    available_modes: ClassVar[list[str]] = ['train', 'test']
    known_classes: ClassVar[dict[tuple[str, str], type['Module']]] = {}
    _construction: tuple[tuple[Any, ...], dict[str, Any]]
    _options: Mapping[str, Any] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Module.known_classes[cls.__module__, cls.__qualname__] = cls

    def __new__(cls, *args: Any, **kwargs: Any) -> 'Module':
        if kwargs:
            cls._check_option_names(args[0] if args else kwargs.get('ID'), kwargs)
        self = super().__new__(cls)
        # What a saved net needs to make the module again; the caller may go on changing its lists.
        self._construction = (tuple(map(_apart, args)), {name: _apart(value) for name, value in kwargs.items()})
        return self

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        parameter_list: list[Data] | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        options = self._take_options()
        self.ID = check_ID(ID, type(self).__name__)
        self.inputs = check_inputs(self, inputs, output)
        if not isinstance(parameter_list, list | tuple | None):
            raise NodeTypeError(f'{self!r}: expected parameter_list to be a list of Data; found {parameter_list!r}. '
                                'Give the options that follow it by their names.')
        self._saved: tuple[Any, ...] | None = None
        self._needs: tuple[set[int], set[str]] | None = None     # None: everything
        if self.different_at_train_test:
            self.mode = 'train'
        self._set_learning_options(learning_rate, is_frozen, optimizer_details, is_regularized, regularizer_details)

        self.given_shape = None if output is None else output.shape
        shape = self._check_output_shape()
        self.declare_parameters(*(data.shape for data in self.inputs))
        for parameter in parameter_list or ():
            self._adopt(parameter.ID.removeprefix(f'{ID}_'), parameter)
            parameter.set_learning_rate(self.learning_rate)
        if is_frozen:
            self.freeze()

        # Nothing outside has been touched so far; from here on nothing can fail.
        self.output = Data(f'{ID}_out', shape) if output is None else output
        for data in self.inputs:
            data.outputs.append(self)
        self.output.input = self
        self._options = {name: vars(self)[name] for name in options}

    def _arguments(self) -> dict[str, Any]:
        """What makes the module as it is now, when its constructor is given it by name: options that were changed since
        as they are."""
        signature, (args, kwargs) = inspect.signature(type(self).__init__), self._construction
        _, *given = signature.bind_partial(self, *args, **kwargs).arguments.items()
        now = vars(self)
        return dict(given) | {name: now[name] for name, made in self._options.items()
                              if name in signature.parameters and now.get(name, made) is not made}

    # -- What a subclass says ---------------------------------------------------------------------------------
    # One argument per input, under any name: `*..., **unused: Any` lets type checkers accept every such signature.

    def output_shape(self, *input_shapes: Any, **unused: Any) -> tuple[int, ...]:
        """The shape of the output (batch axis 1 in front) for those of the inputs. Raises ShapeError."""
        if self.given_shape is None:
            raise ShapeError(f'{self!r}: expected an output, as the class infers no shape; found None. '
                             'Pass output=Data(...), or override output_shape.')
        return self.given_shape

    def declare_parameters(self, *input_shapes: Any, **unused: Any) -> None:
        """Call `add_parameter` for each parameter."""

    def compute(self, xp: Any, *values: Any, **unused: Any) -> tuple[Array, tuple[Any, ...]]:
        """The output's value, and whatever `differentiate` will need, from the inputs' values."""
        raise NodeTypeError(f'{self!r} says nothing of its forward pass; override compute, or forward.')

    def differentiate(self, xp: Any, deriv: Array, *saved: Any, **unused: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        """The derivatives of the inputs, and of the parameters by name, from the output's derivative."""
        raise NodeTypeError(f'{self!r} says nothing of its backward pass; override differentiate, or backward.')

    # -- The passes -------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Set the output's value from the inputs' values."""
        values: list[Array] = []
        for data in self.inputs:
            value = data._val
            plain = value is not None and value.dtype.kind == 'f'
            values.append(value if plain else self._input_value(len(values), data))
        xp = array_module(values[0])
        self._saved = None      # what this pass makes can lie where that of the last one lay, which cache still holds
        try:
            result = self.compute(xp, *values)
        except TypeError:
            self._check_devices()
            raise
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], tuple)
                and hasattr(result[0], 'dtype')):
            raise wrong_result(self, result)
        value, self._saved = result
        self.output.set_result(value)

    def backward(self) -> None:
        """Add to the inputs' and parameters' derivatives from the output's derivative."""
        deriv = self.output._deriv
        if deriv is None:
            deriv = self.output.made('_deriv')
        if deriv is None:
            return
        if self._saved is None:
            raise MissingValueError(f'{self!r}: backward needs what forward saved, and forward has not run; '
                                    'run forward first.')
        result = self.differentiate(array_module(deriv), deriv, *self._saved)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], tuple | list)
                and len(result[0]) == len(self.inputs) and isinstance(result[1], dict)):
            raise wrong_derivatives(self, result)
        for name in result[1]:
            if name not in self.parameter_lookup:
                look_up(name, self.parameter_lookup, f'parameter of {self!r}')
        self._add(*result)

    def _add(self, input_derivs: Sequence[Array | None], parameter_derivs: dict[str, Array]) -> None:
        """Add what is wanted of a result of `differentiate`."""
        needs, data = self._needs, self.output
        try:
            for i, d in enumerate(input_derivs):
                if d is not None and (needs is None or i in needs[0]):
                    data = self.inputs[i]
                    data.add_deriv(d)
            for name, d in parameter_derivs.items():
                if d is not None and (needs is None or name in needs[1]):
                    data = self.parameter_lookup[name]
                    data.add_deriv(d)
        except ShapeError as error:
            raise ShapeError(f"{self!r}, '{data.ID}': {error} Return derivatives in the shapes of the values, and run "
                             'forward again after a value is set.') from None

    def _input_value(self, index: int, data: Data) -> Array:
        value = data.made('_val')
        if value is None:
            fix = (f"Set the value of '{data.ID}' before forward." if data.input is None else
                   f'{data.input!r} makes it: run its forward first, which has to set output.val.')
            raise MissingValueError(f"{self!r}: expected a value in its input '{data.ID}'; found none. {fix}")
        if value.dtype.kind != 'f' and index not in self.index_inputs:
            return value.astype(float_type())
        return value

    def needs_input(self, index: int) -> bool:
        """Whether this backward pass wants the derivative of that input."""
        return self._needs is None or index in self._needs[0]

    def needs_parameter(self, name: str) -> bool:
        """Whether this backward pass wants the derivative of that parameter."""
        return self._needs is None or name in self._needs[1]

    def set_mode(self, mode: str) -> None:
        """Choose 'train' or 'test'; only for modules that differ between the two."""
        look_up(mode, dict.fromkeys(self.available_modes), 'mode')
        self.mode = mode

    def __getstate__(self) -> dict[str, Any]:
        """For copies, which run forward before backward: what is saved may be anything."""
        return vars(self) | {'_saved': None}

    # -- Checks -----------------------------------------------------------------------------------------------

    def shape_error(self, expected: str, found: Any, fix: str) -> ShapeError:
        """The error to raise: `<kind> '<ID>': expected ...; found .... <fix>`."""
        return ShapeError(f'{self!r}: expected {expected}; found {found}. {fix}')

    @classmethod
    def _check_option_names(cls, ID: object, options: Iterable[str]) -> None:
        known = inspect.signature(cls.__init__).parameters
        if any(p.kind is p.VAR_KEYWORD for p in known.values()):
            return
        for name in options:
            if name not in known:
                raise UnknownNameError(f'{cls.__name__} {ID!r}: expected options that {cls.__name__} has; '
                                       f'found {name!r}. {near_matches(name, list(known)[1:])}')

    def _check_output_shape(self) -> tuple[int, ...]:
        shapes = [data.shape for data in self.inputs]
        try:
            inspect.signature(self.output_shape).bind(*shapes)
        except TypeError as error:
            raise GraphError(f'{self!r}: expected {input_count(self.output_shape)}; found {len(shapes)} ({error}). '
                             f"See Shapes in {type(self).__name__}'s docstring for what to list.") from None
        shape = checked_shape(self, self.output_shape(*shapes))
        if self.given_shape is not None and shape != self.given_shape:
            raise ShapeError(f'{self!r}: expected an output of shape {shape}; found {self.given_shape}. '
                             'Give the output that shape, or leave output away to have it made.')
        return shape

    def _check_devices(self) -> None:
        nodes = [*self.inputs, *self.parameter_list]
        devices = {data.ID: device_of(data._val) for data in nodes if data._val is not None}
        if len(set(devices.values())) > 1:
            raise BackendError(f'{self!r}: expected all values on one device; found {devices}. '
                               'Move the net with net.to(backend=...), and set inputs under the same backend.')

    def __repr__(self) -> str:
        return f"{type(self).__name__} '{self.ID}'"

    def __str__(self) -> str:
        rows = {
            'ID': self.ID, 'inputs': [data.ID for data in self.inputs], 'output': self.output.ID,
            'parameter_list': [p.ID for p in self.parameter_list], 'is_frozen': self.is_frozen,
            'optimizer_details': self.optimizer_details, 'learning_rate': self.learning_rate,
            'different_at_train_test': self.different_at_train_test, 'mode': getattr(self, 'mode', None),
            'is_regularizable': self.is_regularizable, 'is_regularized': getattr(self, 'is_regularized', None),
            'regularizer_details': getattr(self, 'regularizer_details', None),
        }
        return f'{type(self).__name__}\n' + '\n'.join(f'  {name:<23} : {value}' for name, value in rows.items())


Module._reserved = frozenset(dir(Module)) | {
    'ID', 'inputs', 'output', 'given_shape', 'parameter_list', 'parameter_lookup', 'is_frozen', 'learning_rate',
    'optimizer_details', 'is_regularized', 'regularizer_details', 'mode'}


def _apart(argument: Any) -> Any:
    return argument.copy() if isinstance(argument, list | dict) else argument
