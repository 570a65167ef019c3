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

from deepfusion.functional.parallel import matmul, product_into, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last
from deepfusion.functional.winograd_maps import BLOCK, Grid, filter_map
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any

FEW = 128 * 128    # filters times channels, up to which the transformed filters leave room in a core's cache


def applies(windows: Windows, groups: int) -> bool:
    """Whether this algorithm can compute such a convolution."""
    return (windows.size, windows.stride, windows.dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, m: int) -> tuple[Array, tuple[Any, ...]]:
    """The convolution of x (B, C, H, W) with weight (out, C, 3, 3), plus bias (out,), in tiles of m x m; and what
    `backward` needs."""
    xp = array_module(x)
    grid = Grid(xp, m, x.shape[2:], windows.output_size(x.shape[2:]), windows.padding, x.dtype)
    x = xp.ascontiguousarray(channels_last(x))
    y = empty(xp, (len(x), *grid.output, weight.shape[0]), x.dtype)
    U = _transform_filters(xp, weight.reshape(*weight.shape[:2], 9).transpose(1, 2, 0), m)      # (points, C, O)

    def from_points(V: Array, share: slice) -> None:
        M = matmul(V, U, xp, grid.points(len(y[share]), y.shape[-1], y.dtype))  # (points, B * tiles, O)
        if bias is not None:
            M[grid.at_one] += bias
        grid.join(M, y[share])

    if weight.shape[0] * weight.shape[1] <= FEW:
        split(xp, lambda share: from_points(grid.cut(x[share]), share), len(x), grid.count(len(x)) * x.shape[-1], BLOCK)
        return channels_first(y), (grid, x, None, weight)
    V = grid.cut(x)
    from_points(V, slice(None))
    return channels_first(y), (grid, None, V, weight)


def backward(deriv: Array, grid: Grid, x: Array, V: Array, weight: Array, wants_input: bool = True,
             wants_weight: bool = True, wants_bias: bool = True) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of input, filters and bias from that of the output, None for what is not wanted."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    (filters, channels), batch = weight.shape[:2], len(deriv)
    if wants_input:
        dx = empty(xp, (batch, *grid.size, channels), deriv.dtype)
        # Transformed anew: small products with a transposed matrix take twice as long, and U would take four times
        # the memory of the filters.
        U = _transform_filters(xp, weight.reshape(filters, channels, 9).transpose(0, 2, 1), grid.m)  # (points, O, C)

    def task(share: slice) -> tuple[Array, Array]:
        dM = grid.cut(deriv[share], adjoint=True)                               # (points, B * tiles, O)
        if wants_input:
            dV = matmul(dM, U, xp, grid.points(len(dx[share]), channels, dx.dtype))
            grid.join(dV, dx[share], adjoint=True)
        dU = matmul(dM.swapaxes(1, 2), grid.cut(x[share]) if V is None else V, xp) if wants_weight else xp.zeros(1)
        return dU, dM[grid.at_one].sum(axis=0)                                  # (points, O, C), (O,)

    if V is None:
        dU, db = split_sum(xp, task, batch, grid.count(batch) * channels, max(BLOCK, 18 * filters * channels))
    else:
        dU, db = task(slice(None))
    return (channels_first(dx) if wants_input else None, _filter_derivative(xp, dU, grid.m) if wants_weight else None,
            db if wants_bias else None)


def _transform_filters(xp: Any, taps: Array, m: int) -> Array:
    """(rows, 9, columns) -> (points, rows, columns)"""
    rows, _, columns = taps.shape
    U = empty(xp, ((m + 2) ** 2, rows, columns), taps.dtype)
    G = xp.asarray(filter_map(m, np.dtype(taps.dtype)))

    def task(share: slice) -> None:
        product_into(U[:, share].transpose(1, 0, 2), G, xp.ascontiguousarray(taps[share]), xp)

    split(xp, task, rows, U.size, BLOCK)
    return U


def _filter_derivative(xp: Any, dU: Array, m: int) -> Array:
    """(points, O, C) -> (O, C, 3, 3), the adjoint of `_transform_filters`."""
    out, channels = dU.shape[1:]
    dw = empty(xp, (out, channels, 9), dU.dtype)
    G = xp.asarray(filter_map(m, np.dtype(dU.dtype)))

    def task(share: slice) -> None:
        product_into(dw[share], dU[:, share].transpose(1, 2, 0), G, xp)

    split(xp, task, out, dU.size, BLOCK)
    return dw.reshape(out, channels, 3, 3)
