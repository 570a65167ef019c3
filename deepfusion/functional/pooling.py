"""Pooling: the maximum, sum or average of windows, in any number of dimensions.

Maximum and sum over a window are taken one axis after the other, the last axis first: k + k steps for a k x k
window, not k * k. Backward goes the same way back. For the maximum that finds the first largest entry in row
order, as it should: the first row that holds the maximum, then the first such entry in the row. It compares
values anew, so nothing but them is kept, and no indices at all.

Each share of the examples goes through all axes in one go, while it is in cache.

Padding is never there: a window is cut to the entries inside the volume, which for the maximum is the same as
padding with -infinity. Volumes are (B, C, *spatial), results lie channels-last in memory.
"""

from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from deepfusion.functional.parallel import BLOCK, split
from deepfusion.functional.windows import Windows, taps, unwalked, walked
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any
Index = tuple[slice, ...]


def max_pool(x: Array, windows: Windows, ceil_mode: bool = False) -> tuple[Array, list[Array]]:
    """The largest entry of each window of x; and the stages that `max_pool_backward` needs."""
    xp = array_module(x)
    stages = [walked(xp, x)]
    axes = _axes(windows, x.shape[2:], windows.output_size(x.shape[2:], ceil_mode))[::-1]
    for along in axes:
        stages.append(empty(xp, along.shape(stages[-1], along.number), x.dtype))

    def task(share: slice) -> None:
        for along, before, after in zip(axes, stages, stages[1:], strict=False):
            _max_along(xp, before[share], along, after[share])

    split(xp, task, len(stages[0]), x.size, BLOCK, multiplies=False)
    return unwalked(stages[-1], x.shape[1]), stages


def max_pool_backward(deriv: Array, stages: list[Array], windows: Windows) -> Array:
    """The derivative of x: all of a window's goes to its first largest entry."""
    xp = array_module(deriv)
    channels, deriv = deriv.shape[1], walked(xp, deriv)
    rank = len(windows.size)
    axes = _axes(windows, stages[0].shape[1:1 + rank], stages[-1].shape[1:1 + rank])
    dx = empty(xp, stages[0].shape, deriv.dtype)

    def task(share: slice) -> None:
        found = deriv[share]
        for along, x, y in zip(axes, stages[-2::-1], stages[:0:-1], strict=True):
            into = dx[share] if x is stages[0] else xp.empty(x[share].shape, deriv.dtype)
            _max_along_backward(xp, found, x[share], y[share], along, into)
            found = into

    split(xp, task, len(dx), dx.size, BLOCK, multiplies=False)
    return unwalked(dx, channels)


def window_sum(x: Array, windows: Windows, ceil_mode: bool = False) -> Array:
    """The sum of each window of x."""
    xp = array_module(x)
    y = walked(xp, x)
    for along in reversed(_axes(windows, x.shape[2:], windows.output_size(x.shape[2:], ceil_mode))):
        y = _sum_along(xp, y, along)
    return unwalked(y, x.shape[1])


def window_sum_backward(deriv: Array, windows: Windows, spatial: tuple[int, ...]) -> Array:
    """The derivative of x, of size `spatial`: each entry collects those of the windows it is in."""
    xp = array_module(deriv)
    channels, deriv = deriv.shape[1], walked(xp, deriv)
    for along in _axes(windows, spatial, deriv.shape[1:1 + len(spatial)]):
        deriv = _sum_along(xp, deriv, along, adjoint=True)
    return unwalked(deriv, channels)


def window_counts(xp: Any, windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...],
                  count_include_pad: bool, dtype: Any) -> Any:
    """Over how many entries each window's average goes: a number when all agree, else an array (*output).

    With `count_include_pad`, padding counts, but not what lies beyond it (ceil mode), as in PyTorch."""
    along = []
    for k, s, (before, after), n, o in zip(
            windows.size, windows.stride, windows.padding, spatial, output, strict=True):
        low, high = (-before, n + after) if count_include_pad else (0, n)
        along.append([min(i * s - before + k, high) - max(i * s - before, low) for i in range(o)])
    if all(min(counts) == max(counts) for counts in along):
        return prod(counts[0] for counts in along)
    total = 1
    for i, counts in enumerate(along):
        total = total * xp.asarray(counts, dtype=dtype).reshape((-1,) + (1,) * (len(along) - 1 - i))
    return total


class _Along(NamedTuple):
    """Windows along one axis (in the order of `walked`), of `size` entries, `number` of them. For each tap: the entries
    that it meets and the windows that it meets them in, ready to index with."""

    axis: int
    size: int
    number: int
    steps: tuple[tuple[Index, Index], ...]
    is_inside: bool     # whether all taps of all windows lie inside the volume
    covers: bool        # and each entry is in one window

    def shape(self, array: Array, length: int) -> tuple[int, ...]:
        """That of an array, but for the length along the axis."""
        return (*array.shape[:self.axis], length, *array.shape[self.axis + 1:])


@lru_cache(maxsize=256)
def _axes(windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...]) -> tuple[_Along, ...]:
    """The windows along each axis."""
    found = []
    for i, (size, count) in enumerate(zip(spatial, output, strict=True)):
        along = slice(i, i + 1)
        window = Windows(windows.size[along], windows.stride[along], windows.padding[along], windows.dilation[along])
        before = (slice(None),) * (i + 1)
        steps = tuple((before + inside, before + met) for _, inside, met in taps(window, (size,), (count,)))
        is_inside = not any(window.padding[0]) and (count - 1) * window.stride[0] + window.extent[0] <= size
        side_by_side = window.size == window.stride and window.dilation == (1,) and count * window.size[0] == size
        found.append(_Along(i + 1, size, count, steps, is_inside, is_inside and side_by_side))
    return tuple(found)


def _max_along(xp: Any, x: Array, along: _Along, y: Array) -> None:
    """The largest entry of each window of x along one axis, into y."""
    steps = along.steps
    if not along.is_inside:
        y[...] = -float('inf')
    elif len(steps) > 1:
        xp.maximum(x[steps[0][0]], x[steps[1][0]], out=y)
    else:
        y[...] = x[steps[0][0]]
    for inside, met in steps[2 if along.is_inside else 0:]:
        target = y[met]
        xp.maximum(target, x[inside], out=target)


def _sum_along(xp: Any, x: Array, along: _Along, adjoint: bool = False) -> Array:
    y = empty(xp, along.shape(x, along.size if adjoint else along.number), x.dtype)

    def task(share: slice) -> None:
        theirs, mine = x[share], y[share]
        mine[...] = 0
        for inside, met in along.steps:
            target = mine[inside if adjoint else met]
            target += theirs[met if adjoint else inside]

    split(xp, task, len(x), max(x.size, y.size), BLOCK, multiplies=False)
    return y


def _max_along_backward(xp: Any, left: Array, x: Array, y: Array, along: _Along, dx: Array) -> None:
    """The derivatives of x along one axis, into dx, from `left`, those of windows whose maximum has not been met."""
    if along.covers:
        targets = [dx[inside] for inside, _ in along.steps]
        for target, (inside, _) in zip(targets[:-1], along.steps, strict=False):
            xp.multiply(left, x[inside] == y, out=target)
            left = xp.subtract(left, target, out=targets[-1] if target is targets[-2] else None)
        if len(targets) == 1:
            targets[0][...] = left
        return
    dx[...] = 0
    left = left.copy()
    for inside, met in along.steps:
        remainder, target = left[met], dx[inside]
        hit = remainder * (x[inside] == y[met])
        remainder -= hit
        target += hit
