"""Large arrays whose memory is used again once nobody holds them.

The system hands memory out page by page, cleared, and takes back what is freed: a tenth of a training step of
FusionNet went there. So large blocks are kept. Whether one is free its reference count tells: an array, like every
view of it, holds its block, so what someone still holds is never handed out again. Blocks that stay unused while
thousands of others are asked for are given back.
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


class _Block:
    """Memory, and the number of the request that used it last."""

    def __init__(self, size: int) -> None:
        self.memory = np.empty(size + LINE, np.uint8)
        first = -self.memory.ctypes.data % LINE
        self.aligned = slice(first, first + size)
        self.last_use = 0

    def references(self) -> int:
        """How many hold the memory; `_NOBODY` when only this object does."""
        return sys.getrefcount(self.memory)


_NOBODY = _Block(0).references()
_blocks: dict[int, list[_Block]] = {}
_lock = threading.Lock()
_requests = 0


def empty(xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """An array with arbitrary entries, as `xp.empty`."""
    size = prod(shape) * np.dtype(dtype).itemsize
    if xp is not np or size < LARGE:
        return xp.empty(shape, dtype)
    return _memory(size).view(dtype).reshape(shape)


def empty_like(xp: Any, array: Array, dtype: Any = None) -> Array:
    """An array with arbitrary entries, of the shape and order of memory of a dense array; of its type or another."""
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    back = sorted(range(array.ndim), key=order.__getitem__)
    shape = tuple(array.shape[axis] for axis in order)
    return empty(xp, shape, array.dtype if dtype is None else dtype).transpose(back)


def _memory(size: int) -> np.ndarray:
    global _requests
    with _lock:
        _requests += 1
        free = next((block for block in _blocks.get(size, ()) if block.references() == _NOBODY), None)
        if free is None:
            _give_back()
            free = _Block(size)
            _blocks.setdefault(size, []).append(free)
        free.last_use = _requests
        return free.memory[free.aligned]


def _give_back() -> None:
    for size, blocks in list(_blocks.items()):
        _blocks[size] = [block for block in blocks if _requests - block.last_use < PATIENCE
                         or block.references() > _NOBODY]
        if not _blocks[size]:
            del _blocks[size]
