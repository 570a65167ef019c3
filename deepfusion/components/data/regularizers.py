"""Penalties on the size of values, and their derivatives."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from deepfusion.errors import OptionError
from deepfusion.utils.backend import array_module
from deepfusion.utils.names import look_up

Array = Any


class Regularizer:
    """A penalty `reg_strength * reg_fn(val)` whose derivative joins the optimizer's step.

    Args:
        regularizer_details: `{'reg_name': 'L2', 'reg_strength': 1e-3}`; 'L1' is `sum |x|`, 'L2' is `sum x^2`.

    Raises:
        UnknownNameError: No regularizer has that name.
        OptionError: A key is missing, or the strength is no number of at least 0.

    Example:
        >>> import numpy as np
        >>> Regularizer({'reg_name': 'L2', 'reg_strength': 0.1}).reg_fn_deriv(np.array([1., -2.]))
        array([ 2., -4.])
    """

    def __init__(self, regularizer_details: Mapping[str, Any]) -> None:
        if not isinstance(regularizer_details, Mapping) or not {'reg_name', 'reg_strength'} <= set(regularizer_details):
            raise OptionError("Expected regularizer_details like {'reg_name': 'L2', 'reg_strength': 1e-3}; "
                              f'found {regularizer_details!r}.')
        self.reg_name: str = regularizer_details['reg_name']
        self.reg_strength: float = regularizer_details['reg_strength']
        self.reg_fn, self.reg_fn_deriv = look_up(self.reg_name, _regularizers, 'regularizer')
        if not isinstance(self.reg_strength, Real) or not float(self.reg_strength) >= 0:
            raise OptionError(f'{self.reg_name}: expected reg_strength of at least 0; found {self.reg_strength!r}.')
        self.reg_strength = float(self.reg_strength)    # NumPy's numbers would widen the arrays they meet

    @property
    def details(self) -> dict[str, Any]:
        """The dictionary that makes this regularizer again."""
        return {'reg_name': self.reg_name, 'reg_strength': self.reg_strength}

    def __str__(self) -> str:
        return f'Name: {self.reg_name}, Strength: {self.reg_strength:0.2e}'


def _l1(x: Array) -> Array:
    return abs(x).sum()


def _l1_deriv(x: Array) -> Array:
    return array_module(x).sign(x)


def _l2(x: Array) -> Array:
    return (x * x).sum()


def _l2_deriv(x: Array) -> Array:
    return 2 * x


_regularizers: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    'L1': (_l1, _l1_deriv), 'L2': (_l2, _l2_deriv)}
