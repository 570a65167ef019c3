"""Leaky rectified linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.elementwise import elementwise, negative_part, positive_part

Array = Any


class LRelu(Module):
    """Element-wise identity for positive numbers and a fixed small slope for the others.

    Forward: `y = x` where x > 0, else `alpha x`.
    Backward: `dx = dy` where x > 0, else `alpha dy` (also at x = 0).
    Shapes: y has the shape of x.

    Args:
        alpha: Slope for x < 0.

    Reference: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2;
    `torch.nn.LeakyReLU`.

    Example:
        >>> r = LRelu('r', [Data('x', (1, 2), val=[[-1., 2.]])], alpha=0.5)
        >>> r.forward()
        >>> r.output.val
        array([[-0.5,  2. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, alpha: float = 0.01) -> None:
        self.alpha = alpha
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'alpha', 'Leave it away for the usual one.')
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: positive_part(x) + self.alpha * negative_part(x), x), (x, self.alpha)

    def differentiate(self, xp: Any, deriv: Array, x: Array, alpha: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, x: alpha * d + (1 - alpha) * (d * (x > 0)), deriv, x),), {}
