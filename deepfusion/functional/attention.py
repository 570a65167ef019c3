"""Scaled dot-product attention, all heads and examples at once; q comes multiplied by its scale.

Arrays are (B, heads, T, width); those of batch 1 serve every example. Work runs over parts of the batch small
enough to stay in cache, spread over the cores. The exponentials are kept for backward, not divided by their
sums: dividing rows of the output instead, and of its derivative, spares two passes over (B, heads, Tq, Tk).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepfusion.functional.broadcasting import unbroadcast
from deepfusion.functional.parallel import product_into, split
from deepfusion.functional.workspace import empty

Array = Any

CACHED = 1 << 18        # scores a part of the batch should not exceed by much
LEAST = 1e-15           # sums of exponentials from this to its inverse are far from all limits


def attention_forward(xp: Any, q: Array, k: Array, v: Array, biases: Sequence[Array] = (), factor: Array = None,
                      out: Array = None) -> tuple[Array, tuple[Any, ...]]:
    """`softmax(q k^T + biases) v`, the weights multiplied by `factor` (of dropout) where given.

    Args:
        biases: Arrays that broadcast to (B, heads, Tq, Tk); -inf hides a key. A query that sees no key gets 0.
        out: Receives the result, (B, heads, Tq, width); a new array, (B, Tq, heads, width) in memory, if None.

    Returns:
        The result, and what `attention_backward` needs.
    """
    batch = max(len(array) for array in (q, k, v, *biases))
    q, k, v = (xp.broadcast_to(array, (batch, *array.shape[1:])) for array in (q, k, v))
    heads, queries, keys = q.shape[1], q.shape[2], k.shape[2]
    scores = empty(xp, (batch, heads, queries, keys), q.dtype)
    scale = xp.empty((batch, heads, queries, 1), q.dtype)
    if out is None:
        out = empty(xp, (batch, queries, heads, v.shape[3]), q.dtype).transpose(0, 2, 1, 3)
    ones = xp.ones((keys, 1), q.dtype)

    def part(share: slice) -> None:
        s, result = scores[share], out[share]
        total = None
        if xp is np:
            with np.errstate(over='ignore'):
                total = exponentials(share, shifted=False)
        if total is None or not (total.min() > LEAST and total.max() < 1 / LEAST):
            total = exponentials(share, shifted=True)
        scale[share] = 1 / (total + (total == 0))
        product_into(result, s if factor is None else s * factor[share], v[share], xp)
        result *= scale[share]

    def exponentials(share: slice, shifted: bool) -> Array:
        """Those of the scores, in their place, and their sums over the keys."""
        s = scores[share]
        product_into(s, q[share], k[share].swapaxes(2, 3), xp)
        for bias in biases:
            s += bias[share] if len(bias) > 1 else bias
        if shifted:
            top = s.max(axis=3, keepdims=True)
            s -= xp.where(top > -xp.inf, top, 0)
        xp.exp(s, out=s)
        return s @ ones                                     # a product sums rows faster than a reduction

    if batch:
        split(xp, part, batch, 4 * scores.size, at_most=4 * CACHED)
    return out, (q, k, v, biases, scores, scale, out, factor)


def attention_backward(xp: Any, deriv: Array, saved: tuple[Any, ...], wanted: Sequence[int] = (),
                       into: tuple[Array, ...] | None = None) -> tuple[Array, Array, Array, list[Array]]:
    """Derivatives of q, k, v (of the whole batch, also where one served all) and of the biases asked for.

    With weights P = softmax(.): `dv = P^T dy`, `dS = P (dy v^T - sum_e dy y)`, `dq = dS k`, `dk = dS^T q`.

    Args:
        wanted: Positions of the biases whose derivatives are needed.
        into: Arrays that receive the derivatives of q, k, v.
    """
    q, k, v, biases, scores, scale, out, factor = saved
    dq, dk, dv = into or tuple(empty(xp, array.shape, array.dtype) for array in (q, k, v))

    def part(share: slice) -> list[Array]:
        s = scores[share]
        d = deriv[share] * scale[share]
        along = xp.einsum('bhte,bhte->bht', d, out[share])[..., None]
        ds = xp.empty_like(s)
        product_into(ds, d, v[share].swapaxes(2, 3), xp)
        weights = s
        if factor is not None:
            ds *= factor[share]
            weights = s * factor[share]
        ds -= along
        ds *= s
        product_into(dv[share], weights.swapaxes(2, 3), d, xp)
        product_into(dq[share], ds, k[share], xp)
        product_into(dk[share], ds.swapaxes(2, 3), q[share], xp)
        return [unbroadcast(ds, (len(ds) if len(biases[i]) > 1 else 1, *biases[i].shape[1:])) for i in wanted]

    parts = split(xp, part, len(q), 4 * scores.size, at_most=4 * CACHED)
    return dq, dk, dv, [_joined(xp, [found[n] for found in parts], len(biases[i]) > 1) for n, i in enumerate(wanted)]


def attention_weights(saved: tuple[Any, ...]) -> Array:
    """How much each query takes from each key, (B, heads, Tq, Tk), before dropout."""
    return saved[4] * saved[5]


def _joined(xp: Any, parts: list[Array], per_example: bool) -> Array:
    if per_example:
        return xp.concatenate(parts)
    total = parts[0]
    for more in parts[1:]:
        total = total + more
    return total


def as_bias(xp: Any, mask: Array, dtype: Any) -> Array:
    """What is added to scores for a mask: itself where it holds floats; else 0 where it is true, -inf where not."""
    if mask.dtype.kind == 'f':
        return mask
    return xp.where(mask != 0, xp.zeros((), dtype), xp.full((), -xp.inf, dtype))


def causal_bias(xp: Any, queries: int, keys: int, dtype: Any, first_query: int = 0, first_key: int = 0) -> Array:
    """(1, 1, Tq, Tk): -inf for keys that come after the query."""
    sees = xp.arange(first_key, first_key + keys)[None] <= xp.arange(first_query, first_query + queries)[:, None]
    return as_bias(xp, sees, dtype)[None, None]
