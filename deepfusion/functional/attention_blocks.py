"""Attention in blocks of queries and keys: the weights are never all there, so memory grows with the length of the
sequences and not with its square. Backward makes each block of weights again.

Forward keeps, for each query, the largest score so far and the sum of exponentials relative to it (Milakov and
Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention", algorithms 1 and 4).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from deepfusion.functional.attention import causal_bias
from deepfusion.functional.broadcasting import unbroadcast
from deepfusion.functional.parallel import split
from deepfusion.functional.random import keep_mask_from
from deepfusion.functional.workspace import empty

Array = Any


class Blocks(NamedTuple):
    """How to go about it: block size, whether queries see only keys up to their own place, dropout."""

    size: int
    causal: bool = False
    p_keep: float = 1.0
    seed: int = 0


def blockwise_forward(xp: Any, q: Array, k: Array, v: Array, biases: Sequence[Array], blocks: Blocks,
                      out: Array = None) -> tuple[Array, tuple[Any, ...]]:
    """As `attention_forward`."""
    batch = max(len(array) for array in (q, k, v, *biases))
    q, k, v = (xp.broadcast_to(array, (batch, *array.shape[1:])) for array in (q, k, v))
    if out is None:
        out = empty(xp, (batch, q.shape[2], q.shape[1], v.shape[3]), q.dtype).transpose(0, 2, 1, 3)
    log_sums = xp.empty((*q.shape[:3], 1), q.dtype)
    rows = _cuts(q.shape[2], blocks.size)

    def part(share: slice) -> None:
        for i in rows[share]:
            top = xp.full((*q.shape[:2], i.stop - i.start, 1), -xp.inf, q.dtype)
            total, result, shift = xp.zeros_like(top), xp.zeros((*top.shape[:3], v.shape[3]), q.dtype), top
            for j, s, factor in _scores(xp, q, k, biases, blocks, i):
                new = xp.maximum(top, s.max(axis=3, keepdims=True))
                shift = xp.where(new > -xp.inf, new, 0)
                s -= shift
                xp.exp(s, out=s)
                shrink = xp.exp(top - shift)
                total = total * shrink + s.sum(axis=3, keepdims=True)
                result *= shrink
                result += (s if factor is None else s * factor) @ v[:, :, j]
                top = new
            total += total == 0
            out[:, :, i] = result / total
            log_sums[:, :, i] = shift + xp.log(total)

    split(xp, part, len(rows), batch * q.shape[1] * q.shape[2] * k.shape[2])
    return out, (q, k, v, biases, blocks, log_sums, out)


def blockwise_backward(xp: Any, deriv: Array, saved: tuple[Any, ...], wanted: Sequence[int] = (),
                       into: tuple[Array, ...] | None = None) -> tuple[Array, Array, Array, list[Array]]:
    """As `attention_backward`."""
    q, k, v, biases, blocks, log_sums, out = saved
    dq, dk, dv = into or tuple(empty(xp, array.shape, array.dtype) for array in (q, k, v))
    along = (deriv * out).sum(axis=3, keepdims=True)
    rows = _cuts(q.shape[2], blocks.size)

    def part(share: slice) -> tuple[Array, Array, list[Array]]:
        # Every thread adds up derivatives of keys, values and biases of its own.
        to_k, to_v = xp.zeros(dk.shape, dk.dtype), xp.zeros(dv.shape, dv.dtype)
        to_biases = [xp.zeros_like(biases[n]) for n in wanted]
        for i in rows[share]:
            d, to_q = deriv[:, :, i], 0
            for j, s, factor in _scores(xp, q, k, biases, blocks, i):
                s -= log_sums[:, :, i]
                weights = xp.exp(s, out=s)
                ds = d @ v[:, :, j].swapaxes(2, 3)
                if factor is not None:
                    ds *= factor
                ds -= along[:, :, i]
                ds *= weights
                to_v[:, :, j] += (weights if factor is None else weights * factor).swapaxes(2, 3) @ d
                to_k[:, :, j] += ds.swapaxes(2, 3) @ q[:, :, i]
                to_q = ds @ k[:, :, j] + to_q
                for total, n in zip(to_biases, wanted, strict=True):
                    place = _place(biases[n], i, j)
                    total[place] += unbroadcast(ds, total[place].shape)
            dq[:, :, i] = to_q
        return to_k, to_v, to_biases

    parts: list[Any] = split(xp, part, len(rows), 3 * q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2])
    dk[...], dv[...] = (sum(found[n] for found in parts) for n in range(2))
    return dq, dk, dv, [sum(found[2][n] for found in parts) for n in range(len(wanted))]


def _cuts(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def _scores(xp: Any, q: Array, k: Array, biases: Sequence[Array], blocks: Blocks, i: slice
            ) -> Iterator[tuple[slice, Array, Array]]:
    """For a block of queries: each block of keys it may see, the scores, and the factors of dropout or None."""
    for j in _cuts(k.shape[2], blocks.size):
        if blocks.causal and j.start >= i.stop:
            return
        s = q[:, :, i] @ k[:, :, j].swapaxes(2, 3)
        for bias in biases:
            s += bias[_place(bias, i, j)]
        if blocks.causal and j.stop > i.start + 1:
            s += causal_bias(xp, s.shape[2], s.shape[3], s.dtype, i.start, j.start)
        factor = None
        if blocks.p_keep < 1:
            factor = keep_mask_from(xp, (blocks.seed, i.start, j.start), s.shape, blocks.p_keep).astype(s.dtype)
            factor /= blocks.p_keep
        yield j, s, factor


def _place(bias: Array, i: slice, j: slice) -> tuple[slice, ...]:
    """Where the block lies in an array of scores some of whose axes may be 1."""
    every = slice(None)
    return every, every, i if bias.shape[2] > 1 else every, j if bias.shape[3] > 1 else every
