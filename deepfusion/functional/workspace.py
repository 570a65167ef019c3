"""Large arrays whose memory is used again once nobody holds them.

The system hands memory out page by page, cleared, and takes back what is freed: a tenth of a training step of
FusionNet went there. So large blocks are kept. Whether one is free its reference count tells: an array, like every
view of it, holds its block, so what someone still holds is never handed out again. Blocks that stay unused while
thousands of others are asked for are given back, and all of them by `release`.
"""

import sys
import threading
from math import prod
from typing import Any

import numpy as np

Array = Any

LARGE = 1 << 18        # bytes; smaller arrays come quickly from the system's allocator
LINE = 64              # bytes of a cache line, where memory starts: what reads a whole line is slower across two
PATIENCE = 10_000      # requests until an unused block is given back
HEAP = (32 << 20) - (64 << 10)      # bytes, just below what glibc's malloc takes from its heap at most


class _Block:
    """Memory, where it is used from, and the number of the request that used it last."""

    def __init__(self, size: int) -> None:
        self.memory = np.empty(size + LINE, np.uint8)
        self.start = -self.memory.ctypes.data % LINE
        self.last_use = 0


_blocks: dict[int, list[_Block]] = {}
_lock = threading.Lock()
_requests = 0
_unused = _Block(0)
_NOBODY = sys.getrefcount(_unused.memory)       # references to memory that nobody but its block holds


def empty(xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """An array with arbitrary entries, as `xp.empty`."""
    global _requests
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if xp is not np or size < LARGE:
        return xp.empty(shape, dtype)
    with _lock:
        _requests += 1
        for block in _blocks.get(size, ()):
            if sys.getrefcount(block.memory) == _NOBODY:
                break
        else:
            block = _another(size)
        block.last_use = _requests
        return np.ndarray(shape, dtype, block.memory, block.start)


def empty_like(xp: Any, array: Array, dtype: Any = None, shape: tuple[int, ...] | None = None) -> Array:
    """An array with arbitrary entries, of the shape and order of memory of a dense array; of its type and shape or
    others."""
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    back = sorted(range(array.ndim), key=order.__getitem__)
    shape = array.shape if shape is None else shape
    return empty(xp, tuple([shape[axis] for axis in order]), array.dtype if dtype is None else dtype).transpose(back)


def _keep_heap() -> None:
    """Have the C library keep what NumPy's intermediate results leave behind.

    By itself glibc gives memory at the end of its heap back when there is more than 128 KB of it, and has it cleared
    anew for the next one: a formula of several steps then takes twice the time. It keeps more once it has seen a large
    block freed, and takes blocks up to that size from its heap. As all large blocks are kept here, it never would. A
    block that nobody writes into costs nothing. (man 3 mallopt: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.)
    """
    np.empty(HEAP, np.uint8)


_keep_heap()


def release() -> None:
    """Give all blocks that nobody holds back to the system, as for what comes after the last pass of a large net.

    >>> release()
    """
    with _lock:
        _give_back(0)


def _another(size: int) -> _Block:
    _give_back(PATIENCE)
    block = _Block(size)
    _blocks.setdefault(size, []).append(block)
    return block


def _give_back(patience: int) -> None:
    """What has not been used by the last requests, `patience` of them, and is not held by anybody."""
    for size, blocks in list(_blocks.items()):
        _blocks[size] = [block for block in blocks if _requests - block.last_use < patience
                         or sys.getrefcount(block.memory) > _NOBODY]
        if not _blocks[size]:
            del _blocks[size]
