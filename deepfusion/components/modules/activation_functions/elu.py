"""Exponential linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.elementwise import elementwise, negative_part, positive_part

Array = Any


class ELU(Module):
    """Element-wise identity for positive numbers and an exponential of learnt depth for the others.

    Forward: `y = max(x, 0) + alpha e`, `e = exp(min(x, 0)) - 1`.
    Backward: `dx = dy` where x > 0, else `alpha (e + 1) dy` (also at x = 0); `dalpha = sum dy e`.
    Shapes: y has the shape of x; alpha ().

    Args:
        alpha: Where the depth starts.

    Reference: Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by exponential
    linear units", equation 16; `torch.nn.ELU`, whose alpha is fixed, as is that of a frozen module.

    Example:
        >>> e = ELU('e', [Data('x', (1, 2), val=[[-1e4, 2.]])])
        >>> e.forward()
        >>> e.output.val
        array([[-1.,  2.]], dtype=float32)
    """

    alpha: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        alpha: float = 1.0,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
    ) -> None:
        self.start = alpha
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        self.add_parameter('alpha', (), init=self.start)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        alpha = self.alpha.val.copy()
        return elementwise(lambda x: positive_part(x) + alpha * xp.expm1(negative_part(x)), x), (x, alpha)

    def differentiate(self, xp: Any, deriv: Array, x: Array, alpha: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            factor = alpha * xp.exp(negative_part(x))
            factor += (1 - alpha) * (x > 0)                 # where the exponential is 1
            return d * factor

        dx, dalpha = elementwise(slope, deriv, x), None
        if self.needs_parameter('alpha'):
            dalpha = elementwise(lambda d, x: d * xp.expm1(negative_part(x)), deriv, x).sum()
        return (dx,), {'alpha': dalpha}
