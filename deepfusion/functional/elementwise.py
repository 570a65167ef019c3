"""Element-wise formulas of several steps, a block at a time, so that all their steps meet the block in cache."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deepfusion.functional.parallel import BLOCK, shares, split
from deepfusion.functional.workspace import empty_like
from deepfusion.utils.backend import array_module

Array = Any

STEP = 1 << 18        # numbers from which sharing a single step pays; with fewer it is over before a thread wakes up
CLIPPED = 1 << 14     # numbers from which `clip` is quicker than `maximum`
FORMULA = 1 << 17     # numbers in a block of a formula, which makes a few intermediate results


def elementwise(function: Callable[..., Array], *arrays: Array) -> Array:
    """`function(*arrays)` for arrays of one shape and a function of single elements, such as `lambda x: x * x`.

    Large arrays on the CPU are done block by block and on all cores. The result has the type and the order of
    memory of the first array.

    >>> import numpy as np
    >>> elementwise(lambda x, y: x * y + 1, np.arange(3.0), np.ones(3))
    array([1., 2., 3.])
    """
    if arrays[0].size <= FORMULA or array_module(arrays[0]) is not np:
        return function(*arrays)

    def put(*blocks: Array, out: Array) -> None:
        out[...] = function(*blocks)

    return _filled(put, arrays, FORMULA)


def elementwise_into(function: Callable[..., Array], *arrays: Array) -> Array:
    """As `elementwise`, for a function that writes its result into `out`, or makes it where `out` is None, such as
    `lambda x, out: np.maximum(x, 0, out=out)`: one step, and no block is copied. Here all arrays may broadcast, and all
    but the first may be numbers.

    >>> import numpy as np
    >>> elementwise_into(lambda x, out: np.maximum(x, 0, out=out), np.arange(-1.0, 2))
    array([0., 0., 1.])
    """
    first = arrays[0]
    if first.size <= FORMULA or array_module(first) is not np or not _as_first(arrays):
        return function(*arrays, out=None)
    return _filled(function, arrays, BLOCK if first.size >= STEP else FORMULA, shared=first.size >= STEP)


def examplewise(put: Callable[..., Any], out: Array, *arrays: Array) -> Array:
    """`put(*arrays, out=out)` for what treats each example, an entry of axis 0, by itself: on the CPU block by block,
    on all cores. Arrays that have one entry there belong to all examples.

    >>> import numpy as np
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> examplewise(lambda x, out: np.subtract(x, x.max(axis=1, keepdims=True), out=out), np.empty_like(x), x)
    array([[-2., -1.,  0.],
           [-2., -1.,  0.]])
    """
    def task(share: slice) -> None:
        put(*(array[share] if len(array) > 1 else array for array in arrays), out=out[share])

    split(array_module(out), task, len(out), max(array.size for array in arrays), FORMULA, multiplies=False)
    return out


def positive_part(x: Array, out: Array | None = None) -> Array:
    """`max(x, 0)`, into `out` where given. NumPy's `maximum` of an array and a number goes entry by entry, its `clip`
    takes several at once."""
    if x.size < CLIPPED or array_module(x) is not np:
        return array_module(x).maximum(x, 0, out=out)
    return x.clip(0, np.inf, out=out)


def negative_part(x: Array) -> Array:
    """`min(x, 0)`, in the same way."""
    if x.size < CLIPPED or array_module(x) is not np:
        return array_module(x).minimum(x, 0)
    return x.clip(-np.inf, 0)


def rectify(y: Array) -> None:
    """The positive part of y, (batch, ...), in its place."""
    if y.size < STEP or array_module(y) is not np:
        positive_part(y, out=y)
    else:
        split(np, lambda share: positive_part(y[share], out=y[share]), len(y), y.size, BLOCK)


def _as_first(arrays: Sequence[Any]) -> bool:
    """Whether what is made of them all has the shape and the type of the first."""
    first, shapes = arrays[0], {np.shape(array) for array in arrays}
    alike = all(array.dtype == first.dtype for array in arrays if isinstance(array, np.ndarray))
    return alike and (len(shapes) == 1 or np.broadcast_shapes(*shapes) == first.shape)


def _filled(put: Callable[..., Any], arrays: Sequence[Any], block: int, shared: bool = True) -> Array:
    """A new array like the first, filled by `put(*blocks, out)`."""
    result = empty_like(np, arrays[0])
    walked, blocks = result, list(arrays)
    if all(np.shape(array) == result.shape and array.strides == result.strides for array in arrays):
        walked, *blocks = (array.ravel(order='K') for array in (result, *arrays))      # views, as all is dense

    def part(array: Any, share: slice) -> Any:
        return array[share] if np.ndim(array) == walked.ndim and len(array) > 1 else array

    def task(share: slice) -> None:
        put(*(part(array, share) for array in blocks), out=walked[share])

    if shared:
        split(np, task, walked.shape[0], result.size, block)
    else:
        for share in shares(walked.shape[0], -(-result.size // block)):
            task(share)
    return result
