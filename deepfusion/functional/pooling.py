"""Pooling: the maximum, sum or average of windows, in any number of dimensions.

Maximum and sum over a window are taken one axis after the other, the last axis first: k + k steps for a k x k
window, not k * k. Backward goes the same way back. For the maximum that finds the first largest entry in row
order, as it should: the first row that holds the maximum, then the first such entry in the row. It compares
values anew, so nothing but them is kept, and no indices at all.

Padding is never there: a window is cut to the entries inside the volume, which for the maximum is the same as
padding with -infinity. Volumes are (B, C, *spatial), results lie channels-last in memory.
"""

from math import prod
from typing import Any

from deepfusion.functional.parallel import BLOCK, split
from deepfusion.functional.windows import Windows, taps, unwalked, walked
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any


def max_pool(x: Array, windows: Windows, ceil_mode: bool = False) -> tuple[Array, list[Array]]:
    """The largest entry of each window of x; and the stages that `max_pool_backward` needs."""
    xp = array_module(x)
    stages = [walked(xp, x)]
    for axis, window, count in _axes(x, windows, ceil_mode):
        stages.append(_max_along(xp, stages[-1], axis, window, count))
    return unwalked(stages[-1], x.shape[1]), stages


def max_pool_backward(deriv: Array, stages: list[Array], windows: Windows) -> Array:
    """The derivative of x: all of a window's goes to its first largest entry."""
    xp = array_module(deriv)
    channels, deriv = deriv.shape[1], walked(xp, deriv)
    for axis, x, y in zip(range(len(windows.size)), stages[-2::-1], stages[:0:-1], strict=True):
        deriv = _max_along_backward(xp, deriv, x, y, axis + 1, _one_axis(windows, axis))
    return unwalked(deriv, channels)


def window_sum(x: Array, windows: Windows, ceil_mode: bool = False) -> Array:
    """The sum of each window of x."""
    xp = array_module(x)
    y = walked(xp, x)
    for axis, window, count in _axes(x, windows, ceil_mode):
        y = _sum_along(xp, y, axis, window, count)
    return unwalked(y, x.shape[1])


def window_sum_backward(deriv: Array, windows: Windows, spatial: tuple[int, ...]) -> Array:
    """The derivative of x, of size `spatial`: each entry collects those of the windows it is in."""
    xp = array_module(deriv)
    channels, deriv = deriv.shape[1], walked(xp, deriv)
    for axis, size in enumerate(spatial):
        deriv = _sum_along(xp, deriv, axis + 1, _one_axis(windows, axis), size, adjoint=True)
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


def _axes(x: Array, windows: Windows, ceil_mode: bool) -> list[tuple[int, Windows, int]]:
    """Axis (in the order of `walked`), its window and its number of windows; the last axis first."""
    output = windows.output_size(x.shape[2:], ceil_mode)
    return [(axis + 1, _one_axis(windows, axis), output[axis]) for axis in reversed(range(len(output)))]


def _one_axis(windows: Windows, axis: int) -> Windows:
    size, stride, padding, dilation = windows
    along = slice(axis, axis + 1)
    return Windows(size[along], stride[along], padding[along], dilation[along])


def _replaced(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1:])


def _at(x: Array, axis: int, along: tuple[slice, ...]) -> Array:
    return x[(slice(None),) * axis + along]


def _covers(window: Windows, count: int, size: int) -> bool:
    """Whether the windows of one axis lie side by side and each entry is in one."""
    return window.size == window.stride and window.dilation == (1,) and count * window.size[0] == size \
        and window.padding == ((0, 0),)


def _max_along(xp: Any, x: Array, axis: int, window: Windows, count: int) -> Array:
    y = empty(xp, _replaced(x.shape, axis, count), x.dtype)
    padded = any(window.padding[0]) or (count - 1) * window.stride[0] + window.extent[0] > x.shape[axis]

    steps = [(inside, met) for _, inside, met in taps(window, x.shape[axis:axis + 1], (count,))]

    def task(share: slice) -> None:
        theirs = [_at(x[share], axis, inside) for inside, _ in steps]
        if padded:
            y[share] = -float('inf')
        elif len(steps) > 1:
            xp.maximum(theirs[0], theirs[1], out=y[share])
        else:
            y[share] = theirs[0]
        for entries, (_, met) in list(zip(theirs, steps, strict=True))[0 if padded else 2:]:
            mine = _at(y[share], axis, met)
            xp.maximum(mine, entries, out=mine)

    split(xp, task, len(x), x.size, BLOCK)
    return y


def _sum_along(xp: Any, x: Array, axis: int, window: Windows, count: int, adjoint: bool = False) -> Array:
    y = empty(xp, _replaced(x.shape, axis, count), x.dtype)
    sizes = (count, x.shape[axis]) if adjoint else (x.shape[axis], count)

    def task(share: slice) -> None:
        y[share] = 0
        for _, inside, met in taps(window, sizes[:1], sizes[1:]):
            theirs, mine = (met, inside) if adjoint else (inside, met)
            target = _at(y[share], axis, mine)
            target += _at(x[share], axis, theirs)

    split(xp, task, len(x), max(x.size, y.size), BLOCK)
    return y


def _max_along_backward(xp: Any, deriv: Array, x: Array, y: Array, axis: int, window: Windows) -> Array:
    covers = _covers(window, y.shape[axis], x.shape[axis])
    dx = empty(xp, x.shape, deriv.dtype)
    steps = list(taps(window, x.shape[axis:axis + 1], y.shape[axis:axis + 1]))

    def task(share: slice) -> None:
        left = deriv[share]                                     # of windows whose maximum has not been met
        if covers:
            targets = [_at(dx[share], axis, inside) for _, inside, _ in steps]
            for target, (_, inside, _) in zip(targets[:-1], steps, strict=False):
                xp.multiply(left, _at(x[share], axis, inside) == y[share], out=target)
                left = xp.subtract(left, target, out=targets[-1] if target is targets[-2] else None)
            if len(steps) == 1:
                targets[0][...] = left
            return
        dx[share] = 0
        left = left.copy()
        for _, inside, met in steps:
            remainder, target = _at(left, axis, met), _at(dx[share], axis, inside)
            hit = remainder * (_at(x[share], axis, inside) == _at(y[share], axis, met))
            remainder -= hit
            target += hit

    split(xp, task, len(x), x.size, BLOCK)
    return dx
