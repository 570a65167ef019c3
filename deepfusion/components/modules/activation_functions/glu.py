"""Gated linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise, elementwise_into, examplewise
from deepfusion.functional.sigmoid import sigmoid
from deepfusion.functional.workspace import empty_like

Array = Any


class GLU(Module):
    """Multiplies one half of its input by the logistic function of the other half.

    Forward: `y = a s`, `s = 1 / (1 + exp(-b))`, a and b being the halves of x along the axis.
    Backward: `da = dy s`, `db = dy a s (1 - s)`.
    Shapes: y has the shape of x, with half the size along the axis.

    Args:
        axis: The axis that is halved; 1 is that of the channels of volumes.

    Raises:
        ShapeError: There is no such axis, it is the batch's, or its size is odd.

    Reference: Dauphin et al. 2017, "Language modeling with gated convolutional networks", equation 1;
    `torch.nn.GLU`.

    Example:
        >>> g = GLU('g', [Data('x', (1, 4), val=[[1., 2., 0., 1e4]])])
        >>> g.forward()
        >>> g.output.val
        array([[0.5, 2. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, axis: int = -1) -> None:
        self.axis = axis
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        axis = check_axis(self, self.axis, shape)
        if shape[axis] % 2:
            raise self.shape_error(f'an even size along axis {self.axis}',
                                   f"'{self.inputs[0].ID}' of shape {shape}", 'Make the input twice the width wanted.')
        front = (slice(None),) * axis
        half = shape[axis] // 2
        self._values, self._gates = (*front, slice(half)), (*front, slice(half, None))
        return shape[:axis] + (half,) + shape[axis + 1:]

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        s = elementwise(sigmoid, x[self._gates])
        return elementwise_into(xp.multiply, s, x[self._values]), (x, s)

    def differentiate(self, xp: Any, deriv: Array, x: Array, s: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def put(d: Array, x: Array, s: Array, out: Array) -> None:
            through = xp.multiply(d, s, out=out[self._values])
            out[self._gates] = through * x[self._values] * (1 - s)

        return (examplewise(put, empty_like(xp, x), deriv, x, s),), {}
