"""Convolution in which each channel has filters of its own: a multiplication per tap, no matrix product.

    y[b, c, m, o] = sum over taps F[c, m, tap] x[b, c, o * stride + tap]

In general taps are gone through one by one. One filter a channel (m = 1), the usual case, takes one `einsum` over a
view of all windows on the CPU: it multiplies and adds in one pass, where two operations make two. Where windows are
next to one another, rows (W, C) are one axis, since loops along a long axis are quicker.

Reference: F. Chollet, Xception: deep learning with depthwise separable convolutions, CVPR 2017; the
conventions of `torch.nn.functional.conv2d` with as many groups as channels.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from deepfusion.functional.parallel import BLOCK, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last, framed, taps
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any

AXES = 'abcdefghijklm'


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows) -> Array:
    """The convolution of x (B, C, *spatial) with weight (C * m, 1, *size), plus bias (C * m,)."""
    xp = array_module(x)
    channels, output = x.shape[1], windows.output_size(x.shape[2:])
    x, filters = _with_multiples(xp.ascontiguousarray(channels_last(x)), 1), _filters(weight, channels)
    y = empty(xp, (x.shape[0],) + output + filters.shape[1:], x.dtype)
    if xp is np and filters.shape[2] == 1:
        _correlate(y[..., 0], x[..., 0], filters[..., 0], windows, bias)
        return channels_first(y[..., 0])

    def task(share: slice) -> None:
        y[share] = 0
        for tap, inside, met in taps(windows, x.shape[1:-2], output):
            y[(share, *met)] += x[(share, *inside)] * filters[tap]
        if bias is not None:
            y[share] += bias.reshape(filters.shape[1:])

    split(xp, task, len(x), y.size, BLOCK)
    return channels_first(y.reshape(*y.shape[:-2], len(weight)))


def weight_derivative(deriv: Array, x: Array, windows: Windows, shape: tuple[int, ...]) -> Array:
    """The derivative of the filters, of `shape`, from that of the output."""
    xp = array_module(x)
    x = _with_multiples(xp.ascontiguousarray(channels_last(x)), 1)
    deriv = _with_multiples(xp.ascontiguousarray(channels_last(deriv)), shape[0] // x.shape[-2])

    def task(share: slice) -> tuple[Array]:
        filters = xp.zeros((windows.taps,) + deriv.shape[-2:], x.dtype)
        for tap, inside, met in taps(windows, x.shape[1:-2], deriv.shape[1:-2]):
            if deriv.shape[-1] == 1:
                one, other = x[(share, *inside)][..., 0], deriv[(share, *met)][..., 0]
                filters[tap, :, 0] = xp.einsum(f'{AXES[:one.ndim]},{AXES[:one.ndim]}->{AXES[one.ndim - 1]}', one, other)
                continue
            products = x[(share, *inside)] * deriv[(share, *met)]
            filters[tap] = products.reshape((-1,) + deriv.shape[-2:]).sum(axis=0)
        return (filters,)

    (total,) = split_sum(xp, task, len(x), deriv.size, BLOCK)                    # (taps, C, m)
    return xp.ascontiguousarray(total.transpose(1, 2, 0)).reshape(shape)


def input_derivative(deriv: Array, weight: Array, windows: Windows, channels: int, spatial: tuple[int, ...]
                     ) -> Array:
    """The derivative of the input, of size `spatial`, from that of the output."""
    xp = array_module(deriv)
    filters = _filters(weight, channels)
    deriv = _with_multiples(xp.ascontiguousarray(channels_last(deriv)), filters.shape[-1])
    dx = empty(xp, (deriv.shape[0],) + spatial + (channels,), deriv.dtype)
    if xp is np and filters.shape[2] == 1 and set(windows.stride) == {1}:
        # The same with filters turned round, and padding that makes up for the other end of the window.
        padding = tuple((e - 1 - before, n - o + before) for (before, _), e, n, o in zip(
            windows.padding, windows.extent, spatial, deriv.shape[1:-2], strict=True))
        if min(map(min, padding)) >= 0:
            _correlate(dx, deriv[..., 0], filters[::-1, :, 0], windows._replace(padding=padding), None)
            return channels_first(dx)

    def task(share: slice) -> None:
        dx[share] = 0
        for tap, inside, met in taps(windows, spatial, deriv.shape[1:-2]):
            products = deriv[(share, *met)] * filters[tap]
            dx[(share, *inside)] += products[..., 0] if products.shape[-1] == 1 else products.sum(axis=-1)

    split(xp, task, len(dx), deriv.size, BLOCK)
    return channels_first(dx)


def _correlate(y: Array, x: Array, filters: Array, windows: Windows, bias: Array | None) -> None:
    """The convolution of x (B, *spatial, C) with filters (taps, C), one for each channel, into y (B, *places, C)."""
    rank, channels = len(windows.size), x.shape[-1]
    output = y.shape[1:-1]
    filters = filters.reshape(*windows.size, 1, channels)
    side_by_side = windows.stride[-1] == 1
    if side_by_side:
        filters = np.repeat(filters, output[-1], axis=-2)
    filters = np.ascontiguousarray(filters).reshape(*windows.size, -1)
    places, steps, last = AXES[1:1 + rank - side_by_side], AXES[4:4 + rank], AXES[8]
    formula = f'{AXES[0]}{places}{steps}{last},{steps}{last}->{AXES[0]}{places}{last}'
    shape = (*output[:rank - side_by_side], *windows.size, filters.shape[-1])

    def task(share: slice) -> None:
        padded = framed(np, x[share], windows, output, 1)
        along = padded.strides
        places = tuple(a * s for a, s in zip(along[1:-1], windows.stride, strict=True))[:rank - side_by_side]
        steps = tuple(a * d for a, d in zip(along[1:-1], windows.dilation, strict=True))
        view = as_strided(padded, (len(padded), *shape), (along[0], *places, *steps, along[-1]), writeable=False)
        part = y[share].reshape(len(padded), *shape[:rank - side_by_side], shape[-1])
        np.einsum(formula, view, filters, out=part)
        if bias is not None:
            y[share] += bias

    split(np, task, len(x), y.size, BLOCK)


def _with_multiples(x: Array, multiple: int) -> Array:
    """(B, *places, C * m) -> (B, *places, C, m)"""
    return x.reshape(*x.shape[:-1], x.shape[-1] // multiple, multiple)


def _filters(weight: Array, channels: int) -> Array:
    """(C * m, 1, *size) -> (taps, C, m)"""
    return weight.reshape(channels, weight.shape[0] // channels, -1).transpose(2, 0, 1).copy()
