"""Exponential linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS

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
        e = xp.expm1(xp.minimum(x, 0))
        return xp.maximum(x, 0) + self.alpha.val * e, (e, x > 0, self.alpha.val.copy())

    def differentiate(self, xp: Any, deriv: Array, e: Array, above: Array, alpha: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        slope = alpha * (e + 1)
        slope += (1 - alpha) * above            # where x > 0, e is 0
        return (deriv * slope,), {'alpha': (deriv * e).sum() if self.needs_parameter('alpha') else None}
