"""Work split over processor cores: halves of a batch or of a stack of products, one Python thread each.

NumPy lets go of the interpreter lock inside its loops and products, so plain threads are enough. While
they run, each product is kept to one BLAS thread: a stack of small products is a fifth faster that way
than with every small product shared between all cores, and the cores are never asked twice. The number of
threads is the user's: it is what OMP_NUM_THREADS or threadpoolctl allow BLAS at the moment of the call.
Off the CPU everything runs in the calling thread.

Every NumPy call lets go of the interpreter lock and takes it again. A thread that finds it taken sleeps, and is awake
some 50 microseconds later. So shares are as large as cache allows: with shares of a quarter of that, two threads were
hardly faster than one.
"""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from deepfusion.functional import blas
from deepfusion.functional.crew import share_out
from deepfusion.functional.workspace import empty

Array = Any
Result = TypeVar('Result')

SMALL = 1 << 17       # work below this many numbers read or written is done before a thread has woken up
BLOCK = 1 << 19       # numbers in a share: 2 MB of float32, a core's cache; with less, threads meet too often
TINY = 1 << 13        # and below this many, BLAS leaves a product to one thread by itself
ALONE, SHARED = 1 << 18, 1 << 23    # multiplications up to which BLAS does so; beyond which sharing pays, see `product`
FEW = 1 << 14         # multiplications up to which `dot`, which clears the result first, is quicker than `matmul`
AT_ONCE = 10 ** 6     # multiplications of a product up to which OpenBLAS takes the operands as they are
NEAR = 36 << 10       # bytes of a matrix that stays in the nearest cache
ROWS, COLUMNS = 384, 2048       # of the other one that are multiplied with it at a time
_busy = threading.Lock()


def _start_anew() -> None:
    """After a fork nobody is there to let go of the lock."""
    global _busy
    _busy = threading.Lock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_start_anew)


def thread_count() -> int:
    """How many threads BLAS may use now, and so this module."""
    return max(blas.threads(), default=1)


def _take_cores() -> list[int]:
    """Hold BLAS to one thread for each product, and return how many it had, for `_give_back`; nothing when there is but
    one core, or another thread has them."""
    before = blas.threads()
    if max(before, default=1) < 2 or not _busy.acquire(blocking=False):
        return []
    blas.set_threads([1] * len(before))
    return before


def _give_back(before: list[int]) -> None:
    if before:
        blas.set_threads(before)
        _busy.release()


@lru_cache(maxsize=1024)
def shares(count: int, parts: int) -> tuple[slice, ...]:
    """`range(count)` cut into at most `parts` slices of nearly equal length.

    >>> shares(5, 2)
    (slice(0, 3, None), slice(3, 5, None))
    """
    parts = max(1, min(count, parts))
    step, longer = divmod(count, parts)
    ends = [i * step + min(i, longer) for i in range(parts + 1)]
    return tuple(slice(a, b) for a, b in pairwise(ends))


