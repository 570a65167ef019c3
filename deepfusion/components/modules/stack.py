"""Inputs of one shape, along a new axis."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch

Array = Any


class Stack(Module):
    """Inputs next to each other along a new axis.

    Forward: `y[..., i, ...] = xi`.
    Backward: `dxi = dy[..., i, ...]`.
    Shapes: xi (B, d1, ..., dm), y the same with the number of inputs as size of the new axis.

    Args:
        axis: Where the new axis stands in y; not at the batch's place.

    Raises:
        ShapeError: The inputs differ in shape, or there is no such place.

    Reference: `torch.stack`.

    Example:
        >>> s = Stack('s', [Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 2), val=[[3., 4.]])])
        >>> s.forward()
        >>> s.output.val
        array([[[1., 2.],
                [3., 4.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, axis: int = 1) -> None:
        self.axis = axis
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        first = shapes[0]
        axis = check_axis(self, self.axis, first, extra=1)
        if any(shape != first for shape in shapes):
            raise self.shape_error('inputs of one shape', list(shapes), 'Bring them to one shape first.')
        return (*first[:axis], len(shapes), *first[axis:])

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        return xp.stack(common_batch(xp, *values), axis=self.axis), ()

    def differentiate(self, xp: Any, deriv: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return tuple(xp.moveaxis(deriv, self.axis, 0)), {}
