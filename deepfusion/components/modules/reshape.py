"""The same entries in another shape."""

import math
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_integers
from deepfusion.components.modules.module import Module

Array = Any


class Reshape(Module):
    """Every example's entries, read axis by axis, in another shape.

    Forward: `y[b] = x[b]` in the new shape.
    Backward: `dx` is `dy` in the shape of x.
    Shapes: x (B, d1, ..., dn), y (B, *shape), with as many entries.

    Args:
        shape: Shape of one example, without the batch axis; one size may be -1, to be inferred. That of the output
            when not given.

    Raises:
        ShapeError: The shape has not as many entries as the input, or there is neither shape nor output.

    Reference: `torch.nn.Unflatten`, `torch.reshape`.

    Example:
        >>> r = Reshape('r', [Data('x', (1, 4), val=[[1., 2., 3., 4.]])], shape=(2, -1))
        >>> r.forward()
        >>> r.output.val
        array([[[1., 2.],
                [3., 4.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None,
                 shape: tuple[int, ...] | None = None) -> None:
        self.shape = shape
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.shape is None and self.given_shape is None:
            raise self.shape_error('a shape or an output', 'neither', 'Pass one of them.')
        wanted = check_integers(self, 'shape') if self.shape is not None else (self.given_shape or shape)[1:]
        sizes, count = wanted, math.prod(shape[1:])
        if sizes.count(-1) == 1:
            known = -math.prod(sizes)
            sizes = tuple(count // known if n == -1 and known else n for n in sizes)
        if min(sizes, default=0) < 0 or math.prod(sizes) != count:
            raise self.shape_error(f'a shape with the {count} entries of {shape[1:]}', wanted,
                                   'Leave the batch axis out of shape; one size may be -1.')
        return (*shape[:1], *sizes)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x.reshape(x.shape[0], *self.output_shape(self.inputs[0].shape)[1:]), (x.shape,)

    def differentiate(self, xp: Any, deriv: Array, shape: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv.reshape(shape),), {}
