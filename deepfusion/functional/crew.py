"""Threads that make a part of a piece of work each, and are at it at once.

A thread that sleeps is at work 50 to 100 microseconds after it is called, and on a busy machine half a millisecond: too
late for work that takes a few hundred microseconds. So helpers, and the thread that waits for them, look for a while
whether there is something to do before they go to sleep, as those of OpenMP and of BLAS do; OMP_WAIT_POLICY=PASSIVE,
which is OpenMP's word for it, sends them to sleep at once. They look inside of one NumPy call, which needs no
interpreter lock and ends as soon as it meets a number that is not 0, in an array of millions of numbers that are all
the same place in memory. Who waits for a helper looks less long: where others want the cores too, the helper may need
this one.
"""

import atexit
import os
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

Part = TypeVar('Part')
Result = TypeVar('Result')

# Of a helper for work, eight milliseconds; of others for its result, half a one.
LOOKS, WAITS = (0, 0) if os.environ.get('OMP_WAIT_POLICY', '').upper() == 'PASSIVE' else (1 << 24, 1 << 20)


def share_out(run: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """`run(part)` for each part, the first one in this thread, the others in one more each.

    One thread at a time may call this. The others see its scopes (`numpy.errstate`, `use_precision`).
    """
    helpers = _helpers(len(parts) - 1)
    try:
        for helper, part in zip(helpers, parts[1:], strict=True):
            helper.start(copy_context().run, run, part)
        return [run(parts[0])] + [helper.result() for helper in helpers]
    except BaseException:       # KeyboardInterrupt above all: what a helper is doing now is nobody's any more
        dismiss()
        raise


_all: list['Helper'] = []


def _helpers(count: int) -> list['Helper']:
    while len(_all) < count:
        _all.append(Helper())
    return _all[:count]


def dismiss() -> list['Helper']:
    """Let all helpers go once they have done what they are doing; the next work has new ones."""
    gone = _all[:]
    _all.clear()
    for helper in gone:
        helper.dismiss()
    return gone


@atexit.register
def _leave() -> None:
    """Threads that are still there when Python ends are stopped wherever they are."""
    for helper in dismiss():
        helper.join()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_all.clear)      # threads do not survive a fork


class Helper:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        # What it looks at: a number that is True at once, so that the first of `_seen` tells that the last call has
        # ended; then one that is True when the next is there. Told and looked in one call, so that the
        # interpreter lock is free when the other thread hears of the end.
        self._signs, self._seen = np.array([True, False]), np.zeros(2, bool)
        self._watch = as_strided(self._signs, (2, LOOKS), (1, 0))
        self._look = as_strided(self._seen, (WAITS,), (0,)).any
        self._called, self._ended = threading.Lock(), threading.Lock()      # for sleeping
        self._called.acquire()
        self._ended.acquire()
        self._task: tuple[Any, ...] = ()
        self._result: Any = None
        self._error: BaseException | None = None
        self._stays = True
        self._thread = threading.Thread(target=self._serve, name='deepfusion', daemon=True)
        self._thread.start()

    def start(self, function: Callable[..., Any], *args: Any) -> None:
        """Have `function(*args)` called."""
        self._task = function, args
        self._seen[0] = False
        self._called.release()
        self._signs[1] = True

    def result(self) -> Any:
        """What it gave, or its error."""
        self._look()
        self._ended.acquire()
        result, error = self._result, self._error
        self._result = self._error = None
        if error is not None:
            raise error
        return result

    def dismiss(self) -> None:
        """Stop after the present call."""
        self._stays = False
        if self._called.locked():
            self._called.release()

    def join(self) -> None:
        """Wait until it has gone, unless it is busy for long."""
        self._thread.join(1)

    def _serve(self) -> None:
        while True:
            np.logical_or.reduce(self._watch, axis=1, out=self._seen)
            self._called.acquire()
            if not self._stays:
                return
            self._signs[1] = False
            self._make_call(*self._task)
            self._ended.release()

    def _make_call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._task = ()         # it holds arrays
        try:
            self._result = function(*args)
        except BaseException as error:
            self._error = error
