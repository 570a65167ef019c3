"""Winograd's minimal filtering for 3x3 windows of stride 1: fewer multiplications than there are taps.

Tiles of m x m outputs cost (m + 2)^2 multiplications for each pair of channels, where the direct sum costs
9 m^2: 2.25 times fewer for m = 2, 4 times fewer for m = 4.

    U = G F G^T        V = B^T X B        M = sum over channels U V        Y = A^T M A

Every step is linear, so backward is the exact adjoint of the same three maps, and the filters' derivative is
a sum over tiles of V and the transformed derivative:

    dM = A dY A^T      dV = sum over filters U dM, dX = B dV B^T      dU = sum over tiles V dM, dF = G^T dU G

With few filters a few images at a time go through all steps, in one core's cache, and V is computed again in
backward. With many filters, which fill the cache themselves, all images go through one step after the other, the
points shared between the cores, and V is kept.

The point 1 of the interpolation meets every output of a tile with weight 1. So a bias is added there alone, and
its derivative is the sum of dM there.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from typing import Any

import numpy as np

from deepfusion.functional.parallel import BLOCK, matmul, product_into, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last
from deepfusion.functional.winograd_maps import Grid, filter_map
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any

FEW = 128 * 128    # filters times channels, up to which the transformed filters leave room in a core's cache
SLAB = 1 << 22     # numbers in a slab of more of them


def applies(windows: Windows, groups: int) -> bool:
    """Whether this algorithm can compute such a convolution."""
    return (windows.size, windows.stride, windows.dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, m: int) -> tuple[Array, tuple[Any, ...]]:
    """The convolution of x (B, C, H, W) with weight (out, C, 3, 3), plus bias (out,), in tiles of m x m; and what
    `backward` needs."""
    xp = array_module(x)
    grid = Grid(xp, m, x.shape[2:], windows.output_size(x.shape[2:]), windows.padding, x.dtype)
    x = xp.ascontiguousarray(channels_last(x))
    filters, batch = _Filters(xp, weight, m), len(x)
    y = empty(xp, (batch, *grid.output, filters.count), x.dtype)

    def task(share: slice, V: Array) -> None:
        M = filters.times(V, grid.points(len(y[share]), filters.count, y.dtype))
        if bias is not None:
            M[grid.at_one] += bias
        grid.join(M, y[share])

    if filters.few:
        filters.transform()
        split(xp, lambda share: task(share, grid.cut(x[share])), batch, grid.count(batch) * x.shape[-1], BLOCK)
        return channels_first(y), (grid, x, None, weight)
    V = grid.cut(x)
    task(slice(None), V)
    return channels_first(y), (grid, None, V, weight)


def backward(deriv: Array, grid: Grid, x: Array, V: Array, weight: Array, wants_input: bool = True,
             wants_weight: bool = True, wants_bias: bool = True) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of input, filters and bias from that of the output, None for what is not wanted."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    filters, batch = _Filters(xp, weight, grid.m, transposed=True), len(deriv)
    dx = empty(xp, (batch, *grid.size, filters.channels), deriv.dtype) if wants_input else None

    def task(share: slice) -> tuple[Array, Array]:
        dM = grid.cut(deriv[share], adjoint=True)                               # (points, B * tiles, O)
        if dx is not None:
            dV = filters.times(dM, grid.points(len(dx[share]), filters.channels, dx.dtype))
            grid.join(dV, dx[share], adjoint=True)
        dw = filters.derivative(dM, grid.cut(x[share]) if V is None else V) if wants_weight else xp.zeros(1)
        return dw, dM[grid.at_one].sum(axis=0)

    if filters.few:
        filters.transform()
        dw, db = split_sum(xp, task, batch, grid.count(batch) * filters.channels, max(BLOCK, 2 * weight.size))
    else:
        dw, db = task(slice(None))
    return (None if dx is None else channels_first(dx), dw.reshape(weight.shape) if wants_weight else None,
            db if wants_bias else None)


class _Filters:
    """Filters as matrices U, one for each point, (C, O), or (O, C) when transposed: small products with a matrix that
    is transposed on the way take twice as long.

    U takes four times the memory of the filters (m = 4). So that many filters stay in cache they are transformed and
    multiplied a slab of columns at a time, and U is never kept.
    """

    def __init__(self, xp: Any, weight: Array, m: int, transposed: bool = False) -> None:
        self.xp, self.points = xp, (m + 2) ** 2
        self.count, self.channels = weight.shape[:2]
        self.few = self.count * self.channels <= FEW
        taps = weight.reshape(self.count, self.channels, 9)
        self.taps = taps.transpose(0, 2, 1) if transposed else taps.transpose(1, 2, 0)     # (rows, 9, columns)
        self.G = xp.asarray(filter_map(m, np.dtype(weight.dtype)))
        self.U: Array = None

    def transform(self) -> None:
        """Make the whole of U beforehand."""
        self.U = self._transformed(self.taps)

    def times(self, V: Array, out: Array) -> Array:
        """V (points, N, rows) times U, into out (points, N, columns)."""
        if self.U is not None:
            return matmul(V, self.U, self.xp, out)

        def task(share: slice) -> None:
            product_into(out[:, :, share], V, self._transformed(self.taps[:, :, share]), self.xp)

        split(self.xp, task, out.shape[-1], self.points * self.count * self.channels, SLAB)
        return out

    def derivative(self, dM: Array, V: Array) -> Array:
        """The derivative of the filters (O, C, 9), from dM (points, N, O) and V (points, N, C)."""
        dw = empty(self.xp, (self.count, self.channels, 9), dM.dtype)

        def task(share: slice) -> None:
            dU = matmul(dM[:, :, share].swapaxes(1, 2), V, self.xp)
            product_into(dw[share], dU.transpose(1, 2, 0), self.G, self.xp)

        split(self.xp, task, self.count, self.points * self.count * self.channels, SLAB)
        return dw

    def _transformed(self, taps: Array) -> Array:
        """(rows, 9, columns) -> (points, rows, columns)"""
        U = empty(self.xp, (self.points, taps.shape[0], taps.shape[2]), taps.dtype)

        def task(share: slice) -> None:
            product_into(U[:, share].transpose(1, 0, 2), self.G, self.xp.ascontiguousarray(taps[share]), self.xp)

        split(self.xp, task, len(taps), U.size, BLOCK)
        return U
