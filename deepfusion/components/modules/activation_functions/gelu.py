"""Gaussian error linear unit."""

from math import pi, sqrt
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.elementwise import elementwise, elementwise_into
from deepfusion.functional.gauss import FAR, normal_cdf, normal_density

Array = Any


class GELU(Module):
    """Element-wise product of a number and the probability that a standard normal one is smaller.

    Forward: `y = x P(x)`, P being the normal distribution function; or `y = x (1 + tanh u) / 2` with
    `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
    Backward: `dx = dy (P + x p)`, p being the normal density; or
    `dx = dy ((1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2)`.
    Shapes: y has the shape of x.

    Args:
        approximate: 'none' for the first form, 'tanh' for the second.

    Raises:
        OptionError: approximate is neither.

    Reference: Hendrycks and Gimpel 2016, "Gaussian error linear units (GELUs)", section 2; `torch.nn.GELU`.

    Example:
        >>> g = GELU('g', [Data('x', (1, 3), val=[[-1., 0., 1.]])])
        >>> g.forward()
        >>> g.output.val.round(4)
        array([[-0.1587,  0.    ,  0.8413]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, approximate: str = 'none') -> None:
        self.approximate = approximate
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.approximate not in ('none', 'tanh'):
            raise OptionError(f"{self!r}: expected approximate to be 'none' or 'tanh'; found {self.approximate!r}. "
                              "The usual 'none' is the default.")
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        if self.approximate == 'tanh':
            return elementwise(lambda x: x * (0.5 + 0.5 * _bend(xp, x)[0]), x), (x, None)
        below = elementwise(normal_cdf, x)
        return elementwise_into(xp.multiply, x, below), (x, below)

    def differentiate(self, xp: Any, deriv: Array, x: Array, below: Array | None
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if below is not None:
            return (elementwise(lambda d, x, below: d * (below + x * normal_density(x)), deriv, x, below),), {}

        def slope(d: Array, x: Array) -> Array:
            bent, rise = _bend(xp, x)
            return d * (0.5 + 0.5 * bent + 0.5 * x * (1 - bent * bent) * rise)

        return (elementwise(slope, deriv, x),), {}


def _bend(xp: Any, x: Array) -> tuple[Array, Array]:
    """tanh u, and the derivative of u."""
    x = xp.clip(x, -FAR, FAR)             # further out tanh is 1 to all digits, and powers might overflow
    c = 0.044715 * x * x
    factor = sqrt(2 / pi)
    return xp.tanh(factor * x * (1 + c)), factor * (1 + 3 * c)
