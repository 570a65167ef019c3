"""How the entries of a loss become one number."""

from typing import Any

from deepfusion.utils.backend import array_module

Array = Any

REDUCTIONS = {name: name for name in ('mean', 'sum', 'none')}


def reduce_loss(entries: Array, reduction: str, count: Any) -> tuple[Array, Any]:
    """The reduced loss, and the factor that each entry's derivative has in it.

    Args:
        entries: The losses of all entries.
        reduction: 'mean', 'sum' or 'none'.
        count: What 'mean' divides by: a number, or a 0-d array. The mean of nothing is NaN with derivatives 0, as
            in PyTorch.

    >>> import numpy as np
    >>> value, factor = reduce_loss(np.array([1., 2., 6.]), 'mean', 3)
    >>> print(value, round(factor, 3))
    3.0 0.333
    """
    if reduction == 'none':
        return entries, 1.0
    if reduction == 'sum':
        return entries.sum(), 1.0
    if isinstance(count, int):
        return (entries.sum() / count, 1 / count) if count else (entries.sum() + float('nan'), 0.0)
    xp = array_module(count)
    factor = xp.where(count == 0, 0, 1 / xp.where(count == 0, 1, count)).astype(entries.dtype)
    return xp.where(count == 0, float('nan'), entries.sum() * factor), factor
