"""Continuously differentiable exponential linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.elementwise import elementwise, negative_part, positive_part

Array = Any


class CELU(Module):
    """Element-wise exponential linear unit whose slope has no jump, whatever its height.

    Forward: `y = x` where x > 0, else `alpha (exp(x / alpha) - 1)`.
    Backward: `dx = dy` where x > 0, else `exp(x / alpha) dy`.
    Shapes: y has the shape of x.

    Args:
        alpha: Depth of the bend, positive: y stays above -alpha.

    Raises:
        OptionError: alpha is not positive.

    Reference: Barron 2017, "Continuously differentiable exponential linear units", equation 2; `torch.nn.CELU`.

    Example:
        >>> c = CELU('c', [Data('x', (1, 2), val=[[-1e4, 1.]])], alpha=0.5)
        >>> c.forward()
        >>> c.output.val
        array([[-0.5,  1. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, alpha: float = 1.0) -> None:
        self.alpha = alpha
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'alpha', 'The usual 1.0 is the default.', above=0)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        alpha = self.alpha
        return elementwise(lambda x: positive_part(x) + alpha * xp.expm1(negative_part(x) / alpha), x), (x, alpha)

    def differentiate(self, xp: Any, deriv: Array, x: Array, alpha: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, x: d * xp.exp(negative_part(x) / alpha), deriv, x),), {}
