"""NumPy's global generator: its state as plain data, and a stream of one's own for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def random_state() -> list[Any]:
    """The state of NumPy's global generator, as JSON can hold it."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return [name, np.asarray(keys).tolist(), *rest]


def set_random_state(state: list[Any]) -> None:
    """Put NumPy's global generator into a state from `random_state()`."""
    name, keys, *rest = state
    np.random.set_state((name, np.array(keys, np.uint32), *rest))


@contextmanager
def seeded(seed: int | None, state: list[Any] | None = None) -> Iterator[None]:
    """In this scope the global generator is a stream that starts at `seed`, or goes on at `state` when there is
    one; then it is put back. With None for a seed nothing is done.

    >>> with seeded(0):
    ...     print(np.random.randint(100))
    44
    """
    if seed is None:
        yield
        return
    before = random_state()
    try:
        if state is None:
            np.random.seed(seed)
        else:
            set_random_state(state)
        yield
    finally:
        set_random_state(before)
