"""Parametric rectified linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.elementwise import elementwise, elementwise_into, negative_part, positive_part

Array = Any


class PRelu(Module):
    """Element-wise identity for positive numbers and a learnt slope for the others.

    Forward: `y = max(x, 0) + alpha min(x, 0)`.
    Backward: `dx = dy` where x > 0, else `alpha dy` (also at x = 0); `dalpha = sum dy min(x, 0)`.
    Shapes: y has the shape of x; alpha (), or (1, C, 1, ...) with one slope per channel.

    Args:
        alpha: Where the slope starts.
        per_channel: Whether every channel (entry of axis 1) has a slope of its own.

    Raises:
        ShapeError: per_channel, and the input has no axis besides the batch.

    Reference: He et al. 2015, "Delving deep into rectifiers", equations 1 and 3; `torch.nn.PReLU`.

    Example:
        >>> r = PRelu('r', [Data('x', (1, 2), val=[[-1., 2.]])])
        >>> r.forward()
        >>> r.output.val
        array([[-0.25,  2.  ]], dtype=float32)
    """

    alpha: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        alpha: float = 0.25,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        per_channel: bool = False,
    ) -> None:
        self.start, self.per_channel = alpha, per_channel
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.per_channel and len(shape) < 2:
            raise self.shape_error('an input with an axis of channels', f"'{self.inputs[0].ID}' of shape {shape}",
                                   'Leave per_channel False.')
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        slopes = (1, shape[1]) + (1,) * (len(shape) - 2) if self.per_channel else ()
        self.add_parameter('alpha', slopes, init=self.start)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        def value(x: Array, alpha: Array, out: Array | None) -> Array:
            y = xp.multiply(negative_part(x), alpha, out=out)
            y += positive_part(x)
            return y

        alpha = self.alpha.val.copy()
        return elementwise_into(value, x, alpha), (x, alpha)

    def differentiate(self, xp: Any, deriv: Array, x: Array, alpha: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array, alpha: Array, out: Array | None) -> Array:
            dx = xp.multiply(d, alpha, out=out)
            dx += d * (x > 0) * (1 - alpha)
            return dx

        dalpha = None
        if self.needs_parameter('alpha'):
            dalpha = elementwise(lambda d, x: d * negative_part(x), deriv, x)
        return (elementwise_into(slope, deriv, x, alpha),), {'alpha': dalpha}
