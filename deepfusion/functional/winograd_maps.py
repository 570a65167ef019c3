"""The linear maps of Winograd's minimal filtering, between images and the points of their tiles.

The cutting of an image into overlapping tiles, the zero padding and the cropping of ragged tiles are linear like the
transforms B and A themselves: they are folded into these, one matrix for a whole axis of the image. So an image is
transformed by one product for each axis, and the adjoint of each map is the transposed matrix.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import matmul, product_into, split
from deepfusion.functional.workspace import empty

Array = Any
Matrix = np.ndarray

BLOCK = 150_000    # numbers in a block of images' points, so that the steps of a block stay in a core's cache

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

    def cut(self, x: Array, adjoint: bool = False) -> Array:
        """Images to points: those of an input by B, those of an output's derivative by A^T."""
        along_h, along_w = (matrix.T for matrix in self.A) if adjoint else self.B
        (rows, columns), a = self.tiles, self.m + 2
        batch, height, _, channels = x.shape
        points = empty(self.xp, (a, a, batch, rows, columns, channels), x.dtype)

        def task(share: slice) -> None:
            y = matmul(along_w, x[share], self.xp)                              # (B, H, tw a, C)
            y = matmul(along_h, y.reshape(len(y), height, -1), self.xp)         # (B, th a, tw a C)
            y = y.reshape(-1, rows, a, columns, a, channels)
            points[:, :, share] = y.transpose(2, 4, 0, 1, 3, 5)

        split(self.xp, task, batch, points.size, BLOCK)
        return points.reshape(a * a, -1, channels)

    def join(self, points: Array, y: Array, adjoint: bool = False) -> None:
        """Points to images y: those of an output by A, those of an input's derivative by B^T."""
        along_h, along_w = (matrix.T for matrix in self.B) if adjoint else self.A
        (rows, columns), a = self.tiles, self.m + 2
        batch, height, _, channels = y.shape
        points = points.reshape(a, a, batch, rows, columns, channels)

        def task(share: slice) -> None:
            x = self.xp.ascontiguousarray(points[:, :, share].transpose(2, 3, 0, 4, 1, 5))
            x = matmul(along_h, x.reshape(len(x), rows * a, -1), self.xp)       # (B, H, tw a C)
            product_into(y[share], along_w, x.reshape(len(x), height, columns * a, channels), self.xp)

        split(self.xp, task, batch, points.size, BLOCK)


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
    return columns.astype(dtype), A[:output].astype(dtype)


@lru_cache(maxsize=8)
def filter_map(m: int, dtype: np.dtype) -> Matrix:
    """The Kronecker product of G with itself, (a a, 9)."""
    G = _transforms(m)[1]
    return np.kron(G, G).astype(dtype)
