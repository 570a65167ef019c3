"""Jobs for the other cores while this thread goes on with work whose steps wait for one another.

What no core has begun by the time its result is asked for, the asking thread does itself: so all cores stay busy to
the end, and with one core, or off the CPU, everything is done in order.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Generic, TypeVar

import numpy as np

from deepfusion.functional import parallel

Result = TypeVar('Result')


class Job(Generic[Result]):
    """A call that another core may make."""

    def __init__(self, pool: ThreadPoolExecutor | None, call: Callable[..., Result], *args: Any) -> None:
        self._call: Callable[[], Result] = lambda: call(*args)
        self._future: Future[Result] | None = None
        if pool is not None:
            self._future = pool.submit(copy_context().run, self._call)

    def result(self) -> Result:
        """What the call gives; made here unless begun elsewhere."""
        if self._future is None or self._future.cancel():
            return self._call()
        return self._future.result()


class Helpers:
    """The other cores."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool
        self._jobs: list[Job[Any]] = []

    @property
    def there(self) -> bool:
        """Whether there are any: whether it pays to cut work into jobs."""
        return self._pool is not None

    def start(self, call: Callable[..., Result], *args: Any) -> Job[Result]:
        """Have a call made."""
        job = Job(self._pool, call, *args)
        self._jobs.append(job)
        return job

    def dismiss(self) -> None:
        """Drop what has not begun and wait for the rest; nothing is left unless this thread stopped on its way."""
        begun = [job._future for job in self._jobs if job._future is not None and not job._future.cancel()]
        for future in begun:
            future.exception()


@contextmanager
def helpers(xp: Any, size: int) -> Iterator[Helpers]:
    """The other cores, BLAS held to one thread on each, for work that touches about `size` numbers; if that is little
    there are none."""
    if xp is not np or size < parallel.SMALL or parallel._busy.locked():
        yield Helpers(None)
        return
    with parallel._one_blas_thread_each() as threads:
        others = Helpers(parallel._pool(threads - 1) if threads > 1 else None)
        try:
            yield others
        finally:
            others.dismiss()
