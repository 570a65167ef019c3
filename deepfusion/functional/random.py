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


def normal(xp: Any, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers, float64, on the device of `xp`."""
    return xp.asarray(np.random.randn(*shape))
