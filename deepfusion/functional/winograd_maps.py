"""The linear maps of Winograd's minimal filtering, between images and the points of their tiles.

The cutting of an image into overlapping tiles, the zero padding and the cropping of ragged tiles are linear like the
transforms B and A themselves: they are folded into these, one matrix for a piece of some tiles of an axis. So an
image is transformed by a few products along each axis, and the adjoint of each map is the transposed matrix.

Reference: A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from deepfusion.functional.parallel import BLOCK, matmul, product, product_into, split
from deepfusion.functional.workspace import empty

Array = Any
Matrix = np.ndarray

# Where polynomials are interpolated, besides infinity. Point 1 comes second: see `Grid.at_one`. For m = 4 a float32
# error with 2 and -1/2 is 2.6 times smaller at most, 1.5 times on average, than with 2 and -2 (256 channels, 6x6
# tiles), since the powers of -1/2 are small where those of 2 are large (Barabasz et al. 2020, Error analysis and
# improving the accuracy of Winograd convolution).
POINTS = {2: (0, 1, -1), 4: (0, 1, -1, 2, -1 / 2)}


class Piece(NamedTuple):
    """Some tiles of an axis side by side: which part of the input they see, which part of the output they make, and
    the matrices B (a tiles, input) and A (output, a tiles) between them."""

    seen: slice
    made: slice
    B: Array
    A: Array


class Along:
    """A map along one axis, piece by piece: the pieces' places on the side of images, and the matrix of each."""

    def __init__(self, xp: Any, pieces: list[tuple[slice, Array]]) -> None:
        self.xp, self.pieces = xp, pieces

    def apart(self, x: Array, y: Array) -> None:
        """(..., size, n) -> y (pieces, ..., a tiles, n)"""
        for (place, matrix), into in zip(self.pieces, y, strict=True):
            product_into(into, matrix, x[..., place, :], self.xp)

    def together(self, x: Array, y: Array) -> None:
        """(pieces, ..., a tiles, n) -> y (..., size, n); where pieces overlap they are added."""
        end = 0
        for (place, matrix), piece in zip(self.pieces, x, strict=True):
            if place.start >= end:
                product_into(y[..., place, :], matrix, piece, self.xp)
            else:
                part, both = product(matrix, piece, self.xp), end - place.start
                y[..., place.start:end, :] += part[..., :both, :]
                y[..., end:place.stop, :] = part[..., both:, :]
            end = place.stop


