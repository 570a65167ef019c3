"""Hard tanh."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.elementwise import elementwise

Array = Any


class HardTanh(Module):
    """Element-wise clipping to an interval.

    Forward: `y = min(max(x, min_val), max_val)`.
    Backward: `dx = dy` where min_val < x < max_val, else 0.
    Shapes: y has the shape of x.

    Args:
        min_val, max_val: Ends of the interval.

    Raises:
        OptionError: The ends are not in ascending order.

    Reference: Collobert 2004, "Large scale machine learning", chapter 5; `torch.nn.Hardtanh`.

    Example:
        >>> h = HardTanh('h', [Data('x', (1, 3), val=[[-4., 0.5, 4.]])])
        >>> h.forward()
        >>> h.output.val
        array([[-1. ,  0.5,  1. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, min_val: float = -1.0,
                 max_val: float = 1.0) -> None:
        self.min_val, self.max_val = min_val, max_val
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not self.min_val < self.max_val:
            raise OptionError(f'{self!r}: expected min_val below max_val; found {self.min_val} and {self.max_val}. '
                              'Give the ends in ascending order.')
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        low, high = self.min_val, self.max_val
        return elementwise(lambda x: xp.clip(x, low, high), x), (x, low, high)

    def differentiate(self, xp: Any, deriv: Array, x: Array, low: float, high: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, x: d * ((x > low) & (x < high)), deriv, x),), {}
