"""Winograd's minimal filtering for 3x3 windows of stride 1: fewer multiplications than there are taps.

Tiles of m x m outputs cost (m + 2)^2 multiplications for each pair of channels, where the direct sum costs
9 m^2: 2.25 times fewer for m = 2, 4 times fewer for m = 4.

    U = G F G^T        V = B^T X B        M = sum over channels U V        Y = A^T M A

Every step is linear, so backward is the exact adjoint of the same three maps, and the filters' derivative is
a sum over tiles of V and the transformed derivative:

    dM = A dY A^T      dV = sum over filters U dM, dX = B dV B^T      dU = sum over tiles V dM, dF = G^T dU G

The cutting into overlapping tiles, the zero padding and the cropping of ragged tiles are linear too: they are
folded into B and A, one matrix for a whole axis of the image. Images of up to four tiles are transformed by one
product with the Kronecker product of both axes' matrices, larger ones by one product for each axis.

The point 1 of the interpolation meets every output of a tile with weight 1. So a bias is added there alone, and
its derivative is the sum of dM there.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import matmul, product_into, split
from deepfusion.functional.windows import Windows, channels_first, channels_last
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any
Matrix = np.ndarray

BLOCK = 150_000    # numbers in a block of points or transformed filters, so that a step's stay in a core's cache
FEW = 128 * 128    # filters times channels, up to which the transformed filters leave room there
WHOLE = 4          # tiles of an image up to which it is transformed as a whole

# Interpolation at 0, 1, -1, infinity (m = 2) and 0, 1, -1, 2, -2, infinity (m = 4).
_B = {2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
      4: [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
          [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]}
_G = {2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
      4: [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
          [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]]}
_A = {2: [[1, 1, 1, 0], [0, 1, -1, -1]],
      4: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]}


def applies(windows: Windows, groups: int) -> bool:
    """Whether this algorithm can compute such a convolution."""
    return (windows.size, windows.stride, windows.dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, m: int) -> tuple[Array, tuple[Any, ...]]:
    """The convolution of x (B, C, H, W) with weight (out, C, 3, 3), plus bias (out,), in tiles of m x m; and what
    `backward` needs."""
    xp = array_module(x)
    grid = _Grid(xp, m, x.shape[2:], windows.output_size(x.shape[2:]), windows.padding, x.dtype,
                 in_blocks=weight.shape[0] * weight.shape[1] <= FEW)
    x = xp.ascontiguousarray(channels_last(x))
    U = _transform_weight(xp, weight.reshape(*weight.shape[:2], 9).transpose(1, 2, 0), m)   # (a, a, 1, C, O)
    V = empty(xp, grid.memory(len(x), x.shape[-1]), x.dtype)
    y = empty(xp, (len(x), *grid.output, weight.shape[0]), x.dtype)

    def task(share: slice) -> None:
        grid.cut(x[share], V[share])
        M = empty(xp, grid.memory(len(y[share]), y.shape[-1]), y.dtype)
        matmul(grid.points(V[share]), U, xp, grid.points(M))
        if bias is not None:
            at_one = grid.points(M)[1, 1]
            at_one += bias
        grid.join(M, y[share])

    grid.run(task, len(x), V.size)
    return channels_first(y), (grid, V, weight)


def backward(deriv: Array, grid: '_Grid', V: Array, weight: Array, wants_input: bool = True,
             wants_weight: bool = True, wants_bias: bool = True) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of input, filters and bias from that of the output, None for what is not wanted."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    dM = empty(xp, grid.memory(len(deriv), deriv.shape[-1]), deriv.dtype)
    dx = None
    if wants_input:
        dx = _cut_and_input_derivative(xp, deriv, grid, dM, weight)
    else:
        grid.cut(deriv, dM, adjoint=True)
    points = grid.points(dM)                                                    # (a, a, s, N, O)
    dw = _sum_over_tiles(xp, points, grid.points(V), grid.m) if wants_weight else None
    return dx, dw, points[1, 1].sum(axis=(0, 1)) if wants_bias else None


def _cut_and_input_derivative(xp: Any, deriv: Array, grid: '_Grid', dM: Array, weight: Array) -> Array:
    """The derivative of x from that of y (B, H, W, C); on the way dM is filled."""
    # Transformed anew: small products with a transposed matrix take twice as long, and U takes four times the memory.
    U = _transform_weight(xp, weight.reshape(*weight.shape[:2], 9).transpose(0, 2, 1), grid.m)  # (a, a, 1, O, C)
    dx = empty(xp, (len(deriv), *grid.size, weight.shape[1]), deriv.dtype)

    def task(share: slice) -> None:
        grid.cut(deriv[share], dM[share], adjoint=True)
        dV = empty(xp, grid.memory(len(dx[share]), dx.shape[-1]), dx.dtype)
        matmul(grid.points(dM[share]), U, xp, grid.points(dV))
        grid.join(dV, dx[share], adjoint=True)

    grid.run(task, len(deriv), dM.size)
    return channels_first(dx)


def _sum_over_tiles(xp: Any, dM: Array, V: Array, m: int) -> Array:
    """The derivative of the filters."""
    dU = empty(xp, dM.shape[:3] + (dM.shape[-1], V.shape[-1]), dM.dtype)
    matmul(dM.swapaxes(-1, -2), V, xp, dU)                                      # (a, a, s, O, C)
    total = dU.sum(axis=2) if dU.shape[2] > 1 else dU
    return _weight_derivative(xp, total.reshape(-1, *dU.shape[-2:]), m)


class _Grid:
    """The tiles of an image, and the maps between images and the a x a = (m + 2)^2 points of each tile.

    Points are seen as (a, a, s, N, C): for each point a stack of s matrices whose N rows are tiles. In memory they
    are (B, tiles, a, a, C) for images transformed as a whole, else (B, th, a, tw, a, C).

    With few filters a few images at a time go through all steps, in one core's cache. With many filters, which fill
    the cache themselves, all images go through one step after the other, the points shared between the cores.
    """

    def __init__(self, xp: Any, m: int, size: tuple[int, ...], output: tuple[int, ...],
                 padding: tuple[tuple[int, int], ...], dtype: Any, in_blocks: bool) -> None:
        self.xp, self.m, self.a, self.size, self.output, self.in_blocks = xp, m, m + 2, size, output, in_blocks
        self.tiles = tuple(-(-n // m) for n in output)
        self.whole = not in_blocks and self.tiles[0] * self.tiles[1] <= WHOLE
        self.B, self.A = ([xp.asarray(matrix) for matrix in matrices] for matrices in _matrices(
            m, size, output, (padding[0][0], padding[1][0]), self.whole, np.dtype(dtype)))

    def run(self, task: Callable[[slice], None], batch: int, size: int) -> None:
        """`task` for all images, in blocks of them or at once."""
        if self.in_blocks:
            split(self.xp, task, batch, size, BLOCK)
        else:
            task(slice(0, batch))

    def memory(self, batch: int, channels: int) -> tuple[int, ...]:
        """The shape of the points in memory."""
        (rows, columns), a = self.tiles, self.a
        return (batch, rows * columns, a, a, channels) if self.whole else (batch, rows, a, columns, a, channels)

    def points(self, memory: Array) -> Array:
        """What lies in memory like that, seen as (a, a, s, N, C)."""
        memory = memory.reshape(-1, *memory.shape[2:])
        return memory.transpose(1, 2, 0, 3)[:, :, None] if self.whole else memory.transpose(1, 3, 2, 0, 4)

    def cut(self, x: Array, memory: Array, adjoint: bool = False) -> None:
        """Images (B, H, W, C) to points: of an image by B, of an output's derivative by A^T."""
        maps = [matrix.T for matrix in self.A] if adjoint else self.B
        batch, height = x.shape[:2]
        rows = memory.reshape(batch, maps[0].shape[0], -1)
        if not self.whole:                                                      # (B, H, W, C) -> (B, H, tw a, C)
            x = matmul(maps[1], x, self.xp).reshape(batch, height, -1)
        matmul(maps[0], x.reshape(batch, maps[0].shape[1], -1), self.xp, rows)

    def join(self, memory: Array, y: Array, adjoint: bool = False) -> None:
        """Points to images (B, H, W, C): to an output by A, to an image's derivative by B^T."""
        maps = [matrix.T for matrix in self.B] if adjoint else self.A
        batch, height = y.shape[:2]
        rows = memory.reshape(batch, maps[0].shape[1], -1)
        if self.whole:
            matmul(maps[0], rows, self.xp, y.reshape(batch, -1, y.shape[-1]))
        else:                                                                   # -> (B, H, tw a C) -> (B, H, W, C)
            x = matmul(maps[0], rows, self.xp).reshape(batch, height, maps[1].shape[1], -1)
            matmul(maps[1], x, self.xp, y)


