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

from deepfusion.functional.elementwise import rectify
from deepfusion.functional.parallel import BLOCK, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last
from deepfusion.functional.winograd_filters import Filters, KeptFilters, Transformed, scaled
from deepfusion.functional.winograd_maps import Grid, grid_of
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any


def applies(windows: Windows, groups: int) -> bool:
    """Whether this algorithm can compute such a convolution."""
    return (windows.size, windows.stride, windows.dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, m: int, kept: KeptFilters | None = None,
            scale: Array | None = None, positive: bool = False) -> tuple[Array, tuple[Any, ...]]:
    """The convolution of x (B, C, H, W) with weight (out, C, 3, 3) times scale (out,), plus bias (out,), or its
    positive part, in tiles of m x m; and what `backward` needs. Transformed filters are taken from `kept`, and kept
    there."""
    xp = array_module(x)
    grid = grid_of(xp, m, x.shape[2:], windows.output_size(x.shape[2:]), windows.padding, x.dtype)
    x = xp.ascontiguousarray(channels_last(x))
    found = None if kept is None else kept.find(weight, m, scale)
    weight = scaled(weight, scale) if found is None else found.filters
    filters, batch = Filters(xp, weight, m), len(x)
    filters.U = None if found is None else found.U(transposed=False)
    y = empty(xp, (batch, *grid.output, filters.count), x.dtype)

    def task(share: slice, V: Array) -> None:
        M = filters.times(V, grid.points(len(y[share]), filters.count, y.dtype))
        if bias is not None:
            M[grid.at_one] += bias
        grid.join(M, y[share])
        if positive:
            rectify(y[share])

    if filters.few:
        filters.transform()
        split(xp, lambda share: task(share, grid.cut(x[share])), batch, grid.count(batch) * x.shape[-1], BLOCK)
        return channels_first(y), (grid, x, None, weight, found)
    V = grid.cut(x)
    task(slice(None), V)
    return channels_first(y), (grid, None, V, weight, found)


def backward(deriv: Array, grid: Grid, x: Array, V: Array, weight: Array, found: Transformed | None,
             wants_input: bool = True, wants_weight: bool = True, wants_bias: bool = True
             ) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of input, filters and bias from that of the output, None for what is not wanted."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    filters, batch = Filters(xp, weight, grid.m, transposed=True), len(deriv)
    filters.U = found.U(transposed=True) if found is not None and wants_input else None
    dx = empty(xp, (batch, *grid.size, filters.channels), deriv.dtype) if wants_input else None

    def task(share: slice) -> tuple[Array, Array]:
        dM = grid.cut(deriv[share], adjoint=True)                               # (points, B * tiles, O)
        if dx is not None:
            dV = filters.times(dM, grid.points(len(dx[share]), filters.channels, dx.dtype))
            grid.join(dV, dx[share], adjoint=True)
        dw = filters.derivative(dM, grid.cut(x[share]) if V is None else V) if wants_weight else xp.zeros(1)
        return dw, dM[grid.at_one].sum(axis=0) if wants_bias else xp.zeros(1)

    if filters.few:
        filters.transform()
        dw, db = split_sum(xp, task, batch, grid.count(batch) * filters.channels, BLOCK)
    else:
        dw, db = task(slice(None))
    return (None if dx is None else channels_first(dx), dw.reshape(weight.shape) if wants_weight else None,
            db if wants_bias else None)
