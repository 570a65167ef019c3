"""Sums over axes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axes, reduced_shape
from deepfusion.components.modules.module import Module

Array = Any


class Sum(Module):
    """Sum over axes.

    Forward: `y = sum x` over `axis`.
    Backward: `dx = dy`, the same along the summed axes.
    Shapes: x (B, d1, ..., dn), y without the axes that are reduced, or with 1 there.

    Args:
        axis: One axis or several, any but that of the batch; all but the batch when not given.
        keepdims: Whether the reduced axes stay, with size 1.

    Raises:
        ShapeError: There is no such axis, it is that of the batch, or it is named twice.

    Reference: `torch.sum`.

    Example:
        >>> m = Sum('m', [Data('x', (1, 2, 2), val=[[[1., 2.], [3., 6.]]])], axis=-1)
        >>> m.forward()
        >>> m.output.val
        array([[3., 9.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None,
                 axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        self._axes = check_axes(self, self.axis, shape)
        return reduced_shape(shape, self._axes, self.keepdims)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x.sum(axis=self._axes, keepdims=self.keepdims), (x.shape,)

    def differentiate(self, xp: Any, deriv: Array, shape: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (xp.broadcast_to(deriv.reshape(reduced_shape(shape, self._axes, True)), shape),), {}
