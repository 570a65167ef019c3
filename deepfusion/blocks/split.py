"""One value in several parts."""

from collections.abc import Sequence
from itertools import accumulate
from numbers import Integral
from operator import index
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.components.data import Data
from deepfusion.components.modules import Slice
from deepfusion.errors import ShapeError


@block()
def split(ID: str, x: Data, parts: int | Sequence[int], axis: int = 1) -> list[Data]:
    """`x = [y1, ..., yn]` along an axis: the inverse of Concat, as one Slice for each part.

    Args:
        ID: Path of the block.
        x: The value to split, of any shape.
        parts: How many equal parts, or the size of each.
        axis: Any axis but that of the batch.

    Returns:
        The parts, in order.

    Raises:
        ShapeError: The parts do not add up to the axis.

    Reference: `torch.split`, `torch.chunk`.

    Example:
        >>> split('halves', Data('x', (1, 6)), 2)
        [Data('halves/part0_out', shape=(1, 3)), Data('halves/part1_out', shape=(1, 3))]
    """
    size = x.shape[axis] if axis in range(1 - len(x.shape), len(x.shape)) and axis else 0
    sizes = _sizes(parts, size)
    if sum(sizes) != size or min(sizes, default=0) < 1:
        raise ShapeError(f"split '{ID}': expected parts that add up to axis {axis} of '{x.ID}'; found {parts!r} for "
                         f'shape {x.shape}. Give a number that divides it, or sizes that sum up to it, and an axis '
                         'other than the batch.')
    ends = list(accumulate(sizes))
    return [Slice(f'{ID}/part{i}', [x], start=start, stop=end, axis=axis).output
            for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False))]


def _sizes(parts: Any, size: int) -> list[int]:
    """The size of each part; none where `parts` is nothing that can be counted."""
    try:
        if isinstance(parts, Integral):
            return [size // max(int(parts), 1)] * int(parts)
        return [index(part) for part in parts]
    except TypeError:
        return []
