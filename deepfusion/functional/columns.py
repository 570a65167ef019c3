"""Convolution as a matrix product: each window's entries become one row, each filter one column.

Serves any number of axes, stride, padding, dilation and groups. Volumes are (B, C, *spatial); the batch is
worked through in blocks whose rows stay in cache, so many rows are never all in memory, nor kept for backward.
A window of one entry needs no rows of its own: the volume is the matrix.

    y[b, :, o] = F . x[b, :, windows of o]        F: (out, in / groups, *size)

Results lie channels-last in memory; those of few channels lie channels-first, where loops along the last axis are
longer.

Reference: K. Chellapilla, S. Puri, P. Simard, High performance convolutional neural networks for document
processing, 2006; the conventions of `torch.nn.functional.conv2d` (a cross-correlation).
"""

from math import prod
from typing import Any

from deepfusion.functional.elementwise import rectify
from deepfusion.functional.linear import as_rows, column_sums
from deepfusion.functional.parallel import BLOCK, product, product_into, split, split_sum
from deepfusion.functional.windows import FEW, Windows, channels_first, channels_last, framed, taps, windows_of
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any
KEPT = 1 << 18     # numbers in rows up to which they are kept for backward


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int, positive: bool = False
            ) -> tuple[Array, Array | None]:
    """The convolution of x (B, C, *spatial) with weight (out, C / groups, *size), plus bias (out,), or its positive
    part; and the rows that `backward` can use again, where they are few."""
    xp = array_module(x)
    rows = _Rows(xp, windows, x.shape[2:], windows.output_size(x.shape[2:]), groups, weight.shape)
    x, matrix = rows.arranged(x), rows.weight_matrix(weight)
    y = rows.result(len(x), x.dtype)
    kept = rows.memory(len(x), x.dtype) if rows.size(len(x)) <= KEPT and not rows.is_volume else None

    def task(share: slice) -> None:
        part = None if kept is None else rows.part(kept, share)
        product_into(rows.as_columns(y[share]), rows.gather(x[share], part), matrix, xp)
        if bias is not None:
            rows.filters_last(y[share])[...] += bias
        if positive:
            rectify(y[share])

    split(xp, task, len(x), rows.work(len(x)), _block(weight.size))
    return rows.filters_first(y), kept


def backward(deriv: Array, windows: Windows, groups: int, spatial: tuple[int, ...], shape: tuple[int, ...],
             weight: Array | None = None, x: Array | None = None, kept: Array | None = None, wants_bias: bool = False
             ) -> tuple[Array | None, Array | None, Array | None]:
    """The derivatives of the input, of size `spatial`, of the filters, of `shape`, and of the bias, from that of the
    output. That of the input is made where `weight` is given, and that of the filters where `x` is: each row is added
    back to where its entries came from, and is gathered again, unless `forward` `kept` the rows."""
    xp = array_module(deriv)
    rows = _Rows(xp, windows, spatial, deriv.shape[2:], groups, shape)
    deriv, dx, matrix = rows.arranged_result(deriv), None, None
    if weight is not None:
        matrix, count = rows.weight_matrix(weight).swapaxes(1, 2), shape[1] * groups            # (G, Og, K)
        dx = empty(xp, (len(deriv), count, *spatial) if rows.few else (len(deriv), *spatial, count), deriv.dtype)
    if x is not None and kept is None:
        x = rows.arranged(x)

    def task(share: slice) -> tuple[Array, Array]:
        columns = rows.as_columns(deriv[share])
        if dx is not None:
            rows.scatter(columns, matrix, dx[share])
        dw = xp.zeros(1)
        if x is not None:
            gathered = rows.gather(x[share]) if kept is None else rows.matrices(rows.part(kept, share))
            dw = rows.weight_product(columns, gathered)
        return dw, bias_derivative(rows.filters_first(deriv[share])) if wants_bias else xp.zeros(1)

    dw, db = split_sum(xp, task, len(deriv), rows.work(len(deriv)), _block(prod(shape)))
    return (dx if dx is None or rows.few else channels_first(dx),
            None if x is None else rows.weight_of(dw, shape), db if wants_bias else None)


