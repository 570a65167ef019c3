"""Ctrl-C as a request."""

import signal
import threading

import pytest

from deepfusion.training import interrupt
from deepfusion.training.interrupt import interruptible


def test_the_first_signal_is_noted_and_the_handler_put_back():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as stop:
        assert not stop.requested
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)      # the same key press, sent twice
        assert stop.requested
    assert signal.getsignal(signal.SIGINT) is before


def test_a_later_signal_interrupts_at_once(monkeypatch):
    monkeypatch.setattr(interrupt, 'GRACE', -1.0)
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone():
    found = []

    def work():
        with interruptible() as stop:
            found.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
