"""The linear maps of Winograd's minimal filtering, between images and the points of their tiles.

The cutting of an image into overlapping tiles, the zero padding and the cropping of ragged tiles are linear like the
transforms B and A themselves: they are folded into these, one matrix for a whole axis of the image. So an image is
transformed by one product for each axis, and the adjoint of each map is the transposed matrix.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import BLOCK, matmul, product_into, split
from deepfusion.functional.workspace import empty

Array = Any
Matrix = np.ndarray

# Where polynomials are interpolated, besides infinity. Point 1 comes second: see `Grid.at_one`. For m = 4 a float32
# error with 2 and -1/2 is 2.6 times smaller at most, 1.5 times on average, than with 2 and -2 (256 channels, 6x6
# tiles), since the powers of -1/2 are small where those of 2 are large (Barabasz et al. 2020, Error analysis and
# improving the accuracy of Winograd convolution).
POINTS = {2: (0, 1, -1), 4: (0, 1, -1, 2, -1 / 2)}


class Grid:
    """The tiles of images, and the maps between images (B, H, W, C) and the (m + 2)^2 points of each tile.

    Points are (points, B * tiles, C): one matrix for each point.

    Args:
        m: Width of a tile's output.
        size, output: Height and width of the input and of the output.
        padding: Zeros (before, after) along each axis.
    """

    def __init__(self, xp: Any, m: int, size: tuple[int, ...], output: tuple[int, ...],
                 padding: tuple[tuple[int, int], ...], dtype: Any) -> None:
        self.xp, self.m, self.size, self.output = xp, m, size, output
        axes = zip(size, output, padding, strict=True)
        self.tiles = tuple(-(-n // m) for n in output)
        self.B, self.A = zip(*([xp.asarray(matrix) for matrix in _axis_matrices(m, n, o, before, np.dtype(dtype))]
                               for n, o, (before, _) in axes), strict=True)

    def count(self, batch: int) -> int:
        """How many points a batch has."""
        return batch * self.tiles[0] * self.tiles[1] * (self.m + 2) ** 2

    @property
    def at_one(self) -> int:
        """The point where both axes are interpolated at 1."""
        return self.m + 3

    def points(self, batch: int, channels: int, dtype: Any) -> Array:
        """Memory for points, laid out image by image where an image is one tile: then maps write there at once."""
        a = self.m + 2
        if self.tiles == (1, 1):
            return empty(self.xp, (batch, a * a, channels), dtype).transpose(1, 0, 2)
        return empty(self.xp, (a * a, batch * self.tiles[0] * self.tiles[1], channels), dtype)

    def cut(self, x: Array, adjoint: bool = False) -> Array:
        """Images to points: those of an input by B, those of an output's derivative by A^T."""
        along_h, along_w = (matrix.T for matrix in self.A) if adjoint else self.B
        batch, height, _, channels = x.shape
        points = self.points(batch, channels, x.dtype)
        cells = self._by_image(points, batch)

        def task(share: slice) -> None:
            y = matmul(along_w, x[share], self.xp)                              # (B, H, a tw, C)
            y = y.reshape(len(y), height, -1)
            if self.tiles == (1, 1):
                matmul(along_h, y, self.xp, cells[share].reshape(len(y), len(along_h), -1))
            else:
                cells[share] = matmul(along_h, y, self.xp).reshape(len(y), *cells.shape[1:])

        split(self.xp, task, batch, points.size, BLOCK)
        return points

    def join(self, points: Array, y: Array, adjoint: bool = False) -> None:
        """Points to images y: those of an output by A, those of an input's derivative by B^T."""
        along_h, along_w = (matrix.T for matrix in self.B) if adjoint else self.A
        batch, height, _, channels = y.shape
        cells = self._by_image(points, batch)

        def task(share: slice) -> None:
            x = self.xp.ascontiguousarray(cells[share]).reshape(len(y[share]), along_h.shape[1], -1)
            x = matmul(along_h, x, self.xp).reshape(len(x), height, -1, channels)        # (B, H, a tw, C)
            product_into(y[share], along_w, x, self.xp)

        split(self.xp, task, batch, points.size, BLOCK)

    def _by_image(self, points: Array, batch: int) -> Array:
        """(points, B tiles, C) seen as (B, a, th, a, tw, C)"""
        a = self.m + 2
        return points.reshape(a, a, batch, *self.tiles, points.shape[-1]).transpose(2, 0, 3, 1, 4, 5)


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
def _axis_matrices(m: int, size: int, output: int, before: int, dtype: np.dtype) -> tuple[Matrix, Matrix]:
    """B (a tiles, size) and A (output, a tiles) of one axis, with tiling, padding and cropping in them."""
    a, count = m + 2, -(-output // m)
    B_tile, _, A_tile = _transforms(m)
    B, A = np.zeros((count * a, count * m + 2)), np.zeros((count * m, count * a))
    for tile in range(count):
        B[tile * a:(tile + 1) * a, tile * m:tile * m + a] = B_tile
        A[tile * m:(tile + 1) * m, tile * a:(tile + 1) * a] = A_tile
    columns = np.zeros((count * a, size))
    kept = min(size, B.shape[1] - before)          # the other columns meet padding
    columns[:, :kept] = B[:, before:before + kept]
    order = np.arange(count * a).reshape(count, a).T.ravel()       # all tiles of a point side by side
    return columns[order].astype(dtype), A[:output, order].astype(dtype)


@lru_cache(maxsize=8)
def filter_map(m: int, dtype: np.dtype) -> Matrix:
    """The Kronecker product of G with itself, (a a, 9)."""
    G = _transforms(m)[1]
    return np.kron(G, G).astype(dtype)