def bias_derivative(deriv: Array) -> Array:
    """The sum over batch and places, (out,)."""
    xp = array_module(deriv)
    if deriv.flags.c_contiguous and deriv.shape[1] < FEW:
        planes = deriv.reshape(-1, prod(deriv.shape[2:]))                       # (B * out, places)
        return product(planes, xp.ones((planes.shape[1], 1), deriv.dtype), xp).reshape(deriv.shape[:2]).sum(axis=0)
    return column_sums(xp, as_rows(xp.ascontiguousarray(channels_last(deriv))))


def _block(filters: int) -> int:
    """Numbers in a block of rows: few, but many more than the filters, which are read, or written, for each block."""
    return max(BLOCK, 8 * filters)


def _by_group(x: Array, groups: int) -> Array:
    """(B, *places, C) -> (G, B * places, Cg), a view"""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


class _Rows:
    """The windows of volumes as rows of matrices (..., N, K), K = taps * Cg, and results as columns (..., N, Og).

    With many channels rows lie in memory as (B, *places, G, taps, Cg): all channels of a tap are copied at once; there
    is a matrix for each group, N = B * places. With few they lie as (G, Cg, taps, B, *places), and all places along the
    last axis are. With few filters too, results are planes (B, O, *places), and matrices (B, G) have N = places.
    """

    def __init__(self, xp: Any, windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...], groups: int,
                 filters: tuple[int, ...]) -> None:
        self.xp, self.windows, self.spatial, self.output = xp, windows, spatial, output
        self.groups, self.count, self.channels = groups, *filters[:2]
        self.is_volume = windows.taps == 1 and output == spatial and not any(map(any, windows.padding))
        self.few = self.channels < FEW and not self.is_volume
        self.are_planes = self.few and self.count < FEW
        # Where places begin in `_volumes`; which axis of rows the taps are; the axes of `windows_of` in their order.
        rank, self.first = len(output), 3 if self.few else 1
        places, steps = (range(self.first + k * rank, self.first + (k + 1) * rank) for k in range(2))
        self.taps_at = 2 if self.few else rank + 2
        self.as_rows = (0, 1, *steps, 2, *places) if self.few else (0, *places, 2 * rank + 1, *steps, 2 * rank + 2)

    def size(self, batch: int) -> int:
        """How many numbers the rows of a batch hold."""
        return batch * prod(self.output) * self.windows.taps * self.groups * self.channels

    def work(self, batch: int) -> int:
        """How many numbers the rows or the results of a batch hold, whichever are more."""
        return max(self.size(batch), batch * prod(self.output) * self.count)

    def weight_matrix(self, weight: Array) -> Array:
        """(out, Cg, *size) -> (G, K, Og), a transposed view: copying filter by filter is several times faster"""
        count = weight.shape[0] // self.groups
        matrix = weight.reshape(self.groups, count, self.channels, self.windows.taps)
        if not self.few:
            matrix = matrix.swapaxes(2, 3)
        return matrix.reshape(self.groups, count, -1).swapaxes(1, 2)

    def weight_product(self, columns: Array, matrix: Array) -> Array:
        """The derivative of the filters from that of the results, in the order that `weight_of` takes."""
        if not self.few:
            return product(columns.swapaxes(-1, -2), matrix, self.xp)
        found = product(matrix.swapaxes(-1, -2), columns, self.xp)
        return found.sum(axis=0) if self.are_planes else found

    def weight_of(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """(G, Og, K), with few channels (G, K, Og), to (out, Cg, *size)"""
        if self.few:
            matrix = matrix.swapaxes(1, 2)
        else:
            matrix = matrix.reshape(-1, self.windows.taps, self.channels).swapaxes(1, 2)
        return self.xp.ascontiguousarray(matrix).reshape(shape)

    def arranged(self, x: Array) -> Array:
        """Volumes in the order of memory from which rows are copied best."""
        return self.xp.ascontiguousarray(x if self.few else channels_last(x))

    def result(self, batch: int, dtype: Any) -> Array:
        """Memory for results."""
        shape = (self.count, *self.output) if self.are_planes else (*self.output, self.count)
        return empty(self.xp, (batch, *shape), dtype)

    def arranged_result(self, y: Array) -> Array:
        """(B, O, *places) in the order of `result`."""
        return self.xp.ascontiguousarray(y if self.are_planes else channels_last(y))

    def filters_first(self, y: Array) -> Array:
        """Results (B, O, *places), a view"""
        return y if self.are_planes else channels_first(y)

    def filters_last(self, y: Array) -> Array:
        """Results (B, *places, O), a view"""
        return channels_last(y) if self.are_planes else y

    def as_columns(self, y: Array) -> Array:
        """Results (..., N, Og), a view"""
        if self.are_planes:
            return y.reshape(len(y), self.groups, self.count // self.groups, prod(self.output)).swapaxes(2, 3)
        return _by_group(y, self.groups)

    def memory(self, batch: int, dtype: Any) -> Array:
        """Memory for the rows of a batch."""
        if self.few:
            return empty(self.xp, (self.groups, self.channels, self.windows.taps, batch, *self.output), dtype)
        return empty(self.xp, (batch, *self.output, self.groups, self.windows.taps, self.channels), dtype)

    def part(self, memory: Array, share: slice) -> Array:
        """Some examples of `memory`."""
        return memory[:, :, :, share] if self.few else memory[share]

    def gather(self, x: Array, rows: Array | None = None) -> Array:
        """Arranged volumes to rows, in `rows` where given."""
        if self.is_volume:
            return _by_group(x, self.groups)
        if rows is None:
            rows = self.memory(len(x), x.dtype)
        volumes = self._volumes(framed(self.xp, x, self.windows, self.output, 2 if self.few else 1))
        found = windows_of(self.xp, volumes, self.windows, self.output, self.first)
        by_tap = rows.reshape(*rows.shape[:self.taps_at], *self.windows.size, *rows.shape[self.taps_at + 1:])
        by_tap[...] = found.transpose(self.as_rows)
        return self.matrices(rows)

    def scatter(self, deriv: Array, matrix: Array, dx: Array) -> None:
        """The adjoint of `gather` on deriv (..., N, Og) times matrix (G, Og, K), into arranged volumes dx."""
        if self.is_volume:
            return product_into(_by_group(dx, self.groups), deriv, matrix, self.xp)
        rows = self.memory(len(dx), dx.dtype)
        product_into(self.matrices(rows), deriv, matrix, self.xp)
        dx[...] = 0
        volumes = self._volumes(dx)
        for tap, inside, met in taps(self.windows, self.spatial, self.output):
            volumes[self._at(inside)] += rows[self._at(met, tap)]

    def matrices(self, rows: Array) -> Array:
        """Rows in memory seen as (..., N, K)"""
        depth = self.channels * self.windows.taps
        if self.are_planes:
            return rows.reshape(self.groups, depth, rows.shape[3], prod(self.output)).transpose(2, 0, 3, 1)
        if self.few:
            return rows.reshape(self.groups, depth, -1).swapaxes(1, 2)
        return rows.reshape(-1, self.groups, depth).swapaxes(0, 1)

    def _volumes(self, x: Array) -> Array:
        """Arranged volumes with their axes in the order of rows, less that of taps."""
        if self.few:
            x = x.reshape(len(x), self.groups, self.channels, *x.shape[2:])
            return x.transpose(1, 2, 0, *range(3, x.ndim))
        return x.reshape(*x.shape[:-1], self.groups, self.channels)

    def _at(self, places: tuple[slice, ...], tap: int | None = None) -> tuple[Any, ...]:
        every, taps = slice(None), () if tap is None else (tap,)
        return (every, every, *taps, every, *places) if self.few else (every, *places, every, *taps)
