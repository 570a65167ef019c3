"""Ctrl-C as a request to come to an end, instead of an exception in the middle of a step."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

GRACE = 1.0     # seconds in which a second signal counts as the same key press (shells may send two)


@dataclass
class Stop:
    """Whether Ctrl-C was pressed, and when."""

    requested: bool = False
    since: float = 0.0


@contextmanager
def interruptible() -> Iterator[Stop]:
    """In this scope Ctrl-C only sets `stop.requested`; pressed again a second later, it interrupts at once.

    The handler that was there before is put back. Outside the main thread, where Python delivers no signals,
    nothing changes.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(number: int, frame: Any) -> None:
        if stop.requested and time.monotonic() - stop.since > GRACE:
            raise KeyboardInterrupt
        if not stop.requested:
            stop.requested, stop.since = True, time.monotonic()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
