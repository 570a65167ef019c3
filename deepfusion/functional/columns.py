"""Convolution as a matrix product: each window's entries become one row, each filter one column.

Serves any number of axes, stride, padding, dilation and groups. Volumes are (B, C, *spatial); the batch is
worked through in blocks whose rows stay in cache, so the rows are never all in memory, nor kept for backward.
A window of one entry needs no rows of its own: the volume is the matrix.

    y[b, :, o] = F . x[b, :, windows of o]        F: (out, in / groups, *size)

Reference: K. Chellapilla, S. Puri, P. Simard, High performance convolutional neural networks for document
processing, 2006; the conventions of `torch.nn.functional.conv2d` (a cross-correlation).
"""

from math import prod
from typing import Any

from deepfusion.functional.parallel import BLOCK, product, product_into, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last, taps
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any
FEW = 12           # channels of a group, below which rows of places are copied instead of rows of channels


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int) -> Array:
    """The convolution of x (B, C, *spatial) with weight (out, C / groups, *size), plus bias (out,)."""
    xp = array_module(x)
    rows = _Rows(xp, windows, x.shape[2:], windows.output_size(x.shape[2:]), groups, weight.shape[1])
    x, matrix = rows.arranged(x), rows.weight_matrix(weight)
    y = empty(xp, (x.shape[0],) + rows.output + (weight.shape[0],), x.dtype)

    def task(share: slice) -> None:
        product_into(_by_group(y[share], groups), rows.gather(x[share]), matrix, xp)
        if bias is not None:
            y[share] += bias

    split(xp, task, len(x), rows.size(len(x)), _block(weight.size))
    return channels_first(y)


def weight_derivative(deriv: Array, x: Array, windows: Windows, groups: int, shape: tuple[int, ...]) -> Array:
    """The derivative of the filters, of `shape`, from that of the output."""
    xp = array_module(x)
    rows = _Rows(xp, windows, x.shape[2:], deriv.shape[2:], groups, shape[1])
    x, deriv = rows.arranged(x), xp.ascontiguousarray(channels_last(deriv))

    def task(share: slice) -> tuple[Array]:
        return (product(rows.gather(x[share]).transpose(0, 2, 1), _by_group(deriv[share], groups), xp),)

    (total,) = split_sum(xp, task, len(x), rows.size(len(x)), _block(prod(shape)))
    return rows.weight_of(total, shape)


def input_derivative(deriv: Array, weight: Array, windows: Windows, groups: int, spatial: tuple[int, ...]
                     ) -> Array:
    """The derivative of the input, of size `spatial`, from that of the output: each row is added back to where
    its entries came from. This is also the forward pass of a transposed convolution."""
    xp = array_module(deriv)
    rows = _Rows(xp, windows, spatial, deriv.shape[2:], groups, weight.shape[1])
    deriv = xp.ascontiguousarray(channels_last(deriv))
    matrix = rows.weight_matrix(weight).transpose(0, 2, 1)                      # (G, Og, K)
    dx = empty(xp, (deriv.shape[0],) + spatial + (weight.shape[1] * groups,), deriv.dtype)

    def task(share: slice) -> None:
        rows.scatter(_by_group(deriv[share], groups), matrix, dx[share])

    split(xp, task, len(dx), rows.size(len(dx)), _block(weight.size))
    return channels_first(dx)


def _block(filters: int) -> int:
    """Numbers in a block of rows: few, but more than the filters that are read, or written, for each block."""
    return max(BLOCK, 2 * filters)


def _by_group(x: Array, groups: int) -> Array:
    """(B, *places, C) -> (G, B * places, Cg), a view"""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


