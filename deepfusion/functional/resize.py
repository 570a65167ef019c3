"""Resizing axis by axis: which entries each new entry is made of, as indices or as a small matrix.

Interpolation is linear and separable: one product with an (out, in) matrix for each axis, and the adjoint is the
product with its transpose. Values lie channels-last, so that every product runs over long rows.
"""

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from deepfusion.functional.parallel import matmul, split
from deepfusion.functional.windows import channels_first, channels_last
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any


def resize(x: Array, size: tuple[int, ...], mode: str, align_corners: bool = False,
           scale: tuple[float | None, ...] | None = None) -> tuple[Array, list[Array | None]]:
    """A volume (B, C, *spatial) in another size, and the matrices that `resize_derivative` needs.

    An axis that keeps its size stays as it is, and has no matrix.

    Args:
        x: The volume.
        size: New spatial size.
        mode: 'nearest', 'linear', 'cubic' or 'area'.
        align_corners: Whether the corner entries' centres stay where they are, rather than their outer edges.
        scale: Factors to use for the positions in place of the sizes' ratios.
    """
    xp = array_module(x)
    y = xp.ascontiguousarray(channels_last(x))
    before, scale = y.shape[1:-1], scale or (None,) * len(size)
    matrices = [None if n == m and factor is None else
                xp.asarray(_matrix(mode, n, m, align_corners, factor), dtype=x.dtype)
                for n, m, factor in zip(before, size, scale, strict=True)]
    if mode == 'nearest':       # taken, not multiplied: 0 * inf would be NaN
        return channels_first(_taken(xp, y, before, tuple(size), tuple(scale))), matrices
    for axis, matrix in enumerate(matrices, 1):
        if matrix is not None:
            y = _multiply(xp, matrix, y, axis)
    return channels_first(y), matrices


def resize_derivative(deriv: Array, matrices: list[Array | None]) -> Array:
    """The derivative of x from that of `resize(x)`."""
    xp = array_module(deriv)
    dx = xp.ascontiguousarray(channels_last(deriv))
    for axis, matrix in enumerate(matrices, 1):
        if matrix is not None:
            dx = _multiply(xp, matrix.T, dx, axis)
    return channels_first(dx)


def _taken(xp: Any, x: Array, before: tuple[int, ...], size: tuple[int, ...], scale: tuple[float | None, ...]) -> Array:
    """The nearest entries of x (B, *before, C) at the places of `size`, of all axes at once."""
    places = _nearest_places(before, size, scale)
    if places is None:
        return x
    channels = x.shape[-1]
    entries, y = x.reshape(len(x), prod(before), channels), empty(xp, (len(x), *size, channels), x.dtype)
    into = y.reshape(len(x), prod(size), channels)
    if xp is not np:
        into[...] = xp.take(entries, xp.asarray(places), axis=1)
    else:       # 'clip': no place is outside, and other modes make a copy first
        split(np, lambda share: np.take(entries[share], places, axis=1, out=into[share], mode='clip'), len(x), y.size,
              multiplies=False)
    return y


def _multiply(xp: Any, matrix: Array, x: Array, axis: int) -> Array:
    """The product along one axis: (..., in, ...) -> (..., out, ...)."""
    before, behind = x.shape[:axis], x.shape[axis + 1:]
    y = matmul(matrix, x.reshape(prod(before), x.shape[axis], prod(behind)), xp)
    return y.reshape(*before, matrix.shape[0], *behind)


# -- The matrices, on the host: they depend on options only ---------------------------------------------------------

@lru_cache(maxsize=256)
def _nearest(n_in: int, n_out: int, scale: float | None) -> np.ndarray:
    places = np.arange(n_out)
    source = places * n_in // n_out if scale is None else np.floor(places / scale).astype(int)
    return np.minimum(source, n_in - 1)


@lru_cache(maxsize=16)
def _nearest_places(before: tuple[int, ...], after: tuple[int, ...], scale: tuple[float | None, ...]
                    ) -> np.ndarray | None:
    """Which entry of all, in C order, is taken for each new one; None when all stay where they are."""
    if before == after and not any(scale):
        return None
    axes = [_nearest(n_in, n_out, factor) for n_in, n_out, factor in zip(before, after, scale, strict=True)]
    return np.ravel_multi_index(np.ix_(*axes), before).ravel()


@lru_cache(maxsize=256)
def _matrix(mode: str, n_in: int, n_out: int, align_corners: bool, scale: float | None) -> np.ndarray:
    rows = np.arange(n_out)
    matrix = np.zeros((n_out, n_in))
    if mode == 'nearest':
        matrix[rows, _nearest(n_in, n_out, scale)] = 1
    elif mode == 'area':
        start, end = rows * n_in // n_out, -((-rows - 1) * n_in // n_out)
        columns = np.arange(n_in)
        matrix += (columns >= start[:, None]) & (columns < end[:, None])
        matrix /= (end - start)[:, None]
    else:
        source = _positions(n_in, n_out, align_corners, scale)
        for offset, weights in (_linear if mode == 'linear' else _cubic)(source):
            columns = np.clip(np.floor(source).astype(int) + offset, 0, n_in - 1)
            np.add.at(matrix, (rows, columns), weights)
    return matrix


def _positions(n_in: int, n_out: int, align_corners: bool, scale: float | None) -> np.ndarray:
    """Where the centres of the new entries lie among the old ones."""
    if align_corners:
        return np.arange(n_out) * ((n_in - 1) / (n_out - 1) if n_out > 1 else 0.0)
    return (np.arange(n_out) + 0.5) * (n_in / n_out if scale is None else 1 / scale) - 0.5


def _linear(source: np.ndarray) -> list[tuple[int, np.ndarray]]:
    after = source - np.floor(source)
    return [(0, 1 - after), (1, after)]


def _cubic(source: np.ndarray, a: float = -0.75) -> list[tuple[int, np.ndarray]]:
    """Keys 1981, equation 4, with the a that image libraries use."""
    t = source - np.floor(source)

    def near(d: np.ndarray) -> np.ndarray:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: np.ndarray) -> np.ndarray:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [(-1, far(t + 1)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]
