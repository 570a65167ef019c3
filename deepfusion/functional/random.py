"""Random numbers: drawn from NumPy's global generator, so that one seed fixes a whole script, then moved."""

from typing import Any

import numpy as np

Array = Any


def uniform(xp: Any, shape: tuple[int, ...]) -> Array:
    """Numbers uniform in [0, 1), float64, on the device of `xp`."""
    return xp.asarray(np.random.rand(*shape))


def keep_mask(xp: Any, shape: tuple[int, ...], p_keep: float) -> Array:
    """Booleans that are True with probability `p_keep`."""
    return xp.asarray(np.random.rand(*shape) < p_keep)


def scaled_mask(xp: Any, x: Array, shape: tuple[int, ...], p_keep: float) -> Array:
    """1 / p_keep with probability `p_keep`, else 0, in the precision of x."""
    mask = keep_mask(xp, shape, p_keep).astype(x.dtype)
    mask /= float(p_keep)
    return mask


def normal(xp: Any, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers, float64, on the device of `xp`."""
    return xp.asarray(np.random.randn(*shape))


def seed() -> int:
    """A seed for numbers that are drawn piece by piece, and again for backward, with `keep_mask_from`."""
    return int(np.random.randint(2**31))


def keep_mask_from(xp: Any, seeds: tuple[int, ...], shape: tuple[int, ...], p_keep: float) -> Array:
    """As `keep_mask`, the same every time for the same seeds."""
    return xp.asarray(np.random.default_rng(seeds).random(shape) < p_keep)
