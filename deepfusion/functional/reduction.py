"""How the entries of a loss become one number."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfusion.functional.elementwise import FORMULA
from deepfusion.functional.parallel import split_sum
from deepfusion.functional.workspace import empty_like
from deepfusion.utils.backend import array_module

Array = Any

REDUCTIONS = {name: name for name in ('mean', 'sum', 'none')}


def reduce_loss(entries: Array, reduction: str, count: Any) -> tuple[Array, Any]:
    """The reduced loss, and the factor that each entry's derivative has in it.

    Args:
        entries: The losses of all entries, or their sum where they are only added up.
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
    total = entries.sum() if entries.ndim else entries
    if reduction == 'sum':
        return total, 1.0
    if isinstance(count, int):
        return (total / count, 1 / count) if count else (total + float('nan'), 0.0)
    xp = array_module(count)
    factor = xp.where(count == 0, 0, 1 / xp.where(count == 0, 1, count)).astype(entries.dtype)
    return xp.where(count == 0, float('nan'), total * factor), factor


def loss_entries(function: Callable[..., tuple[Array, ...]], reduction: str, *arrays: Array, slopes: int = 1
                 ) -> tuple[Array, ...]:
    """`function(*arrays)`: the losses of entries, and so many derivatives of theirs, which are arrays like the first.

    Where losses are only added up, `function` must treat each example by itself, and may return the losses' sum for
    them: large arrays on the CPU are taken a block of examples at a time, on all cores, and what is returned for the
    losses is their sum.

    >>> import numpy as np
    >>> loss_entries(lambda x: (x * x, 2 * x), 'mean', np.ones(3))
    (array([1., 1., 1.]), array([2., 2., 2.]))
    """
    first = arrays[0]
    if (first.size <= FORMULA or reduction == 'none' or array_module(first) is not np
            or any((array.shape, array.dtype) != (first.shape, first.dtype) for array in arrays)):
        return function(*arrays)
    found = [empty_like(np, first) for _ in range(slopes)]

    def task(share: slice) -> tuple[Array]:
        losses, *parts = function(*(array[share] for array in arrays))
        for whole, part in zip(found, parts, strict=True):
            whole[share] = part
        return (losses.sum().reshape(1),)

    return split_sum(np, task, len(first), first.size, FORMULA)[0], *found