@lru_cache(maxsize=1024)
def _turns(count: int, parts: int, threads: int) -> tuple[tuple[slice, ...], ...]:
    """The shares of each thread, as many for all."""
    work = shares(count, -(-parts // threads) * threads)
    return tuple(work[turn] for turn in shares(len(work), threads))


def split(xp: Any, task: Callable[[slice], Result], count: int, size: int, at_most: int | None = None,
          multiplies: bool = True) -> list[Result]:
    """`task(share)` for slices that cover `range(count)`, in order, spread over the cores.

    Args:
        size: About how many numbers all shares touch; small work stays in this thread.
        at_most: On the CPU no share touches many more numbers than that, so that it stays in cache.
        multiplies: Whether there are matrix products in it; without, work that stays here need not mind BLAS's threads.
    """
    if xp is np and size < SMALL and not multiplies:
        return [task(slice(0, count))]
    turns = _spread(xp, lambda work: [task(share) for share in work], count, size, at_most)
    return turns[0] if len(turns) == 1 else [result for turn in turns for result in turn]


def split_sum(xp: Any, task: Callable[[slice], tuple[Array, ...]], count: int, size: int, at_most: int | None = None
              ) -> tuple[Array, ...]:
    """The sums of the arrays, new ones, that `task(share)` gives, for slices that cover `range(count)`, see `split`."""
    return _sums(_spread(xp, lambda work: _sums(map(task, work)), count, size, at_most))


def _sums(parts: Iterable[tuple[Array, ...]]) -> tuple[Array, ...]:
    others = iter(parts)
    sums = next(others)
    for arrays in others:
        for total, array in zip(sums, arrays, strict=True):
            total += array
    return sums


def _spread(xp: Any, run: Callable[[Sequence[slice]], Result], count: int, size: int, at_most: int | None
            ) -> list[Result]:
    """`run` for the shares that each thread has."""
    parts = -(-size // at_most) if at_most and xp is np else 1
    if xp is not np or size < TINY or _busy.locked():
        return [run(shares(count, parts))]
    before = _take_cores()
    try:
        if not before or size < SMALL or count < 2:
            return [run(shares(count, parts))]
        return share_out(run, _turns(count, parts, max(before)))
    finally:
        _give_back(before)


def matmul(a: Array, b: Array, xp: Any, out: Array | None = None) -> Array:
    """Stacked matrix product, parts of the stack on different cores, into `out` where given. On the CPU `out` may
    have any strides that BLAS can write."""
    if out is None:
        stack = a.shape[:-2] if b.ndim == 2 else np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = empty(xp, (*stack, a.shape[-2], b.shape[-1]), a.dtype)
    depth = out.ndim - 2
    if depth:
        split(xp, lambda share: product_into(out[share], _share(a, share, depth), _share(b, share, depth), xp),
              len(out), max(a.size, b.size, out.size))
    else:
        product_into(out, a, b, xp)
    return out


def product_into(out: Array, a: Array, b: Array, xp: Any) -> None:
    """Matrix product in this thread, written into `out`."""
    if xp is not np:
        out[...] = product(a, b, xp)
    elif a.shape[-2] * a.shape[-1] * b.shape[-1] <= AT_ONCE:
        np.matmul(a, b, out=out)
    elif _is_narrow(b, a.shape[-2], a):
        product_by_rows(out, a, b)
    elif _is_narrow(a, b.shape[-1], b):
        _product_by_columns(out, a, b)
    else:
        np.matmul(a, b, out=out)


def product(a: Array, b: Array, xp: Any) -> Array:
    """Matrix product as a new array, in this thread alone unless it is large.

    BLAS threads that have shared in a product wait for the next one by spinning, for about 100 ms, and what has all
    cores busy then takes twice the time. So they never do: large products are split like all other work.
    """
    if xp is np:
        multiplications = a.size * b.shape[-1]
        if multiplications <= FEW and a.ndim == b.ndim == 2:
            return a.dot(b)
        if a.shape[-1] == 1 and b.ndim > 1:
            return a * b            # NumPy leaves such a product to a slow loop of its own
        if multiplications <= ALONE:
            return np.matmul(a, b)
        if multiplications >= SHARED:
            return _product_of_shares(a, b) if b.ndim == 2 else matmul(a, b, xp)
        before = _take_cores()
        try:
            if not _is_narrow(b, a.shape[-2], a):
                return np.matmul(a, b)
            out = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
            product_by_rows(out, a, b)
            return out
        finally:
            _give_back(before)
    if len(a) == len(b) == 1 and a.ndim == b.ndim == 3:     # stacks of transposed matrices are copied on a device,
        return xp.matmul(a[0], b[0])[None]                  # single ones are not
    return xp.matmul(a, b)


def _product_of_shares(a: Array, b: Array) -> Array:
    """The product with one matrix, its rows or its columns, whichever are more, split over the cores."""
    rows = a.reshape(-1, a.shape[-1])
    out = empty(np, (len(rows), b.shape[1]), np.result_type(a, b))

    def some_rows(share: slice) -> None:
        product_into(out[share], rows[share], b, np)

    def some_columns(share: slice) -> None:
        product_into(out[:, share], rows, b[:, share], np)

    split(np, some_rows if len(rows) > b.shape[1] else some_columns, max(out.shape), a.size * b.shape[1])
    return out.reshape(*a.shape[:-1], b.shape[1])


def _is_narrow(matrix: Array, length: int, other: Array) -> bool:
    """Whether a matrix is small enough to stay in the nearest cache, and the other one's rows or columns are many."""
    size = matrix.shape[-2] * matrix.shape[-1]
    return bool(0 < size * matrix.itemsize <= NEAR and size * length > AT_ONCE and matrix.dtype == other.dtype
                and (matrix.ndim == 2 or matrix.shape[:-2] == other.shape[:-2]))


def product_by_rows(out: Array, a: Array, b: Array) -> None:
    """The product of some rows at a time. OpenBLAS first arranges the operands of a product, which takes as long as a
    narrow product itself; not where there are few multiplications. So many small ones are up to twice as fast."""
    if b.strides[-2:] != (b.shape[-1] * b.itemsize, b.itemsize):
        b = np.ascontiguousarray(b)
    rows = max(1, min(ROWS, AT_ONCE // (b.shape[-2] * b.shape[-1])))
    rows = _equal_blocks(a.shape[-2], rows)
    count = a.shape[-2] // rows
    whole = count * rows
    into, blocks = (x[..., :whole, :].reshape(*x.shape[:-2], count, rows, x.shape[-1]) for x in (out, a))  # views
    np.matmul(blocks, b[..., None, :, :], out=into)
    if whole < a.shape[-2]:
        np.matmul(a[..., whole:, :], b, out=out[..., whole:, :])


@lru_cache(maxsize=1024)
def _equal_blocks(length: int, at_most: int) -> int:
    """A length of blocks that leaves no remainder, if one from half of `at_most` on does."""
    fewest = -(-length // at_most)
    return next((length // count for count in range(fewest, 2 * fewest) if length % count == 0), at_most)


def _product_by_columns(out: Array, a: Array, b: Array) -> None:
    """The same with the narrow matrix first: some columns at a time."""
    columns = max(1, min(COLUMNS, AT_ONCE // (a.shape[-2] * a.shape[-1])))
    count = b.shape[-1] // columns
    whole = count * columns
    into, blocks = (x[..., :whole].reshape(*x.shape[:-1], count, columns).swapaxes(-3, -2) for x in (out, b))  # views
    np.matmul(a if a.ndim == 2 else a[..., None, :, :], blocks, out=into)
    if whole < b.shape[-1]:
        np.matmul(a, b[..., whole:], out=out[..., whole:])


def _share(array: Array, share: slice, depth: int) -> Array:
    return array[share] if array.ndim - 2 == depth and array.shape[0] > 1 else array
