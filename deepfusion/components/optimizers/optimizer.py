"""The base of all optimizers."""

from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

from deepfusion.errors import OptionError
from deepfusion.utils.backend import array_module

Array = Any


class Optimizer(ABC):
    """Turns derivatives into steps; `Data.update` subtracts learning rate times step.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.

    A subclass lists its moving averages in `state_names`. They are made with the first derivative, in its
    shape, type and device, and start anew when that shape changes (an unfrozen input with another batch).
    Every formula works entry by entry, so that large arrays can be stepped in pieces that stay in cache.
    """

    state_names: tuple[str, ...] = ()
    reads_values = True         # whether the formula has the value in it
    epsilon = 1e-8

    def __init__(self, data_shape: tuple[int, ...]) -> None:
        self.data_shape = tuple(data_shape)
        self.t = 0
        for name in self.state_names:
            setattr(self, name, None)

    @abstractmethod
    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        """The step for (a part of) a derivative, value and moving averages, entry by entry. Moves the averages in
        place, overwrites neither derivative nor value."""

    def step(self, data_deriv: Array, data_val: Array = None) -> Array:
        """The direction to subtract, for a derivative at the current value."""
        return self.direction(data_deriv, data_val, *self.advance(data_deriv))

    def advance(self, data_deriv: Array) -> list[Array]:
        """Count the step and give the moving averages, made of zeros when there are none that fit."""
        averages = [getattr(self, name) for name in self.state_names]
        if any(a is None or a.shape != data_deriv.shape for a in averages):
            xp = array_module(data_deriv)
            self.t = 0
            averages = [xp.zeros(data_deriv.shape, data_deriv.dtype) for _ in averages]
            for name, average in zip(self.state_names, averages, strict=True):
                setattr(self, name, average)
        self.t += 1
        return averages

    def setting_names(self) -> tuple[str, ...]:
        """The attributes that the formula depends on besides derivative, value, averages and count."""
        others = ('data_shape', 't', 'epsilon', *self.state_names)
        return ('epsilon', *(name for name in vars(self) if name not in others))

    def check_fraction(self, name: str, value: float) -> float:
        """Refuse a smoothing rate outside [0, 1)."""
        if not isinstance(value, Real) or not 0 <= value < 1:
            raise OptionError(f'{type(self).__name__}: expected {name} in [0, 1); found {value!r}.')
        return float(value)     # NumPy's numbers would widen the arrays they meet

    def __str__(self) -> str:
        return type(self).__name__
