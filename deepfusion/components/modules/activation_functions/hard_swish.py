"""Hard swish."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any


class HardSwish(Module):
    """Element-wise product of a number and its hard sigmoid.

    Forward: `y = x min(max(x + 3, 0), 6) / 6`.
    Backward: `dx = dy (x / 3 + 1/2)` where -3 < x < 3, `dy` from 3 on, 0 up to -3.
    Shapes: y has the shape of x.

    Reference: Howard et al. 2019, "Searching for MobileNetV3", section 5.2; `torch.nn.Hardswish`.

    Example:
        >>> h = HardSwish('h', [Data('x', (1, 3), val=[[-4., 1., 4.]])])
        >>> h.forward()
        >>> h.output.val.round(4)
        array([[-0.    ,  0.6667,  4.    ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: x * (xp.clip(x + 3, 0, 6) / 6), x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            middle = xp.clip(x, -3, 3) / 3 + 0.5
            return d * (middle * (abs(x) < 3) + (x >= 3))

        return (elementwise(slope, deriv, x),), {}
