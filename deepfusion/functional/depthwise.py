"""Convolution in which each channel has filters of its own: a multiplication per tap, no matrix product.

    y[b, c, m, o] = sum over taps F[c, m, tap] x[b, c, o * stride + tap]

Reference: F. Chollet, Xception: deep learning with depthwise separable convolutions, CVPR 2017; the
conventions of `torch.nn.functional.conv2d` with as many groups as channels.
"""

from typing import Any

from deepfusion.functional.parallel import BLOCK, split, split_sum
from deepfusion.functional.windows import Windows, channels_first, channels_last, taps
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows) -> Array:
    """The convolution of x (B, C, *spatial) with weight (C * m, 1, *size), plus bias (C * m,)."""
    xp = array_module(x)
    channels, output = x.shape[1], windows.output_size(x.shape[2:])
    x, filters = _with_multiples(xp.ascontiguousarray(channels_last(x)), 1), _filters(weight, channels)
    y = empty(xp, (x.shape[0],) + output + filters.shape[1:], x.dtype)

    def task(share: slice) -> None:
        y[share] = 0
        for tap, inside, met in taps(windows, x.shape[1:-2], output):
            y[(share, *met)] += x[(share, *inside)] * filters[tap]
        if bias is not None:
            y[share] += bias.reshape(filters.shape[1:])

    split(xp, task, len(x), y.size, BLOCK)
    return channels_first(y.reshape(y.shape[:-2] + (-1,)))


def weight_derivative(deriv: Array, x: Array, windows: Windows, shape: tuple[int, ...]) -> Array:
    """The derivative of the filters, of `shape`, from that of the output."""
    xp = array_module(x)
    x = _with_multiples(xp.ascontiguousarray(channels_last(x)), 1)
    deriv = _with_multiples(xp.ascontiguousarray(channels_last(deriv)), shape[0] // x.shape[-2])

    def task(share: slice) -> tuple[Array]:
        filters = xp.zeros((windows.taps,) + deriv.shape[-2:], x.dtype)
        for tap, inside, met in taps(windows, x.shape[1:-2], deriv.shape[1:-2]):
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

    def task(share: slice) -> None:
        dx[share] = 0
        for tap, inside, met in taps(windows, spatial, deriv.shape[1:-2]):
            products = deriv[(share, *met)] * filters[tap]
            dx[(share, *inside)] += products[..., 0] if products.shape[-1] == 1 else products.sum(axis=-1)

    split(xp, task, len(dx), deriv.size, BLOCK)
    return channels_first(dx)


def _with_multiples(x: Array, multiple: int) -> Array:
    """(B, *places, C * m) -> (B, *places, C, m)"""
    return x.reshape(x.shape[:-1] + (-1, multiple))


def _filters(weight: Array, channels: int) -> Array:
    """(C * m, 1, *size) -> (taps, C, m)"""
    return weight.reshape(channels, weight.shape[0] // channels, -1).transpose(2, 0, 1).copy()
