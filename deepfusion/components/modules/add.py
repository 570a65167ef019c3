"""Sum of any number of inputs."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import broadcast_shape
from deepfusion.functional.elementwise import elementwise_into

Array = Any


class Add(Module):
    """Element-wise sum, with broadcasting.

    Forward: `y = x1 + x2 + ... + xn`.
    Backward: `dxi = dy`, summed over the axes along which xi was repeated.
    Shapes: those of the inputs, which must be equal or broadcast.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: `torch.add`.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 2), val=[[3., 4.]])
        >>> s = Add('s', [a, b])
        >>> s.forward()
        >>> s.output.val
        array([[4., 6.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        shape = broadcast_shape(*shapes)
        if shape is None:
            raise self.shape_error('inputs of equal shapes, or shapes that broadcast', list(shapes),
                                   'Bring them to one shape first.')
        return shape

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        total = values[0]
        for value in values[1:]:
            total = elementwise_into(xp.add, total, value)
        return total, (len(values),)

    def differentiate(self, xp: Any, deriv: Array, count: int) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv,) * count, {}
