"""How many threads BLAS may use for a product, asked and told.

threadpoolctl finds the libraries. OpenBLAS's own functions are called directly: that happens hundreds of times in a
training step, and threadpoolctl (from 3.8 on) lets only one thread tell OpenBLAS anything, the first that ever did, and
ignores all others as long as that one lives.
"""

from collections.abc import Callable
from ctypes import PyDLL
from functools import cache
from itertools import product
from typing import Any, NamedTuple


class Library(NamedTuple):
    """A loaded BLAS library."""

    get: Callable[[], int]
    set: Callable[[int], Any]


@cache
def libraries() -> tuple[Library, ...]:
    """Those whose threads can be set."""
    from threadpoolctl import ThreadpoolController
    return tuple(map(_library, ThreadpoolController().select(user_api='blas').lib_controllers))


def _library(controller: Any) -> Library:
    if controller.internal_api == 'openblas' and controller.threading_layer == 'pthreads':
        for prefix, suffix in product(('', 'scipy_'), ('', '64_', '_64')):
            names = [f'{prefix}openblas_{verb}_num_threads{suffix}' for verb in ('get', 'set')]
            if all(hasattr(controller.dynlib, name) for name in names):
                # They are quick, and whoever lets go of the interpreter lock may have to wait for it afterwards.
                keeps_lock = PyDLL(controller.filepath)
                return Library(*(getattr(keeps_lock, name) for name in names))
    return Library(controller.get_num_threads, controller.set_num_threads)


def threads() -> list[int]:
    """How many each library may use now."""
    return [library.get() for library in libraries()]


def set_threads(counts: list[int]) -> None:
    """Let each library use that many."""
    for library, count in zip(libraries(), counts, strict=True):
        library.set(count)
