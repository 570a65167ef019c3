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

from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import matmul
from deepfusion.functional.windows import Windows, channels_first, channels_last
from deepfusion.utils.backend import array_module

Array = Any
Matrix = np.ndarray

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
    size, output = x.shape[2:], windows.output_size(x.shape[2:])
    grid = _Grid(xp, m, size, output, windows.padding, x.dtype)
    x = xp.ascontiguousarray(channels_last(x))
    V = grid.cut(x)                                                             # (a, a, s, N, C)
    U = _transform_weight(xp, weight, m)                                        # (a, a, 1, O, C)
    M = grid.points(xp.empty(grid.shape(len(x), weight.shape[0]), x.dtype))
    M = matmul(V, U.swapaxes(-1, -2), xp, out=M)                                # (a, a, s, N, O)
    if bias is not None:
        M[1, 1] += bias
    y = grid.join(M, len(x))
    return channels_first(y), (grid, V, U, m)


def backward(deriv: Array, grid: '_Grid', V: Array, U: Array, m: int, wants_input: bool = True,
             wants_weight: bool = True, wants_bias: bool = True) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of input, filters and bias from that of the output, None for what is not wanted."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    dM = grid.cut(deriv, adjoint=True)                                          # (a, a, s, N, O)
    dx = dw = db = None
    if wants_bias:
        db = dM[1, 1].sum(axis=(0, 1))
    if wants_input:
        dV = grid.points(xp.empty(grid.shape(len(deriv), V.shape[-1]), deriv.dtype))
        dx = channels_first(grid.join(matmul(dM, U, xp, out=dV), len(deriv), adjoint=True))
    if wants_weight:
        dU = matmul(dM.swapaxes(-1, -2), V, xp)                                 # (a, a, s, O, C)
        dw = _weight_derivative(xp, dU.sum(axis=2) if dU.shape[2] > 1 else dU[:, :, 0], m)
    return dx, dw, db


class _Grid:
    """The tiles of an image, and the maps between images and the (m + 2)^2 points of each tile.

    Points are arrays (a, a, s, N, C) with a = m + 2: for each point a stack of s matrices whose N rows are tiles.
    In memory they are (B, tiles, a, a, C) for images transformed as a whole, (B, th, a, tw, a, C) for larger ones.
    """

    def __init__(self, xp: Any, m: int, size: tuple[int, ...], output: tuple[int, ...],
                 padding: tuple[tuple[int, int], ...], dtype: Any) -> None:
        self.xp, self.a, self.size, self.output = xp, m + 2, size, output
        self.tiles = tuple(-(-n // m) for n in output)
        self.whole = self.tiles[0] * self.tiles[1] <= WHOLE
        self.B, self.A = ([xp.asarray(matrix) for matrix in matrices] for matrices in _matrices(
            m, size, output, (padding[0][0], padding[1][0]), self.whole, np.dtype(dtype)))

    def shape(self, batch: int, channels: int) -> tuple[int, ...]:
        """The shape of the points in memory."""
        (rows, columns), a = self.tiles, self.a
        return (batch * rows * columns, a, a, channels) if self.whole else (batch * rows, a, columns, a, channels)

    def points(self, memory: Array) -> Array:
        """What lies in memory like that, seen as (a, a, s, N, C)."""
        return memory.transpose(1, 2, 0, 3)[:, :, None] if self.whole else memory.transpose(1, 3, 2, 0, 4)

    def cut(self, x: Array, adjoint: bool = False) -> Array:
        """(B, H, W, C) to points: of an image by B, of an output's derivative by A^T."""
        maps = [matrix.T for matrix in self.A] if adjoint else self.B
        batch, height, width, channels = x.shape
        if self.whole:                                                          # (B, H W, C) -> (B, T a a, C)
            x = matmul(maps[0], x.reshape(batch, height * width, channels), self.xp)
        else:
            x = matmul(maps[1], x.reshape(batch * height, width, channels), self.xp)
            x = matmul(maps[0], x.reshape(batch, height, -1), self.xp)          # -> (B, th a, tw a C)
        return self.points(x.reshape(self.shape(batch, channels)))

    def join(self, points: Array, batch: int, adjoint: bool = False) -> Array:
        """Points to (B, H, W, C): to an output by A, to an image's derivative by B^T."""
        maps = [matrix.T for matrix in self.B] if adjoint else self.A
        (height, width), channels = self.size if adjoint else self.output, points.shape[-1]
        if self.whole:                                                          # (B, T a a, C) -> (B, H W, C)
            y = points[:, :, 0].transpose(2, 0, 1, 3).reshape(batch, -1, channels)
            y = matmul(maps[0], y, self.xp)
        else:
            rows, columns = (n * self.a for n in self.tiles)
            y = points.transpose(3, 0, 2, 1, 4).reshape(batch, rows, -1)        # (B, th a, tw a C)
            y = matmul(maps[0], y, self.xp).reshape(batch * height, columns, channels)
            y = matmul(maps[1], y, self.xp)
        return y.reshape(batch, height, width, channels)


@lru_cache(maxsize=256)
def _matrices(m: int, size: tuple[int, int], output: tuple[int, int], before: tuple[int, int], whole: bool,
              dtype: np.dtype) -> tuple[list[Matrix], list[Matrix]]:
    """B and A, for the image as a whole or for each axis."""
    pairs = [_axis_matrices(m, *axis) for axis in zip(size, output, before, strict=True)]
    both = [list(matrices) for matrices in zip(*pairs, strict=True)]
    if whole:
        a, (rows, columns) = m + 2, (len(matrix) // (m + 2) for matrix in both[0])
        order = np.arange(rows * a * columns * a).reshape(rows, a, columns, a).transpose(0, 2, 1, 3).ravel()
        both = [[np.kron(*both[0])[order]], [np.kron(*both[1])[:, order]]]
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
    return np.kron(_G[m], _G[m]).astype(dtype)     # (a a, 9)


def _transform_weight(xp: Any, weight: Array, m: int) -> Array:
    """(O, C, 3, 3) -> (a, a, 1, O, C)"""
    out, channels = weight.shape[:2]
    a = m + 2
    U = xp.empty((a * a, out, channels), weight.dtype).transpose(1, 0, 2)
    taps = weight.reshape(out, channels, 9).transpose(0, 2, 1)
    U = matmul(xp.asarray(_weight_map(m, np.dtype(weight.dtype))), taps, xp, out=U)     # (O, a a, C)
    return U.transpose(1, 0, 2).reshape(a, a, 1, out, channels)


def _weight_derivative(xp: Any, dU: Array, m: int) -> Array:
    """(a, a, O, C) -> (O, C, 3, 3), the adjoint of `_transform_weight`."""
    out, channels = dU.shape[2:]
    points = dU.reshape(-1, out, channels).transpose(1, 2, 0)                   # (O, C, a a)
    return matmul(points, xp.asarray(_weight_map(m, np.dtype(dU.dtype))), xp).reshape(out, channels, 3, 3)
