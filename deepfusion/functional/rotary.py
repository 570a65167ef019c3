"""Rotating pairs of features by angles that grow with the place in the sequence."""

from typing import Any

Array = Any


def angles(xp: Any, steps: int, width: int, base: float, dtype: Any) -> tuple[Array, Array]:
    """Cosines and sines (T, width / 2) of `t base^(-2i / width)`."""
    frequencies = base ** (-xp.arange(0, width, 2) / width)
    found = xp.arange(steps)[:, None] * frequencies
    return xp.cos(found).astype(dtype), xp.sin(found).astype(dtype)


def rotate(xp: Any, x: Array, turns: tuple[Array, Array], out: Array = None, back: bool = False) -> Array:
    """Rotate the pairs (0, 1), (2, 3), ... of the last axis of (..., T, width); `back` undoes it.

    Backward is the rotation back, since the inverse of a rotation is its transpose.
    """
    cosine, sine = turns
    even, odd = x[..., 0::2], x[..., 1::2]
    if back:
        sine = -sine
    turned_even, turned_odd = even * cosine - odd * sine, even * sine + odd * cosine
    out = xp.empty(x.shape, x.dtype) if out is None else out
    out[..., 0::2], out[..., 1::2] = turned_even, turned_odd
    return out