@lru_cache(maxsize=256)
def _matrices(m: int, size: tuple[int, int], output: tuple[int, int], before: tuple[int, int], whole: bool,
              dtype: np.dtype) -> tuple[list[Matrix], list[Matrix]]:
    """B and A, for the image as a whole or for each axis."""
    pairs = [_axis_matrices(m, *axis) for axis in zip(size, output, before, strict=True)]
    both: list[list[Matrix]] = [[B for B, _ in pairs], [A for _, A in pairs]]
    if whole:
        (B_h, B_w), (A_h, A_w) = both
        a, rows, columns = m + 2, len(B_h) // (m + 2), len(B_w) // (m + 2)
        order = np.arange(rows * a * columns * a).reshape(rows, a, columns, a).transpose(0, 2, 1, 3).ravel()
        both = [[np.kron(B_h, B_w)[order]], [np.kron(A_h, A_w)[:, order]]]
    B, A = ([np.ascontiguousarray(matrix, dtype) for matrix in matrices] for matrices in both)
    return B, A


def _axis_matrices(m: int, size: int, output: int, before: int) -> tuple[Matrix, Matrix]:
    """B (tiles a, size) and A (output, tiles a) of one axis, with tiling, padding and cropping in them."""
    a, count = m + 2, -(-output // m)
    B, A = np.zeros((count * a, count * m + 2)), np.zeros((count * m, count * a))
    for tile in range(count):
        B[tile * a:(tile + 1) * a, tile * m:tile * m + a] = _B[m]
        A[tile * m:(tile + 1) * m, tile * a:(tile + 1) * a] = _A[m]
    columns = np.zeros((count * a, size))
    kept = min(size, B.shape[1] - before)          # the other columns meet padding
    columns[:, :kept] = B[:, before:before + kept]
    return columns, A[:output]


@lru_cache(maxsize=8)
def _weight_map(m: int, dtype: np.dtype) -> Matrix:
    G = np.array(_G[m], dtype)
    return np.kron(G, G)                           # (a a, 9)


def _transform_weight(xp: Any, taps: Array, m: int) -> Array:
    """(rows, 9, columns) -> (a, a, 1, rows, columns)"""
    rows, _, columns = taps.shape
    a = m + 2
    U = empty(xp, (a * a, rows, columns), taps.dtype)
    G = xp.asarray(_weight_map(m, np.dtype(taps.dtype)))

    def task(share: slice) -> None:
        product_into(U[:, share].transpose(1, 0, 2), G, xp.ascontiguousarray(taps[share]), xp)

    split(xp, task, rows, U.size, BLOCK)
    return U.reshape(a, a, 1, rows, columns)


def _weight_derivative(xp: Any, dU: Array, m: int) -> Array:
    """(a a, O, C) -> (O, C, 3, 3), the adjoint of `_transform_weight`."""
    out, channels = dU.shape[1:]
    dw = xp.empty((out, channels, 9), dU.dtype)
    G = xp.asarray(_weight_map(m, np.dtype(dU.dtype)))

    def task(share: slice) -> None:
        product_into(dw[share], dU[:, share].transpose(1, 2, 0), G, xp)

    split(xp, task, out, dU.size, BLOCK)
    return dw.reshape(out, channels, 3, 3)
