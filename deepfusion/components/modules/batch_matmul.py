"""Matrix product of two inputs."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import broadcast_shape

Array = Any


class BatchMatMul(Module):
    """Matrix product of two inputs over their last two axes, example by example.

    Forward: `y = x1 x2`.
    Backward: `dx1 = dy x2^T`, `dx2 = x1^T dy`, summed over the axes along which they were repeated.
    Shapes: x1 (B, ..., n, k), x2 (B, ..., k, m), y (B, ..., n, m); the axes in between are equal or broadcast.

    Raises:
        ShapeError: An input has fewer than three axes, the inner sizes differ, or the others do not broadcast.

    Reference: `torch.matmul`.

    Example:
        >>> a, b = Data('a', (1, 1, 2), val=[[[1., 2.]]]), Data('b', (1, 2, 1), val=[[[3.], [4.]]])
        >>> m = BatchMatMul('m', [a, b])
        >>> m.forward()
        >>> m.output.val
        array([[[11.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        leading = broadcast_shape(a[:-2], b[:-2])
        if min(len(a), len(b)) < 3 or a[-1] != b[-2] or leading is None:
            raise self.shape_error('inputs of shapes (1, ..., n, k) and (1, ..., k, m)', f'{a} and {b}',
                                   'Use Transpose or Reshape to bring the inner sizes together.')
        return (*leading, a[-2], b[-1])

    def compute(self, xp: Any, a: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        return xp.matmul(a, b), (a, b)

    def differentiate(self, xp: Any, deriv: Array, a: Array, b: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        da = xp.matmul(deriv, xp.swapaxes(b, -1, -2)) if self.needs_input(0) else None
        db = xp.matmul(xp.swapaxes(a, -1, -2), deriv) if self.needs_input(1) else None
        return (da, db), {}
