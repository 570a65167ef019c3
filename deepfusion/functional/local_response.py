"""Sums over neighbouring channels."""

from typing import Any

Array = Any


def neighbour_sum(x: Array, before: int, after: int) -> Array:
    """For each channel of (B, C, ...) the sum of itself, `before` channels in front of it and `after` behind it.

    >>> import numpy as np
    >>> neighbour_sum(np.array([[1., 2., 3., 4.]]), 0, 1)
    array([[3., 5., 7., 4.]])
    """
    total = x.copy()
    channels = x.shape[1]
    for step in range(1, min(max(before, after) + 1, channels)):        # one pass for each step, not each channel
        if step <= before:
            total[:, step:] += x[:, :channels - step]
        if step <= after:
            total[:, :channels - step] += x[:, step:]
    return total
