"""Convolution as a matrix product: each window's entries become one row, each filter one column.

Serves any number of axes, stride, padding, dilation and groups. Volumes are (B, C, *spatial); the batch is
worked through in blocks whose rows stay in cache, so the rows are never all in memory, nor kept for backward.
A window of one entry needs no rows of its own: the volume is the matrix.

    y[b, :, o] = F . x[b, :, windows of o]        F: (out, in / groups, *size)

Reference: K. Chellapilla, S. Puri, P. Simard, High performance convolutional neural networks for document
processing, 2006; the conventions of `torch.nn.functional.conv2d` (a cross-correlation).
"""

from typing import Any

from deepfusion.functional.parallel import product_into, split
from deepfusion.functional.windows import Windows, channels_first, channels_last, taps
from deepfusion.utils.backend import array_module

Array = Any
BLOCK = 1 << 19    # numbers in a block of rows: 2 MB of float32, a core's cache


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int) -> Array:
    """The convolution of x (B, C, *spatial) with weight (out, C / groups, *size), plus bias (out,)."""
    xp = array_module(x)
    output = windows.output_size(x.shape[2:])
    x = xp.ascontiguousarray(channels_last(x))
    matrix = _weight_matrix(weight, groups)                                     # (G, taps * Cg, Og)
    y = xp.empty((x.shape[0],) + output + (weight.shape[0],), x.dtype)

    def task(share: slice) -> None:
        rows = _gather(xp, x[share], windows, output, groups)                   # (G, B * places, taps * Cg)
        product_into(_by_group(y[share], groups), rows, matrix, xp)
        if bias is not None:
            y[share] += bias

    split(xp, task, len(x), _size(x, windows, output), BLOCK)
    return channels_first(y)


def weight_derivative(deriv: Array, x: Array, windows: Windows, groups: int, shape: tuple[int, ...]) -> Array:
    """The derivative of the filters, of `shape`, from that of the output."""
    xp = array_module(x)
    x, deriv = xp.ascontiguousarray(channels_last(x)), xp.ascontiguousarray(channels_last(deriv))
    output = deriv.shape[1:-1]

    def task(share: slice) -> Array:
        rows = _gather(xp, x[share], windows, output, groups)
        return xp.matmul(rows.transpose(0, 2, 1), _by_group(deriv[share], groups))

    parts = split(xp, task, len(x), _size(x, windows, output), BLOCK)
    total = sum(parts[1:], start=parts[0])                                      # (G, taps * Cg, Og)
    total = total.reshape(groups, windows.taps, shape[1], shape[0] // groups)
    return xp.ascontiguousarray(total.transpose(0, 3, 2, 1)).reshape(shape)


def input_derivative(deriv: Array, weight: Array, windows: Windows, groups: int, spatial: tuple[int, ...]
                     ) -> Array:
    """The derivative of the input, of size `spatial`, from that of the output: each row is added back to where
    its entries came from. This is also the forward pass of a transposed convolution."""
    xp = array_module(deriv)
    deriv = xp.ascontiguousarray(channels_last(deriv))
    matrix = _weight_matrix(weight, groups).transpose(0, 2, 1)                  # (G, Og, taps * Cg)
    dx = xp.empty((deriv.shape[0],) + spatial + (weight.shape[1] * groups,), deriv.dtype)

    def task(share: slice) -> None:
        _scatter(xp, _by_group(deriv[share], groups), matrix, dx[share], windows, deriv.shape[1:-1])

    split(xp, task, len(dx), _size(dx, windows, deriv.shape[1:-1]), BLOCK)
    return channels_first(dx)


def _size(x: Array, windows: Windows, output: tuple[int, ...]) -> int:
    size = x.shape[0] * x.shape[-1] * windows.taps
    for n in output:
        size *= n
    return size


def _weight_matrix(weight: Array, groups: int) -> Array:
    """(out, Cg, *size) -> (G, taps * Cg, Og), a transposed view, since copying row by row is several times faster"""
    out, channels = weight.shape[:2]
    matrix = weight.reshape(groups, out // groups, channels, -1).transpose(0, 1, 3, 2)
    return matrix.reshape(groups, out // groups, -1).transpose(0, 2, 1)


def _by_group(x: Array, groups: int) -> Array:
    """(B, *places, C) -> (G, B * places, Cg), a view"""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


def _is_matrix(windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...]) -> bool:
    return windows.taps == 1 and output == spatial and not any(map(any, windows.padding))


def _gather(xp: Any, x: Array, windows: Windows, output: tuple[int, ...], groups: int) -> Array:
    """(B, *spatial, C) -> (G, B * places, taps * Cg)"""
    batch, spatial, channels = x.shape[0], x.shape[1:-1], x.shape[-1]
    if _is_matrix(windows, spatial, output):
        return _by_group(x, groups)
    make = xp.zeros if any(map(any, windows.padding)) else xp.empty             # what lies in the padding is 0
    rows = make((batch,) + output + (groups, windows.taps, channels // groups), x.dtype)
    x = x.reshape(x.shape[:-1] + (groups, channels // groups))
    for tap, inside, met in taps(windows, spatial, output):
        rows[(slice(None), *met, slice(None), tap)] = x[(slice(None), *inside)]
    return rows.reshape(-1, groups, windows.taps * (channels // groups)).transpose(1, 0, 2)


def _scatter(xp: Any, deriv: Array, matrix: Array, dx: Array, windows: Windows, output: tuple[int, ...]) -> None:
    """The adjoint of `_gather`, of deriv (G, B * places, Og) times matrix (G, Og, taps * Cg), into dx."""
    batch, spatial, channels = dx.shape[0], dx.shape[1:-1], dx.shape[-1]
    groups = matrix.shape[0]
    if _is_matrix(windows, spatial, output):
        return product_into(_by_group(dx, groups), deriv, matrix, xp)
    rows = xp.empty((deriv.shape[1], groups, matrix.shape[2]), dx.dtype)        # (B * places, G, taps * Cg)
    product_into(rows.transpose(1, 0, 2), deriv, matrix, xp)
    rows = rows.reshape((batch,) + output + (groups, windows.taps, channels // groups))
    dx[...] = 0
    dx = dx.reshape(dx.shape[:-1] + (groups, channels // groups))
    for tap, inside, met in taps(windows, spatial, output):
        dx[(slice(None), *inside)] += rows[(slice(None), *met, slice(None), tap)]
