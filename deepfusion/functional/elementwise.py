"""Element-wise formulas of several steps, a block at a time, so that all their steps meet the block in cache."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfusion.functional.parallel import split
from deepfusion.functional.workspace import empty_like
from deepfusion.utils.backend import array_module

Array = Any

BLOCK = 1 << 17       # numbers in a block: with a few intermediate results it fits the cache of a core


def elementwise(function: Callable[..., Array], *arrays: Array) -> Array:
    """`function(*arrays)` for arrays of one shape and a function of single elements, such as `lambda x: x * x`.

    Large arrays on the CPU are done block by block and on all cores. The result has the type and the order of
    memory of the first array.

    >>> import numpy as np
    >>> elementwise(lambda x, y: x * y + 1, np.arange(3.0), np.ones(3))
    array([1., 2., 3.])
    """
    first = arrays[0]
    if array_module(first) is not np or first.size <= BLOCK:
        return function(*arrays)
    result = empty_like(np, first)
    walked, blocks = result, list(arrays)
    if all(array.strides == result.strides for array in arrays):
        walked, *blocks = (array.ravel(order='K') for array in (result, *arrays))      # views, as all is dense

    def fill(share: slice) -> None:
        walked[share] = function(*(array[share] for array in blocks))

    split(np, fill, walked.shape[0], first.size, BLOCK)
    return result
