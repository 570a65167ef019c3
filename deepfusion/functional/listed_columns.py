"""Convolution as in `columns` where channels, filters and windows are few: by a list of where all entries lie.

Copies of one tap after the other are many calls, go through the volumes as often as a window has taps, and are slow
where rows are short or windows step over entries. So a list says for each entry of an example's windows where it comes
from, and one call takes all. Behind the example lie a 0, for the padding, and a 1: the last entry of each window, which
the bias is the filter of. Forward and backward take half to nine tenths of the time, in float64 and in float32.

    y[b, o, :] = (F, bias)[o] . rows[b]        rows: (B, groups, in / groups * taps + 1, places)

The rows are kept for backward.
"""

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from deepfusion.functional import columns
from deepfusion.functional.parallel import split, split_sum
from deepfusion.functional.windows import FEW, Windows, taps
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any
Derivatives = tuple[Array | None, Array | None, Array | None]

LIST = 1 << 16     # entries of the longest list, half a megabyte
BLOCK = 1 << 16    # entries that are taken at a time: few enough for what follows to find them in cache


def applies(x: Array, weight: Array, windows: Windows, groups: int) -> bool:
    """Whether this is the faster way for an input and filters."""
    if weight.shape[0] >= FEW or weight.shape[1] >= FEW or array_module(x) is not np:
        return False
    output = windows.output_size(x.shape[2:])
    if windows.taps == 1 and output == x.shape[2:]:         # the volumes are the rows
        return False
    size = prod(output) * (prod(weight.shape[1:]) + 1) * groups
    return size <= LIST and len(x) * size <= columns.KEPT


def forward(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int) -> tuple[Array, Array]:
    """The convolution of x (B, C, *spatial) with weight (out, C / groups, *size), plus bias (out,); and the rows."""
    output = windows.output_size(x.shape[2:])
    places = _places(windows, x.shape[1:], output, groups, bias is not None)
    matrix = weight.reshape(groups, len(weight) // groups, -1)
    if bias is not None:
        matrix = np.concatenate([matrix, bias.reshape(*matrix.shape[:2], 1)], axis=2)
    y = empty(np, (len(x), *matrix.shape[:2], prod(output)), x.dtype)
    rows = empty(np, (len(x), groups, matrix.shape[2], prod(output)), x.dtype)
    entries, taken = x.reshape(len(x), prod(x.shape[1:])), rows.reshape(len(x), places.size)
    count = max(1, BLOCK // places.size)

    def task(share: slice) -> None:
        known = np.empty((count, entries.shape[1] + 2), x.dtype)
        known[:, -2:] = 0, 1
        for start in range(share.start, share.stop, count):
            part = slice(start, min(start + count, share.stop))
            block = known[:part.stop - start]
            block[:, :-2] = entries[part]
            # Nothing needs clipping, but in its other modes NumPy takes into an array of its own first.
            np.take(block, places, axis=1, out=taken[part], mode='clip')
            np.matmul(matrix, rows[part], out=y[part])

    split(np, task, len(x), rows.size)
    return y.reshape(len(x), len(weight), *output), rows


def backward(deriv: Array, x: Array, weight: Array, windows: Windows, groups: int, rows: Array, wants_input: bool,
             wants_weight: bool, wants_bias: bool) -> Derivatives:
    """The derivatives of x, weight and bias from that of y; None for what is not wanted."""
    dx = columns.backward(deriv, windows, groups, x.shape[2:], weight.shape, weight)[0] if wants_input else None
    if not (wants_weight or wants_bias):
        return dx, None, None
    deriv = deriv.reshape(len(x), groups, len(weight) // groups, rows.shape[3])

    def task(share: slice) -> tuple[Array, ...]:
        return (np.matmul(deriv[share], rows[share].swapaxes(2, 3)).sum(axis=0),)

    (total,) = split_sum(np, task, len(x), rows.size)                             # (G, Og, K + 1)
    depth = prod(weight.shape[1:])
    return dx, np.ascontiguousarray(total[..., :depth]).reshape(weight.shape) if wants_weight else None, \
        total[..., -1].reshape(-1) if wants_bias else None


@lru_cache(maxsize=32)
def _places(windows: Windows, shape: tuple[int, ...], output: tuple[int, ...], groups: int, with_one: bool
            ) -> np.ndarray:
    """Where each entry of an example's windows lies in the example (C, *spatial), which a 0 and a 1 follow."""
    inputs = np.arange(prod(shape)).reshape(shape)
    met = np.full((shape[0], windows.taps, *output), inputs.size)
    for tap, inside, where in taps(windows, shape[1:], output):
        met[:, tap][:, *where] = inputs[:, *inside]
    found = met.reshape(groups, -1, prod(output))
    ones = np.full((groups, int(with_one), prod(output)), inputs.size + 1)
    return np.concatenate([found, ones], axis=1).reshape(-1)
