"""The learning side of a module: its parameters, declared by name, and what is said of them all at once."""

from typing import Any

import numpy as np

from deepfusion.components.data.checks import check_flag, check_learning_rate
from deepfusion.components.data.data import Data
from deepfusion.components.data.regularizers import Regularizer
from deepfusion.components.modules.initializers import initial_value
from deepfusion.components.optimizers import get_optimizer
from deepfusion.errors import NodeTypeError, OptionError

Array = Any


class Parametric:
    """What `Module` knows about parameters; see there for the options."""

    ID: str
    is_regularizable: bool = False
    _default_frozen: bool
    _reserved: frozenset[str]       # names of modules' own attributes

    def _take_options(self) -> list[str]:
        """The names of the options that a subclass has set, NumPy's numbers made Python's: they would widen the arrays
        they meet."""
        for name, value in vars(self).items():
            if isinstance(value, np.generic):
                setattr(self, name, value.item())
        return list(vars(self))

    def _set_learning_options(self, learning_rate: float, is_frozen: bool, optimizer_details: dict[str, Any],
                              is_regularized: bool, regularizer_details: dict[str, Any] | None) -> None:
        if is_regularized and regularizer_details is None:
            raise OptionError(f'{self!r}: is_regularized is True but regularizer_details is None. '
                              "Give regularizer_details={'reg_name': 'L2', 'reg_strength': ...}.")
        self.parameter_list: list[Data] = []
        self.parameter_lookup: dict[str, Data] = {}
        self.learning_rate = check_learning_rate(learning_rate, repr(self))
        self.optimizer_details = optimizer_details
        get_optimizer((), optimizer_details)           # refuses details that mean nothing
        self._default_frozen = check_flag(is_frozen, 'is_frozen', repr(self))
        self.is_frozen = True                          # until there is a parameter
        # 0.0.3's way sets these two before calling the base class.
        if (self.is_regularizable or is_regularized) and not hasattr(self, 'is_regularized'):
            self.is_regularized = is_regularized
            self.regularizer_details = regularizer_details if is_regularized else None
            if is_regularized:
                Regularizer(regularizer_details or {})
        self._regularizable: list[Data] = []

    def add_parameter(self, name: str, shape: tuple[int, ...], init: Any = 'Zero', fan_in: int | None = None,
                      fan_out: int | None = None, regularizable: bool = False) -> Data:
        """Declare a parameter. It is named `<module ID>_<name>` and becomes the attribute `name`.

        Args:
            name: Name of the attribute.
            shape: Exact shape of the value.
            init: Name of an initializer (see `initial_value`), a number, an array, or a function of the shape.
            fan_in: Inputs that one output sums over; the first axis when not given.
            fan_out: Outputs that one input reaches; the last axis when not given.
            regularizable: Whether `set_regularization` concerns it.
        """
        if not (isinstance(name, str) and name.isidentifier()) or name in (*self._reserved, *self.parameter_lookup):
            raise OptionError(f'{self!r}: expected a name for the parameter that no attribute of modules, and none of '
                              f'its others, has; found {name!r}. Choose another.')
        fan_in = fan_in if fan_in is not None else (shape[0] if shape else 1)
        fan_out = fan_out if fan_out is not None else (shape[-1] if shape else 1)
        regularized = regularizable and getattr(self, 'is_regularized', False)
        parameter = Data(f'{self.ID}_{name}', shape, is_frozen=self._default_frozen,
                         optimizer_details=self.optimizer_details, learning_rate=self.learning_rate,
                         is_regularized=regularized,
                         regularizer_details=self.regularizer_details if regularized else None)
        self._adopt(name, parameter)
        parameter.val = initial_value(init, shape, fan_in, fan_out, f"Parameter '{parameter.ID}'")
        if regularizable:
            self._regularizable.append(parameter)
        setattr(self, name, parameter)
        return parameter

    def _adopt(self, name: str, parameter: Data) -> None:
        if not isinstance(parameter, Data):
            raise NodeTypeError(f'{self!r}: expected parameters to be Data; found {type(parameter).__name__}.')
        parameter._is_parameter = True
        self.parameter_lookup[name] = parameter
        self.parameter_list.append(parameter)
        self.is_frozen = self._default_frozen

    def share(self, name: str, parameter: Data) -> None:
        """Use another module's parameter in place of the one of that name."""
        old = self.parameter_lookup[name]
        parameter._is_parameter = True
        self.parameter_lookup[name] = parameter
        self.parameter_list[:] = [parameter if p is old else p for p in self.parameter_list]
        self._regularizable[:] = [parameter if p is old else p for p in self._regularizable]
        for attribute, value in list(vars(self).items()):
            if value is old:
                setattr(self, attribute, parameter)

    def update(self) -> None:
        """One step for every parameter that is not frozen; clear the derivatives of all."""
        for parameter in self.parameter_list:
            parameter.update()

    def freeze(self) -> None:
        """Let `update` leave the parameters as they are."""
        self.is_frozen = True
        for parameter in self.parameter_list:
            parameter.freeze()

    def unfreeze(self, optimizer_details: dict[str, Any] | None = None) -> None:
        """Let `update` change the parameters, with the optimizer they had or the one given."""
        self.is_frozen = not self.parameter_list       # nothing to learn: frozen, as at first
        if optimizer_details is not None:
            get_optimizer((), optimizer_details)
            self.optimizer_details = optimizer_details
        for parameter in self.parameter_list:
            parameter.unfreeze(optimizer_details)

    def clear_grads(self) -> None:
        """Set the derivatives of the parameters to zero."""
        for parameter in self.parameter_list:
            parameter.clear_grads()

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of every parameter."""
        self.learning_rate = check_learning_rate(learning_rate, repr(self))
        for parameter in self.parameter_list:
            parameter.set_learning_rate(learning_rate)

    def set_optimizer(self, optimizer_details: dict[str, Any]) -> None:
        """Start anew with another optimizer for every parameter, unless the module is frozen."""
        get_optimizer((), optimizer_details)
        if not self.is_frozen:
            self.optimizer_details = optimizer_details
            for parameter in self.parameter_list:
                parameter.set_optimizer(optimizer_details)

    def set_regularization(self, regularizer_details: dict[str, Any]) -> None:
        """Regularize the parameters declared as regularizable (weights, not biases)."""
        if not self.is_regularizable:
            raise OptionError(f'{self!r} has no parameters to regularize; call set_regularization on modules whose '
                              'is_regularizable is True, or on the net.')
        Regularizer(regularizer_details)
        self.is_regularized = True
        self.regularizer_details = regularizer_details
        for parameter in self._regularizable:
            parameter.set_regularization(regularizer_details)
