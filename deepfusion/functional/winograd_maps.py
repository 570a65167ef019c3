"""The linear maps of Winograd's minimal filtering, between images and the points of their tiles.

The cutting of an image into overlapping tiles, the zero padding and the cropping of ragged tiles are linear like the
transforms B and A themselves: they are folded into these, one matrix for a whole axis of the image. Images of few
tiles are transformed by one product with the Kronecker product of both axes' matrices, larger ones by one product for
each axis. The adjoint of each map is the transposed matrix.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import matmul, split
from deepfusion.functional.workspace import empty

Array = Any
Matrix = np.ndarray

WHOLE = 4          # tiles of an image up to which it is transformed as a whole

# Where polynomials are interpolated, besides infinity. Point 1 comes second: see `Grid.at_one`. For m = 4 a float32
# error with 2 and -1/2 is 2.6 times smaller at most, 1.5 times on average, than with 2 and -2 (256 channels, 6x6
# tiles), since the powers of -1/2 are small where those of 2 are large (Barabasz et al. 2020, Error analysis and
# improving the accuracy of Winograd convolution).
POINTS = {2: (0, 1, -1), 4: (0, 1, -1, 2, -1 / 2)}


class Grid:
    """The tiles of an image, and the maps between images and the a x a = (m + 2)^2 points of each tile.

    Points lie in memory as (B, tiles, a, a, C) for images transformed as a whole, else as (B, th, a, tw, a, C). Seen as
    (a, a, s, N, C) they are, for each point, a stack of s matrices whose N rows are tiles.

    Args:
        m: Width of a tile's output.
        size, output: Height and width of the input and of the output.
        padding: Zeros (before, after) along each axis.
        whole: Whether images of few tiles may be transformed as a whole.
    """

    def __init__(self, xp: Any, m: int, size: tuple[int, ...], output: tuple[int, ...],
                 padding: tuple[tuple[int, int], ...], dtype: Any, whole: bool) -> None:
        self.xp, self.m, self.a, self.size, self.output = xp, m, m + 2, size, output
        self.tiles = tuple(-(-n // m) for n in output)
        self.whole = whole and self.tiles[0] * self.tiles[1] <= WHOLE
        self.B, self.A = ([xp.asarray(matrix) for matrix in matrices] for matrices in _matrices(
            m, size, output, (padding[0][0], padding[1][0]), self.whole, np.dtype(dtype)))

    def count(self, batch: int) -> int:
        """How many points a batch has."""
        return batch * self.tiles[0] * self.tiles[1] * self.a * self.a

    def memory(self, batch: int, channels: int, dtype: Any) -> Array:
        """Memory for points."""
        (rows, columns), a = self.tiles, self.a
        shape = (batch, rows * columns, a, a) if self.whole else (batch, rows, a, columns, a)
        return empty(self.xp, (*shape, channels), dtype)

    def points(self, memory: Array) -> Array:
        """What lies in memory like that, seen as (a, a, s, N, C)."""
        memory = memory.reshape(-1, *memory.shape[2:])
        return memory.transpose(1, 2, 0, 3)[:, :, None] if self.whole else memory.transpose(1, 3, 2, 0, 4)

    def at_one(self, memory: Array) -> Array:
        """The point where both axes are interpolated at 1, (B, tiles..., C)."""
        return memory[:, :, 1, 1] if self.whole else memory[:, :, 1, :, 1]

    def stacked(self, memory: Array) -> Array:
        """All tiles of each point as one matrix: (a a, s N, C), a copy where s is not 1."""
        points = self.points(memory)
        if points.shape[2] > 1:
            copy = empty(self.xp, points.shape, points.dtype)

            def task(share: slice) -> None:
                copy[share] = points[share]

            split(self.xp, task, self.a, points.size)
            points = copy
        return points.reshape(self.a * self.a, -1, points.shape[-1])

    def cut(self, x: Array, adjoint: bool = False) -> Array:
        """Images (B, H, W, C) to points in memory: of an image by B, of an output's derivative by A^T."""
        maps = [matrix.T for matrix in self.A] if adjoint else self.B
        batch, height = x.shape[:2]
        memory = self.memory(batch, x.shape[-1], x.dtype)
        if not self.whole:                                                      # (B, H, W, C) -> (B, H, tw a, C)
            x = matmul(maps[1], x, self.xp).reshape(batch, height, -1)
        x = x.reshape(batch, maps[0].shape[1], -1)
        matmul(maps[0], x, self.xp, memory.reshape(batch, maps[0].shape[0], -1))
        return memory

    def join(self, memory: Array, y: Array, adjoint: bool = False) -> None:
        """Points in memory to images y (B, H, W, C): to an output by A, to an image's derivative by B^T."""
        maps = [matrix.T for matrix in self.B] if adjoint else self.A
        batch, height = y.shape[:2]
        rows = memory.reshape(batch, maps[0].shape[1], -1)
        if self.whole:
            matmul(maps[0], rows, self.xp, y.reshape(batch, -1, y.shape[-1]))
        else:                                                                   # -> (B, H, tw a C) -> (B, H, W, C)
            x = matmul(maps[0], rows, self.xp).reshape(batch, height, maps[1].shape[1], -1)
            matmul(maps[1], x, self.xp, y)


@lru_cache(maxsize=8)
def _transforms(m: int) -> tuple[Matrix, Matrix, Matrix]:
    """B (a, a), G (a, 3) and A (m, a) of F(m, 3): Lagrange interpolation of a product of polynomials at a = m + 2
    points, transposed. The last point is infinity, where a polynomial is its leading coefficient."""
    points = np.array(POINTS[m], float)
    others = [np.delete(points, i) for i in range(len(points))]
    B, G, A = np.zeros((m + 2, m + 2)), np.zeros((m + 2, 3)), np.zeros((m, m + 2))
    for i, (point, rest) in enumerate(zip(points, others, strict=True)):
        B[i, :-1] = np.poly(rest)[::-1]                         # prod (x - rest), lowest power first
        G[i] = point ** np.arange(3) / np.prod(point - rest)
        A[:, i] = point ** np.arange(m)
    B[-1], G[-1, -1], A[-1, -1] = np.poly(points)[::-1], 1, 1
    return B, G, A


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
    B_tile, _, A_tile = _transforms(m)
    B, A = np.zeros((count * a, count * m + 2)), np.zeros((count * m, count * a))
    for tile in range(count):
        B[tile * a:(tile + 1) * a, tile * m:tile * m + a] = B_tile
        A[tile * m:(tile + 1) * m, tile * a:(tile + 1) * a] = A_tile
    columns = np.zeros((count * a, size))
    kept = min(size, B.shape[1] - before)          # the other columns meet padding
    columns[:, :kept] = B[:, before:before + kept]
    return columns, A[:output]


@lru_cache(maxsize=8)
def filter_map(m: int, dtype: np.dtype) -> Matrix:
    """The Kronecker product of G with itself, (a a, 9)."""
    G = _transforms(m)[1]
    return np.kron(G, G).astype(dtype)
