"""Where windows lie: the geometry that convolution and pooling share, in any number of dimensions.

A window's entries are called taps. Work on windows runs tap by tap: for one tap, the entries of all windows
at once are one strided slice of the volume, and the windows that have that tap inside the volume (not in the
padding) are one slice of the output. So nothing is padded, and the adjoint is the same pair of slices. What only
reads all entries of all windows is quicker by one view of a volume that is padded (`framed`, `windows_of`).
"""

from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from deepfusion.functional.workspace import empty

Array = Any
Slices = tuple[slice, ...]
FEW = 12           # channels below which volumes are walked along places instead: the last axis should be long


class Windows(NamedTuple):
    """Size, step, padding (before, after) and dilation of a window along each spatial axis."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    @property
    def extent(self) -> tuple[int, ...]:
        """How far a window reaches along each axis, gaps included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True))

    @property
    def taps(self) -> int:
        """How many entries a window has."""
        count = 1
        for size in self.size:
            count *= size
        return count

    def output_size(self, spatial: tuple[int, ...], ceil_mode: bool = False) -> tuple[int, ...]:
        """How many windows fit along each axis; in ceil mode also a last one that reaches beyond the end, so
        long as it starts inside the volume or its leading padding."""
        counts = []
        for n, e, s, (before, after) in zip(spatial, self.extent, self.stride, self.padding, strict=True):
            room = n + before + after - e
            count = room // s + 1
            if ceil_mode and room % s and count * s < n + before:
                count += 1
            counts.append(count)
        return tuple(counts)


@lru_cache(maxsize=256)
def taps(windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...]
         ) -> tuple[tuple[int, Slices, Slices], ...]:
    """For each tap, row by row: its number, the slice of the volume it meets, the slice of the windows
    that meet it; taps that lie in the padding everywhere are left out."""
    axes = [[_tap(k * d - before, s, n, o) for k in range(size)] for size, s, (before, _), d, n, o in zip(
        *windows, spatial, output, strict=True)]
    found = []
    for number, tap in enumerate(product(*axes)):
        along = [slices for slices in tap if slices is not None]
        if len(along) == len(tap):
            found.append((number, tuple(inside for inside, _ in along), tuple(met for _, met in along)))
    return tuple(found)


def _tap(offset: int, stride: int, size: int, count: int) -> tuple[slice, slice] | None:
    """Windows o in 0..count-1 meet entry o * stride + offset; keep those where it is in 0..size-1."""
    first = max(0, -(offset // stride))
    last = min(count - 1, (size - 1 - offset) // stride)
    if first > last:
        return None
    start = first * stride + offset
    return slice(start, last * stride + offset + 1, stride), slice(first, last + 1)


def framed(xp: Any, x: Array, windows: Windows, output: tuple[int, ...], first: int) -> Array:
    """Volumes, whose spatial axes start at `first`, among the zeros that windows reach, less what no window reaches; x
    itself where there is no padding."""
    if not any(map(any, windows.padding)):
        return x
    rank = len(output)
    reach = tuple((o - 1) * s + e for o, s, e in zip(output, windows.stride, windows.extent, strict=True))
    into = tuple(slice(before, before + n)
                 for (before, _), n in zip(windows.padding, x.shape[first:first + rank], strict=True))
    reached = tuple(slice(0, max(0, r - before)) for (before, _), r in zip(windows.padding, reach, strict=True))
    every = (slice(None),) * first
    frame = empty(xp, (*x.shape[:first], *reach, *x.shape[first + rank:]), x.dtype)
    frame[...] = 0
    frame[every + into] = x[every + reached]
    return frame


def windows_of(xp: Any, x: Array, windows: Windows, output: tuple[int, ...], first: int) -> Array:
    """All windows of framed volumes (..., *spatial, ...) as (..., *output, *size, ...), a view to read from."""
    last = first + len(output)
    along = x.strides[first:last]
    return xp.lib.stride_tricks.as_strided(
        x, (*x.shape[:first], *output, *windows.size, *x.shape[last:]),
        (*x.strides[:first], *(a * s for a, s in zip(along, windows.stride, strict=True)),
         *(a * d for a, d in zip(along, windows.dilation, strict=True)), *x.strides[last:]))


def channels_last(x: Array) -> Array:
    """(B, C, *spatial) seen as (B, *spatial, C)."""
    return x.transpose(0, *range(2, x.ndim), 1)


def channels_first(x: Array) -> Array:
    """(B, *spatial, C) seen as (B, C, *spatial)."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def walked(xp: Any, x: Array) -> Array:
    """(B, C, *spatial) as (B, *spatial, C) in one piece of memory; of few channels as planes (B * C, *spatial). Either
    way the spatial axes start at 1."""
    if x.shape[1] < FEW:
        return xp.ascontiguousarray(x).reshape(len(x) * x.shape[1], *x.shape[2:])
    return xp.ascontiguousarray(channels_last(x))


def unwalked(y: Array, channels: int) -> Array:
    """The reverse of `walked`."""
    return y.reshape(len(y) // channels, channels, *y.shape[1:]) if channels < FEW else channels_first(y)


def per_axis(value: Any, rank: int, name: str, least: int = 1) -> tuple[int, ...]:
    """One integer for each of `rank` axes, from a number or a sequence.

    >>> per_axis(3, 2, 'stride')
    (3, 3)

    Raises:
        ValueError: If it is neither, or a number is below `least`.
    """
    values = (value,) * rank if _is_integer(value) else value
    if not (isinstance(values, tuple | list) and len(values) == rank
            and all(_is_integer(v) and v >= least for v in values)):
        raise ValueError(f'expected {name} to be an integer of at least {least}, or {rank} of them; '
                         f'found {value!r}.')
    return tuple(int(v) for v in values)


def per_side(padding: Any, size: tuple[int, ...], stride: tuple[int, ...],
             dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Padding (before, after) along each axis, from a number, one number an axis, pairs, 'valid' or 'same'.

    'same' keeps the size of the volume; where the padding is odd the end gets one more, as in PyTorch.

    >>> per_side('same', (3, 4), (1, 1), (1, 1))
    ((1, 1), (1, 2))

    Raises:
        ValueError: If it is none of these, or 'same' with a stride other than 1.
    """
    rank = len(size)
    if padding == 'valid':
        return ((0, 0),) * rank
    if padding == 'same':
        if any(s != 1 for s in stride):
            raise ValueError("padding='same' needs a stride of 1; "
                             f'found {stride}. '
                             'Give the padding in numbers.')
        totals = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, tuple | list) and padding and all(isinstance(p, tuple | list) for p in padding):
        if len(padding) == rank:
            return tuple(_pair(p) for p in padding)
    elif not isinstance(padding, str):
        return tuple((p, p) for p in per_axis(padding, rank, 'padding', least=0))
    raise ValueError(f'expected padding to be a number, {rank} numbers, {rank} pairs (before, after), '
                     f"'same' or 'valid'; found {padding!r}.")


def _pair(sides: Any) -> tuple[int, int]:
    before, after = per_axis(sides, 2, 'padding (before, after)', least=0)
    return before, after


def _is_integer(value: Any) -> bool:
    return hasattr(value, '__index__') and not isinstance(value, bool)
