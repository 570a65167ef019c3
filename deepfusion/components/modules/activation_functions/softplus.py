"""Softplus."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.elementwise import elementwise
from deepfusion.functional.sigmoid import sigmoid

Array = Any


class Softplus(Module):
    """Element-wise smooth form of the rectified linear unit.

    Forward: `y = log(1 + exp(beta x)) / beta`; `y = x` where `beta x > threshold`.
    Backward: `dx = dy / (1 + exp(-beta x))`; `dx = dy` where `beta x > threshold`.
    Shapes: y has the shape of x.

    Args:
        beta: Sharpness of the bend, positive.
        threshold: Where the function becomes the identity.

    Raises:
        OptionError: beta is not positive.

    Reference: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing",
    section 3; `torch.nn.Softplus`.

    Example:
        >>> s = Softplus('s', [Data('x', (1, 2), val=[[0., 1e4]])])
        >>> s.forward()
        >>> s.output.val.round(4)
        array([[6.931e-01, 1.000e+04]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, beta: float = 1.0,
                 threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'beta', 'The usual 1.0 is the default.', above=0)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        beta, threshold = self.beta, self.threshold

        def value(x: Array) -> Array:
            z = beta * x
            return (xp.maximum(z, 0) + xp.log1p(xp.exp(-abs(z))) * (z <= threshold)) / beta

        return elementwise(value, x), (x, beta, threshold)

    def differentiate(self, xp: Any, deriv: Array, x: Array, beta: float, threshold: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            z = beta * x
            return d * xp.maximum(sigmoid(z), z > threshold)

        return (elementwise(slope, deriv, x),), {}
