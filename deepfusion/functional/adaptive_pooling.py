"""Adaptive pooling: windows spread so that the output has a given size, in any number of dimensions.

Window i of o over n entries reaches from floor(i n / o) to ceil((i + 1) n / o). Axes are handled one after the
other, the last first: the average is then a small matrix for each axis, the maximum a few steps (see `pooling`).

Reference: the windows of `torch.nn.AdaptiveAvgPool2d`.
"""

from typing import Any

from deepfusion.functional.parallel import matmul
from deepfusion.functional.windows import channels_first, channels_last
from deepfusion.utils.backend import array_module

Array = Any


def adaptive_average(x: Array, output: tuple[int, ...]) -> Array:
    """The averages of windows of x (B, C, *spatial): (B, C, *output)."""
    return _through_axes(x, [_average_matrix(n, o) for n, o in zip(x.shape[2:], output, strict=True)])


def adaptive_average_backward(deriv: Array, spatial: tuple[int, ...]) -> Array:
    """The derivative of x, of size `spatial`: each window's is shared by its entries."""
    matrices = [_average_matrix(n, o) for n, o in zip(spatial, deriv.shape[2:], strict=True)]
    return _through_axes(deriv, [[list(row) for row in zip(*matrix, strict=True)] for matrix in matrices])


def adaptive_max(x: Array, output: tuple[int, ...]) -> tuple[Array, list[Array]]:
    """The largest entries of windows of x: (B, C, *output); and what `adaptive_max_backward` needs."""
    xp = array_module(x)
    stages = [xp.ascontiguousarray(channels_last(x))]
    for axis in reversed(range(len(output))):
        x = _merged(stages[-1], axis + 1)
        y = None
        for indices in _steps(x.shape[1], output[axis]):
            step = xp.take(x, xp.asarray(indices), axis=1)
            y = step if y is None else xp.maximum(y, step)
        stages.append(_split(y, stages[-1].shape, axis + 1))
    return channels_first(stages[-1]), stages


def adaptive_max_backward(deriv: Array, stages: list[Array]) -> Array:
    """The derivative of x: all of a window's goes to its first largest entry."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    for axis, below, above in zip(range(1, deriv.ndim - 1), stages[-2::-1], stages[:0:-1], strict=True):
        x, y, d = (_merged(array, axis) for array in (below, above, deriv))
        free = xp.ones(y.shape, bool)
        dx = xp.zeros(x.shape, deriv.dtype)
        for indices in _steps(x.shape[1], y.shape[1]):
            hit = (xp.take(x, xp.asarray(indices), axis=1) == y) & free
            free ^= hit
            places = [[float(i == place) for i in indices] for place in range(x.shape[1])]
            dx += matmul(xp.asarray(places, dtype=d.dtype), d * hit, xp)   # neighbouring windows may share a place
        deriv = _split(dx, deriv.shape, axis)
    return channels_first(deriv)


def _bounds(n: int, o: int) -> list[tuple[int, int]]:
    return [(i * n // o, -(-(i + 1) * n // o)) for i in range(o)]


def _average_matrix(n: int, o: int) -> list[list[float]]:
    return [[(start <= place < end) / (end - start) for place in range(n)] for start, end in _bounds(n, o)]


def _steps(n: int, o: int) -> list[list[int]]:
    """For step 0, 1, ... the entry that each window meets; short windows meet their last one again."""
    bounds = _bounds(n, o)
    longest = max(end - start for start, end in bounds)
    return [[min(start + step, end - 1) for start, end in bounds] for step in range(longest)]


def _through_axes(x: Array, matrices: list[list[list[float]]]) -> Array:
    """x with its spatial axis i multiplied by matrix i."""
    xp = array_module(x)
    x = xp.ascontiguousarray(channels_last(x))
    for axis in reversed(range(len(matrices))):
        matrix = xp.asarray(matrices[axis], dtype=x.dtype)
        x = _split(matmul(matrix, _merged(x, axis + 1), xp), x.shape, axis + 1)
    return channels_first(x)


def _merged(x: Array, axis: int) -> Array:
    """All axes before `axis` as one, all behind it as one."""
    rest = 1
    for n in x.shape[axis + 1:]:
        rest *= n
    return x.reshape(-1, x.shape[axis], rest)


def _split(x: Array, shape: tuple[int, ...], axis: int) -> Array:
    return x.reshape(shape[:axis] + x.shape[1:2] + shape[axis + 1:])
