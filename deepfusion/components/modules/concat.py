"""Inputs side by side."""

from itertools import accumulate
from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.parallel import split
from deepfusion.functional.workspace import empty_like

Array = Any


class Concat(Module):
    """Inputs joined along an axis; along the axis of channels when none is named.

    Forward: `y = [x1, x2, ..., xn]` along `axis`.
    Backward: `dxi` is the part of `dy` where xi lies.
    Shapes: xi (B, ..., di, ...), y (B, ..., d1 + ... + dn, ...); all other axes are equal.

    Args:
        axis: The axis along which the inputs follow each other; any but that of the batch.

    Raises:
        ShapeError: The inputs differ in another axis than `axis`, or there is no such axis.

    Reference: `torch.cat`.

    Example:
        >>> c = Concat('c', [Data('a', (1, 1), val=[[1.]]), Data('b', (1, 2), val=[[2., 3.]])])
        >>> c.forward()
        >>> c.output.val
        array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, axis: int = 1) -> None:
        self.axis = axis
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        first = shapes[0]
        axis = check_axis(self, self.axis, first)
        if any(len(s) != len(first) or s[1:axis] + s[axis + 1:] != first[1:axis] + first[axis + 1:] for s in shapes):
            raise self.shape_error(f'inputs whose shapes differ in axis {axis} only', list(shapes),
                                   'Bring the other axes to one size first.')
        return (*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1:])

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        axis = self.axis % values[0].ndim
        ends = list(accumulate(value.shape[axis] for value in values))
        first, parts = max(values, key=len), common_batch(xp, *values)
        if xp is not np or len({value.dtype for value in values}) > 1:
            return xp.concatenate(parts, axis=axis), (axis, ends)
        y = empty_like(np, first, shape=(*first.shape[:axis], ends[-1], *first.shape[axis + 1:]))
        split(np, lambda share: np.concatenate([part[share] for part in parts], axis=axis, out=y[share]), len(y),
              y.size, multiplies=False)
        return y, (axis, ends)

    def differentiate(self, xp: Any, deriv: Array, axis: int, ends: list[int]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        before = (slice(None),) * axis
        return tuple(deriv[(*before, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)), {}
