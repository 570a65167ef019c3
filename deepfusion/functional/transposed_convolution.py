"""Transposed convolution: the adjoint of a convolution, which spreads each entry over a window.

The weight (in, out / groups, *size) is that of the convolution from `out` channels to `in` whose adjoint it is, so
the three passes of convolution serve, in other roles.

Reference: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, chapter 4; the
conventions of `torch.nn.functional.conv_transpose2d`.
"""

from typing import Any

from deepfusion.functional.columns import bias_derivative
from deepfusion.functional.convolution import Derivatives, direct, input_derivative, weight_derivative
from deepfusion.functional.windows import Windows

Array = Any


def output_size(windows: Windows, spatial: tuple[int, ...], output_padding: tuple[int, ...]) -> tuple[int, ...]:
    """The size of the output: what the windows reach, less the padding, plus `output_padding` at the end."""
    return tuple((n - 1) * s + e - sum(p) + extra for n, s, e, p, extra in zip(
        spatial, windows.stride, windows.extent, windows.padding, output_padding, strict=True))


def transposed_convolve(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int,
                        output: tuple[int, ...]) -> Array:
    """Spread x (B, in, *spatial) by weight (in, out / groups, *size) over (B, out, *output), plus bias (out,)."""
    y = input_derivative(x, weight, windows, groups, output)
    if bias is not None:
        y += bias.reshape((-1,) + (1,) * len(output))
    return y


def transposed_convolve_backward(deriv: Array, x: Array, weight: Array, windows: Windows, groups: int,
                                 wants_input: bool = True, wants_weight: bool = True, wants_bias: bool = True
                                 ) -> Derivatives:
    """The derivatives of x, weight and bias from that of y; None for what is not wanted."""
    db = bias_derivative(deriv) if wants_bias else None
    windows, reached = _windows_reaching(windows, x.shape[2:], deriv.shape[2:])
    deriv = deriv[(slice(None), slice(None), *(slice(n) for n in reached))]
    dx = direct(deriv, weight, None, windows, groups) if wants_input else None
    dw = weight_derivative(x, deriv, windows, groups, weight.shape) if wants_weight else None
    return dx, dw, db


def _windows_reaching(windows: Windows, spatial: tuple[int, ...], output: tuple[int, ...]
                      ) -> tuple[Windows, tuple[int, ...]]:
    """The part of the output that windows reach, and those windows padded so that exactly they fit into it."""
    padding, reached = [], []
    for n, out, s, e, (before, _) in zip(
            spatial, output, windows.stride, windows.extent, windows.padding, strict=True):
        end = (n - 1) * s + e - before
        reached.append(min(out, end))
        padding.append((before, end - reached[-1]))
    return windows._replace(padding=tuple(padding)), tuple(reached)