class Grid:
    """The tiles of images, and the maps between images (B, H, W, C) and the (m + 2)^2 points of each tile.

    Points are (points, B * tiles, C): one matrix for each point. Images that are one tile are transformed along both
    axes at once.

    Args:
        m: Width of a tile's output.
        size, output: Height and width of the input and of the output.
        padding: Zeros (before, after) along each axis.
    """

    def __init__(self, xp: Any, m: int, size: tuple[int, ...], output: tuple[int, ...],
                 padding: tuple[tuple[int, int], ...], dtype: Any) -> None:
        self.xp, self.m, self.size, self.output = xp, m, size, output
        self.tiles = tuple(-(-n // m) for n in output)
        axes = [[Piece(p.seen, p.made, xp.asarray(p.B), xp.asarray(p.A))
                 for p in _pieces(m, n, o, before, np.dtype(dtype))]
                for n, o, (before, _) in zip(size, output, padding, strict=True)]
        self.pieces = tuple(map(len, axes))

        def along(of: Callable[[Piece], tuple[slice, Array]]) -> list[Along]:
            return [Along(xp, [of(p) for p in pieces]) for pieces in axes]

        self._cut = along(lambda p: (p.seen, p.B)), along(lambda p: (p.made, p.A.T))
        self._join = along(lambda p: (p.made, p.A)), along(lambda p: (p.seen, p.B.T))
        if self.tiles == (1, 1):
            self.B, self.A = map(xp.asarray, _whole(m, size, output, padding, np.dtype(dtype)))

    def count(self, batch: int) -> int:
        """How many points a batch has."""
        return batch * self.tiles[0] * self.tiles[1] * (self.m + 2) ** 2

    @property
    def at_one(self) -> int:
        """The point where both axes are interpolated at 1."""
        return self.m + 3

    def points(self, batch: int, channels: int, dtype: Any) -> Array:
        """Memory for the points of a batch."""
        tiles = batch * self.tiles[0] * self.tiles[1]
        return empty(self.xp, ((self.m + 2) ** 2, tiles, channels), dtype)

    def cut(self, x: Array, adjoint: bool = False) -> Array:
        """Images to points: those of an input by B, those of an output's derivative by A^T."""
        batch, height, width, channels = x.shape
        points = self.points(batch, channels, x.dtype)
        if self.tiles == (1, 1):
            whole = self.A.T if adjoint else self.B
            return matmul(whole, x.reshape(batch, -1, channels), self.xp, points.swapaxes(0, 1)).swapaxes(0, 1)
        (along_h, along_w), cells = self._cut[adjoint], self._cells(points, batch)

        def task(share: slice) -> None:
            rows, columns = self._strips(x[share])
            along_h.apart(x[share].reshape(-1, height, width * channels), rows)
            along_w.apart(columns, cells[..., share, :, :])

        split(self.xp, task, batch, points.size, BLOCK)
        return points

    def join(self, points: Array, y: Array, adjoint: bool = False) -> None:
        """Points to images y: those of an output by A, those of an input's derivative by B^T."""
        batch, height, width, channels = y.shape
        if self.tiles == (1, 1):
            whole = self.B.T if adjoint else self.A
            matmul(whole, points.swapaxes(0, 1), self.xp, y.reshape(batch, -1, channels))
            return
        (along_h, along_w), cells = self._join[adjoint], self._cells(points, batch)

        def task(share: slice) -> None:
            rows, columns = self._strips(y[share])
            along_w.together(cells[..., share, :, :], columns)
            along_h.together(rows, y[share].reshape(-1, height, width * channels))

        split(self.xp, task, batch, points.size, BLOCK)

    def _cells(self, points: Array, batch: int) -> Array:
        """(points, B tiles, C) seen as (pieces, pieces, a, tiles of a piece, B, a tiles, C), first width, then height.

        So tiles lie as (tiles of a piece, pieces, pieces, tiles of a piece, B), and what a product makes of a strip of
        an image lies at equal distances: it is written where it belongs, and no copies are made.
        """
        a, (th, tw), (h, w) = self.m + 2, self.tiles, self.pieces
        return points.reshape(a, a * (tw // w), w, h, th // h, batch, -1).transpose(2, 3, 0, 4, 5, 1, 6)

    def _strips(self, x: Array) -> tuple[Array, Array]:
        """Memory for points along the height of images: as (pieces, B, a tiles, W C) and (pieces, a, tiles, B, W, C)"""
        (batch, _, width, channels), h, a = x.shape, self.pieces[0], self.m + 2
        strips = empty(self.xp, (h, a, self.tiles[0] // h, batch, width, channels), x.dtype)
        return strips.reshape(h, -1, batch, width * channels).swapaxes(1, 2), strips


grid_of = lru_cache(maxsize=256)(Grid)         # its matrices are made once


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
def _pieces(m: int, size: int, output: int, before: int, dtype: np.dtype) -> list[Piece]:
    """An axis in pieces of a few tiles each, all of one length, with padding and cropping in their matrices."""
    a, tiles = m + 2, -(-output // m)
    B_tile, _, A_tile = _transforms(m)
    few = _tiles_of_piece(tiles) if before < m else tiles
    order = np.arange(few * a).reshape(few, a).T.ravel()           # all tiles of a point side by side
    B, A = np.zeros((few * a, few * m + 2)), np.zeros((few * m, few * a))
    for tile in range(few):
        B[tile * a:(tile + 1) * a, tile * m:tile * m + a] = B_tile
        A[tile * m:(tile + 1) * m, tile * a:(tile + 1) * a] = A_tile
    pieces = []
    for first in range(0, tiles * m, few * m):
        start = first - before
        seen = slice(max(0, start), min(size, start + B.shape[1]))             # the other columns meet padding
        made = slice(first, min(output, first + len(A)))
        pieces.append(Piece(seen, made, B[order, seen.start - start:seen.stop - start].astype(dtype),
                            A[:made.stop - first, order].astype(dtype)))
    return pieces


@lru_cache(maxsize=256)
def _whole(m: int, size: tuple[int, ...], output: tuple[int, ...], padding: tuple[tuple[int, int], ...],
           dtype: np.dtype) -> tuple[Matrix, Matrix]:
    """B (points, input) and A (output, points) of images that are one tile, both axes at once."""
    (rows,), (columns,) = (_pieces(m, n, o, before, dtype)
                           for n, o, (before, _) in zip(size, output, padding, strict=True))
    return np.kron(rows.B, columns.B), np.kron(rows.A, columns.A)


def _tiles_of_piece(tiles: int) -> int:
    """How many tiles make a piece: few, since its matrix holds zeros between tiles; not too few, for one product's
    sake. About four, all pieces alike."""
    return min((n for n in range(1, tiles + 1) if tiles % n == 0 and n > 1), key=lambda n: abs(n - 4), default=1)


@lru_cache(maxsize=8)
def filter_map(m: int, dtype: np.dtype) -> Matrix:
    """The Kronecker product of G with itself, (a a, 9)."""
    G = _transforms(m)[1]
    return np.kron(G, G).astype(dtype)
