"""Scaled exponential linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise, negative_part, positive_part

Array = Any

ALPHA = 1.6732632423543772848170429916717     # for these two, mean 0 and variance 1 are a fixed point (section 2)
SCALE = 1.0507009873554804934193349852946


class SELU(Module):
    """Element-wise exponential linear unit with constants that draw mean and variance towards 0 and 1.

    Forward: `y = s x` where x > 0, else `s a (exp(x) - 1)`, with a = 1.6733 and s = 1.0507.
    Backward: `dx = s dy` where x > 0, else `s a exp(x) dy`.
    Shapes: y has the shape of x.

    Reference: Klambauer et al. 2017, "Self-normalizing neural networks", equation 2; `torch.nn.SELU`.

    Example:
        >>> s = SELU('s', [Data('x', (1, 2), val=[[-1e4, 1.]])])
        >>> s.forward()
        >>> s.output.val.round(4)
        array([[-1.7581,  1.0507]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: SCALE * positive_part(x) + SCALE * ALPHA * xp.expm1(negative_part(x)), x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            factor = xp.exp(negative_part(x))
            factor *= ALPHA                                # that is ALPHA where x > 0, which should be 1
            factor -= (x > 0) * (factor - 1)
            return d * factor * SCALE

        return (elementwise(slope, deriv, x),), {}
