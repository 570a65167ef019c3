"""Scaling to length 1."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import check_epsilon

Array = Any


class L2Norm(Module):
    """Scales the vectors along an axis to Euclidean length 1.

    Forward: `y = x / max(|x|, epsilon)`, `|x| = sqrt(sum x^2)` along the axis.
    Backward: `dx = (dy - y sum(dy y)) / |x|`; `dx = dy / epsilon` where |x| < epsilon.
    Shapes: y has the shape of x.

    Args:
        axis: The axis along which vectors lie; 1 is that of features and channels.
        epsilon: Vectors shorter than that are not scaled up to length 1.

    Raises:
        OptionError: epsilon is not positive.
        ShapeError: There is no such axis, or it is the batch's.

    Reference: `torch.nn.functional.normalize`.

    Example:
        >>> norm = L2Norm('n', [Data('x', (1, 2), val=[[3., 4.]])])
        >>> norm.forward()
        >>> norm.output.val
        array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, axis: int = 1,
                 epsilon: float = 1e-12) -> None:
        self.axis, self.epsilon = axis, epsilon
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_epsilon(self)
        check_axis(self, self.axis, shape)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        # Divided by its largest entry first, a vector has a square that neither overflows nor vanishes.
        largest = xp.maximum(abs(x).max(axis=self.axis, keepdims=True), self.epsilon)
        scaled = x / largest
        length = largest * xp.sqrt((scaled * scaled).sum(axis=self.axis, keepdims=True))
        divisor = xp.maximum(length, self.epsilon)
        y = x / divisor
        return y, (y, divisor, length >= self.epsilon, self.axis)

    def differentiate(self, xp: Any, deriv: Array, y: Array, divisor: Array, is_unit: Array, axis: int
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        along = (deriv * y).sum(axis=axis, keepdims=True) * is_unit
        return ((deriv - y * along) / divisor,), {}
