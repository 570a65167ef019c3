"""Logarithm of softmax."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.functional.softmax import log_softmax, log_softmax_derivative

Array = Any


class LogSoftmax(Module):
    """Turns numbers along an axis into logarithms of probabilities.

    Forward: `y_i = x_i - log sum_j exp(x_j)`.
    Backward: `dx_i = dy_i - exp(y_i) sum_j dy_j`.
    Shapes: y has the shape of x.

    Args:
        axis: The axis along which exp(y) sums to 1; 1 is that of the channels of volumes.

    Raises:
        ShapeError: There is no such axis, or it is the batch's.

    Reference: `torch.nn.LogSoftmax`.

    Example:
        >>> s = LogSoftmax('s', [Data('x', (1, 2), val=[[1e4, -1e4]])])
        >>> s.forward()
        >>> s.output.val
        array([[     0., -20000.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, axis: int = -1) -> None:
        self.axis = axis
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_axis(self, self.axis, shape)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = log_softmax(x, self.axis)
        return y, (y, self.axis)

    def differentiate(self, xp: Any, deriv: Array, y: Array, axis: int
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (log_softmax_derivative(deriv, y, axis),), {}
