"""Convolution over any number of axes, by the algorithm that suits its shape.

`convolve` and `convolve_backward` are what modules call. Which algorithm runs is chosen for each shape; a
setting overrules the choice:

| setting | where it applies |
|---|---|
| 'auto' | the fastest, in float64 always 'im2col' |
| 'im2col' | everywhere: products of the windows' entries, the most exact |
| 'winograd2' | 3x3, stride 1: F(2, 3), float32 error below 1e-6 of the largest value; elsewhere im2col |
| 'winograd4' | 3x3, stride 1: F(4, 3), float32 error of about 4e-6; elsewhere im2col |

So 'winograd2' and 'im2col' refuse F(4, 3). The environment variable `DEEPFUSION_CONVOLUTION` sets the default.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from deepfusion.functional import columns, depthwise, listed_columns, winograd
from deepfusion.functional.elementwise import rectify
from deepfusion.functional.windows import Windows
from deepfusion.functional.winograd_filters import KeptFilters, scaled
from deepfusion.utils.backend import array_module
from deepfusion.utils.names import look_up

Array = Any
Derivatives = tuple[Array | None, Array | None, Array | None]

ALGORITHMS = {'auto': None, 'im2col': 0, 'winograd2': 2, 'winograd4': 4}
_setting = os.environ.get('DEEPFUSION_CONVOLUTION', 'auto')


def set_algorithm(name: str) -> None:
    """Choose how convolutions are computed from now on, see the module's table."""
    global _setting
    look_up(name, ALGORITHMS, 'convolution algorithm')
    _setting = name


@contextmanager
def use_algorithm(name: str) -> Iterator[None]:
    """Within this scope convolutions are computed in that way.

    >>> with use_algorithm('im2col'):
    ...     print(tile_size((64, 64, 16, 16), 64, np.dtype('float32')))
    0
    """
    before = _setting
    set_algorithm(name)
    try:
        yield
    finally:
        set_algorithm(before)


def tile_size(shape: tuple[int, ...], filters: int, dtype: Any) -> int:
    """Width of Winograd's tiles for an input of that shape and 3x3 filters of stride 1; 0: not Winograd.

    Forward and both backward passes, best of several runs on 2 cores, float32, batch 64, ms:

    | channels, filters, size | im2col | F(2, 3) | F(4, 3) |
    |---|---|---|---|
    | 32, 64, 16x16 | 16.0 | 17.0 | 8.1 |
    | 64, 64, 16x16 | 32.0 | 27.8 | 12.5 |
    | 128, 128, 8x8 | 21.8 | 16.4 | 11.1 |
    | 256, 256, 8x8 | 71.2 | 39.5 | 28.1 |
    | 256, 256, 4x4 | 22.2 | 15.4 | 9.4 |
    | 512, 512, 4x4 | 89.0 | 38.5 | 38.0 |

    Up to 64x64 pixels F(4, 3) keeps winning. With few channels (3 to 32 at 32x32: 8.7, 20.2, 12.1) or few tiles the
    transforms cost more than they save.
    """
    chosen = look_up(_setting, ALGORITHMS, 'convolution algorithm')
    if chosen is not None:
        return chosen
    tiles = shape[0] * -(-shape[2] // 4) * -(-shape[3] // 4)
    if dtype != np.float32 or min(shape[1], filters) < 16 or tiles < 16:
        return 0
    return 4


def convolve(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int = 1,
             kept: KeptFilters | None = None, scale: Array | None = None, positive: bool = False
             ) -> tuple[Array, tuple[Any, ...]]:
    """The cross-correlation of x (B, C, *spatial) with weight (out, C / groups, *size), plus bias (out,).

    Args:
        kept: Where to keep the filters in the form that the algorithm wants, for as long as they stay the same.
        scale: A number (out,) that each filter is multiplied by beforehand. `convolve_backward` gives the derivative
            of the filters so multiplied.
        positive: Whether a ReLU is part of it: while a part of the result is in cache, its negative entries become 0.
            `convolve_backward` wants the derivative from before it.

    Returns:
        y (B, out, *output), channels-last in memory, and what `convolve_backward` needs.
    """
    if winograd.applies(windows, groups) and array_module(x) is np and len(x):
        m = tile_size(x.shape, weight.shape[0], x.dtype)
        if m:
            y, saved = winograd.forward(x, weight, bias, windows, m, kept, scale, positive)
            return y, (winograd.backward, *saved)
    weight, backward = scaled(weight, scale), _direct_backward
    if _is_depthwise(weight, groups):
        y, rows = depthwise.forward(x, weight, bias, windows), None
    elif listed_columns.applies(x, weight, windows, groups):
        (y, rows), backward = listed_columns.forward(x, weight, bias, windows, groups), listed_columns.backward
    else:
        y, rows = columns.forward(x, weight, bias, windows, groups, positive)
        positive = False        # done
    if positive:
        rectify(y)
    return y, (backward, x, weight, windows, groups, rows)


def convolve_backward(deriv: Array, saved: tuple[Any, ...], wants_input: bool = True, wants_weight: bool = True,
                      wants_bias: bool = True) -> Derivatives:
    """The derivatives of x, weight and bias from that of y; None for what is not wanted."""
    backward, *rest = saved
    return backward(deriv, *rest, wants_input, wants_weight, wants_bias)


def direct(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int) -> Array:
    """`convolve` without Winograd and without what backward needs."""
    if _is_depthwise(weight, groups):
        return depthwise.forward(x, weight, bias, windows)
    return columns.forward(x, weight, bias, windows, groups)[0]


def input_derivative(deriv: Array, weight: Array, windows: Windows, groups: int, spatial: tuple[int, ...]) -> Array:
    """The derivative of x, of size `spatial`, from that of y; also the forward pass of a transposed convolution."""
    if _is_depthwise(weight, groups):
        return depthwise.input_derivative(deriv, weight, windows, groups, spatial)
    return columns.backward(deriv, windows, groups, spatial, weight.shape, weight)[0]


def weight_derivative(deriv: Array, x: Array, windows: Windows, groups: int, shape: tuple[int, ...]) -> Array:
    """The derivative of the filters, of `shape`, from that of y."""
    if groups > 1 and shape[1] == 1:
        return depthwise.weight_derivative(deriv, x, windows, shape)
    return columns.backward(deriv, windows, groups, x.shape[2:], shape, x=x)[1]


def _is_depthwise(weight: Array, groups: int) -> bool:
    return groups > 1 and weight.shape[1] == 1


def _direct_backward(deriv: Array, x: Array, weight: Array, windows: Windows, groups: int, rows: Array | None,
                     wants_input: bool, wants_weight: bool, wants_bias: bool) -> Derivatives:
    if not _is_depthwise(weight, groups):
        return columns.backward(deriv, windows, groups, x.shape[2:], weight.shape, weight if wants_input else None,
                                x if wants_weight else None, rows, wants_bias)
    dx = input_derivative(deriv, weight, windows, groups, x.shape[2:]) if wants_input else None
    dw = weight_derivative(deriv, x, windows, groups, weight.shape) if wants_weight else None
    return dx, dw, columns.bias_derivative(deriv) if wants_bias else None