class _Rows:
    """The windows of volumes as rows of matrices (G, B * places, K), K = taps * Cg, a matrix for each group.

    With many channels they lie in memory as (B, *places, G, taps, Cg): all channels of a tap are copied at once.
    With few they lie as (G, Cg, taps, B, *places), and all places along the last axis are.
    """

    def __init__(self, xp: Any, windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...], groups: int,
                 channels: int) -> None:
        self.xp, self.windows, self.spatial, self.output = xp, windows, spatial, output
        self.groups, self.channels, self.few = groups, channels, channels < FEW
        self.padded = any(map(any, windows.padding))
        self.is_volume = windows.taps == 1 and output == spatial and not self.padded
        self.few = self.few and not self.is_volume

    def size(self, batch: int) -> int:
        """How many numbers the rows of a batch hold."""
        return batch * prod(self.output) * self.windows.taps * self.groups * self.channels

    def weight_matrix(self, weight: Array) -> Array:
        """(out, Cg, *size) -> (G, K, Og), a transposed view: copying filter by filter is several times faster"""
        count = weight.shape[0] // self.groups
        matrix = weight.reshape(self.groups, count, self.channels, self.windows.taps)
        if not self.few:
            matrix = matrix.swapaxes(2, 3)
        return matrix.reshape(self.groups, count, -1).swapaxes(1, 2)

    def weight_of(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """(G, K, Og) -> (out, Cg, *size)"""
        order = (self.channels, self.windows.taps) if self.few else (self.windows.taps, self.channels)
        matrix = matrix.reshape(self.groups, *order, -1)
        matrix = matrix.transpose(0, 3, 1, 2) if self.few else matrix.transpose(0, 3, 2, 1)
        return self.xp.ascontiguousarray(matrix).reshape(shape)

    def arranged(self, x: Array) -> Array:
        """Volumes in the order of memory from which rows are copied best."""
        return self.xp.ascontiguousarray(x if self.few else channels_last(x))

    def gather(self, x: Array) -> Array:
        """Arranged volumes to rows."""
        if self.is_volume:
            return _by_group(x, self.groups)
        rows = empty(self.xp, self._memory(len(x)), x.dtype)
        if self.padded:
            rows[...] = 0
        volumes = self._volumes(x)
        for tap, inside, met in taps(self.windows, self.spatial, self.output):
            rows[self._at(met, tap)] = volumes[self._at(inside)]
        return self._matrices(rows)

    def scatter(self, deriv: Array, matrix: Array, dx: Array) -> None:
        """The adjoint of `gather` on deriv (G, B * places, Og) times matrix (G, Og, K), into dx (B, *spatial, C)."""
        if self.is_volume:
            return product_into(_by_group(dx, self.groups), deriv, matrix, self.xp)
        rows = empty(self.xp, self._memory(len(dx)), dx.dtype)
        product_into(self._matrices(rows), deriv, matrix, self.xp)
        total = self.xp.zeros(channels_first(dx).shape, dx.dtype) if self.few else dx
        if not self.few:
            total[...] = 0
        volumes = self._volumes(total)
        for tap, inside, met in taps(self.windows, self.spatial, self.output):
            volumes[self._at(inside)] += rows[self._at(met, tap)]
        if self.few:
            dx[...] = channels_last(total)

    def _memory(self, batch: int) -> tuple[int, ...]:
        if self.few:
            return (self.groups, self.channels, self.windows.taps, batch, *self.output)
        return (batch, *self.output, self.groups, self.windows.taps, self.channels)

    def _matrices(self, rows: Array) -> Array:
        """Rows seen as (G, B * places, K)"""
        if self.few:
            return rows.reshape(self.groups, self.channels * self.windows.taps, -1).transpose(0, 2, 1)
        return rows.reshape(-1, self.groups, self.channels * self.windows.taps).transpose(1, 0, 2)

    def _volumes(self, x: Array) -> Array:
        """Arranged volumes with their axes in the order of rows, less that of taps."""
        if self.few:
            x = x.reshape(len(x), self.groups, self.channels, *self.spatial)
            return x.transpose(1, 2, 0, *range(3, x.ndim))
        return x.reshape(len(x), *self.spatial, self.groups, self.channels)

    def _at(self, places: tuple[slice, ...], tap: int | None = None) -> tuple[Any, ...]:
        every, taps = slice(None), () if tap is None else (tap,)
        return (every, every, *taps, every, *places) if self.few else (every, *places, every, *taps)
