"""Normalizing the channels of (B, C, ...) arrays over batch and places, in either order of memory.

The work goes block by block, each small enough to stay in cache, so arrays cross memory only once for a
statistic and once for a result. What is saved for backward is the input itself. Results are made as `s x + t`,
which is as exact as x itself is known.
"""

from dataclasses import dataclass
from math import gcd, prod
from typing import Any

from deepfusion.functional.parallel import BLOCK, split
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any

FIRST = 8             # rows or planes of a block that tell about where its values lie
FAR = 4               # deviations from 0 up to which a mean is near enough for plain sums of squares
PIECE = 1 << 17       # numbers that stay in a core's cache through a few passes
# Numbers in a row, where channels lie last: with fewer, time goes into starting NumPy's loops. What combines a row with
# each of many rows wants as many as NumPy's buffers hold (`numpy.getbufsize`): shorter rows are copied there first.
ROW, LONG_ROW = 1 << 10, 1 << 13


@dataclass(frozen=True)
class Channels:
    """How an array (B, C, ...) is walked: channels first as (B, C, L); channels last as rows (B*L / fold, fold*C)."""

    shape: tuple[int, ...]
    fold: int         # 0 where channels lie first

    @classmethod
    def of(cls, x: Array, row: int = ROW) -> 'Channels':
        """The way that needs no copy of x, if there is one, in rows of about that many numbers."""
        last = x.ndim == 2 or (not x.flags.c_contiguous and _channels_last(x).flags.c_contiguous)
        places = x.size // max(1, x.shape[1])
        most = 1 << max(0, (row // max(1, x.shape[1])).bit_length() - 1)
        return cls(tuple(x.shape), gcd(places, most) if last and places else int(last))

    @property
    def count(self) -> int:
        """Values per channel."""
        return self.shape[0] * prod(self.shape[2:])

    def walk(self, a: Array) -> Array:
        """An array of the same shape, as rows or planes."""
        batch, channels = self.shape[:2]
        if not self.fold:
            return a.reshape(batch, channels, self.count // max(1, batch))
        return _channels_last(a).reshape(self.count // self.fold, self.fold * channels)

    def back(self, walked: Array) -> Array:
        """The reverse of `walk`."""
        if not self.fold or len(self.shape) == 2:
            return walked.reshape(self.shape)
        last = walked.reshape(self.shape[:1] + self.shape[2:] + self.shape[1:2])
        return last.transpose(0, last.ndim - 1, *range(1, last.ndim - 1))

    def sums(self, xp: Any, block: Array) -> Array:
        """The sum of each channel: a product with ones, which is the fastest way to add."""
        if self.fold:
            return (xp.ones((1, block.shape[0]), block.dtype) @ block).reshape(self.fold, -1).sum(axis=0)
        rows = block.reshape(-1, block.shape[2])
        return (rows @ xp.ones(block.shape[2], block.dtype)).reshape(block.shape[:2]).sum(axis=0)

    def products(self, xp: Any, a: Array, b: Array) -> Array:
        """The sum of `a b` for each channel."""
        if self.fold:
            return xp.einsum('nc,nc->c', a, b).reshape(self.fold, -1).sum(axis=0)
        return xp.einsum('bci,bci->c', a, b)

    def spread(self, xp: Any, values: Array) -> Array:
        """One number per channel, ready to be combined with a block."""
        return values[None].repeat(self.fold, axis=0).reshape(-1) if self.fold else values[:, None]


def _channels_last(x: Array) -> Array:
    return x.transpose(0, *range(2, x.ndim), 1)


def channel_statistics(x: Array) -> tuple[Array, Array]:
    """Mean and (biased) variance of each channel of (B, C, ...).

    Sums are put together in float64, and the variance is the mean square less the squared mean. Where that loses
    digits, as a mean lies more than FAR deviations from 0, all is measured around the mean instead, at the cost of
    another pass: an offset many times the deviation does no harm. Reference: Chan, Golub and LeVeque 1983, "Algorithms
    for computing the sample variance", equations 1.1, 1.7 and 2.1.
    """
    xp, way = array_module(x), Channels.of(x)
    walked = way.walk(x)

    def measure(share: slice) -> tuple[Array, Array]:
        block = walked[share]
        return way.sums(xp, block).astype(float), way.products(xp, block, block).astype(float)

    blocks = split(xp, measure, walked.shape[0], x.size, BLOCK)
    mean, variance = (sum(block[k] for block in blocks) / way.count for k in range(2))
    variance -= mean * mean
    if not bool((mean * mean <= FAR * FAR * variance).all()):
        return _careful_statistics(xp, way, walked)
    return mean, variance


def _careful_statistics(xp: Any, way: Channels, walked: Array) -> tuple[Array, Array]:
    """The same; every block is measured around the mean of its first entries, which is then corrected by the mean of
    what is left."""
    def measure(share: slice) -> tuple[float, Array, Array]:
        block = walked[share]
        weight = block.shape[0] / walked.shape[0]
        first = block[:FIRST]
        mean = way.sums(xp, first) / (first.size // way.shape[1])
        block = block - way.spread(xp, mean)
        left = way.sums(xp, block).astype(float) / (weight * way.count)
        squares = way.products(xp, block, block).astype(float) / way.count - weight * left ** 2
        return weight, mean + left, squares

    blocks = split(xp, measure, walked.shape[0], walked.size, BLOCK)
    mean = sum(weight * m for weight, m, _ in blocks)
    variance = sum(squares + weight * (m - mean) ** 2 for weight, m, squares in blocks)
    return mean, variance


def normalize_channels(x: Array, mean: Array, scale: Array, shift: Array) -> Array:
    """`(x - mean) scale + shift`, with one number per channel each."""
    xp, way = array_module(x), Channels.of(x, LONG_ROW)
    walked = way.walk(x)
    y = empty(xp, walked.shape, x.dtype)
    scale, shift = (way.spread(xp, v.astype(x.dtype)) for v in (scale, shift - scale * mean))

    def fill(share: slice) -> None:
        for piece in _pieces(walked, share):
            block = xp.multiply(walked[piece], scale, out=y[piece])
            block += shift

    split(xp, fill, walked.shape[0], x.size, BLOCK)
    return way.back(y)


def channel_sums(deriv: Array, x: Array, mean: Array, deviation: Array) -> tuple[Array, Array]:
    """`sum dy` and `sum dy (x - mean)` of each channel; the deviations tell whether the mean may be taken off at the
    end, as in `channel_statistics`."""
    xp, way = array_module(x), Channels.of(x)
    walked, d = way.walk(x), way.walk(deriv)
    far = not bool((abs(mean) <= FAR * deviation).all())
    middle = way.spread(xp, mean.astype(x.dtype)) if far else 0

    def measure(share: slice) -> tuple[Array, Array]:
        block = walked[share] - middle if far else walked[share]
        return way.sums(xp, d[share]).astype(float), way.products(xp, d[share], block).astype(float)

    blocks = split(xp, measure, walked.shape[0], x.size, BLOCK)
    total, product = (sum(block[k] for block in blocks) for k in range(2))
    return total, product if far else product - mean * total


def scale_channels(deriv: Array, x: Array, scale: Array) -> Array:
    """`dy scale`, with one number per channel, in the order of x."""
    xp, way = array_module(x), Channels.of(x, LONG_ROW)
    d = way.walk(deriv)
    dx, scale = empty(xp, d.shape, x.dtype), way.spread(xp, scale.astype(x.dtype))

    def fill(share: slice) -> None:
        xp.multiply(d[share], scale, out=dx[share])

    split(xp, fill, d.shape[0], x.size, BLOCK)
    return way.back(dx)


def combine_channels(deriv: Array, x: Array, mean: Array, a: Array, b: Array, c: Array) -> Array:
    """`a dy + b (x - mean) + c`, with one number per channel each."""
    xp, way = array_module(x), Channels.of(x, LONG_ROW)
    walked, d = way.walk(x), way.walk(deriv)
    dx = empty(xp, walked.shape, x.dtype)
    a, b, c = (way.spread(xp, v.astype(x.dtype)) for v in (a, b, c - b * mean))

    def fill(share: slice) -> None:
        for piece in _pieces(walked, share):
            block = xp.multiply(walked[piece], b, out=dx[piece])
            block += c
            block += d[piece] * a

    split(xp, fill, walked.shape[0], x.size, BLOCK)
    return way.back(dx)


def _pieces(walked: Array, share: slice) -> list[slice]:
    """A share in pieces that stay in cache through a few passes."""
    rows = share.stop - share.start
    step = max(1, PIECE * rows // max(1, walked[share].size))
    return [slice(first, min(first + step, share.stop)) for first in range(share.start, share.stop, step)]
