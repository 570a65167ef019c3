"""Helpers do what they are told, awake or asleep, and none is left over."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from deepfusion.functional import crew

NAP = 0.03       # seconds, longer than a helper looks out for work


def threads():
    return [thread for thread in threading.enumerate() if thread.name == 'deepfusion']


@pytest.mark.parametrize('pause', [0, NAP])
def test_parts_are_made_by_threads_of_their_own(pause):
    for k in range(20):
        time.sleep(pause)
        made = crew.share_out(lambda part: (part, threading.get_ident()), range(k, k + 3))
        assert [part for part, _ in made] == [k, k + 1, k + 2]
        assert len({thread for _, thread in made}) == 3
        assert made[0][1] == threading.get_ident()


@pytest.mark.parametrize('slow', [0, 1])
def test_whoever_is_ready_first_waits(slow):
    order = []

    def run(part):
        time.sleep(NAP * (part == slow))
        order.append(part)
        return part

    assert crew.share_out(run, [0, 1]) == [0, 1]
    assert order == [1 - slow, slow]


def test_helpers_see_the_scopes_of_the_caller():
    with np.errstate(divide='raise'), pytest.raises(FloatingPointError):
        crew.share_out(lambda part: np.ones(1) / part, [1, 0])


@pytest.mark.parametrize('bad', [0, 1, 2])
def test_after_an_error_there_are_new_helpers(bad):
    def run(part):
        if part == bad:
            raise KeyboardInterrupt
        return part

    with pytest.raises(KeyboardInterrupt):
        crew.share_out(run, [0, 1, 2])
    assert crew.share_out(lambda part: -part, [0, 1, 2]) == [0, -1, -2]
    deadline = time.monotonic() + 10
    while len(threads()) > 2 and time.monotonic() < deadline:
        time.sleep(NAP)
    assert len(threads()) == 2


def test_nothing_that_a_part_held_is_kept():
    array = np.zeros(3)
    before = sys.getrefcount(array)
    crew.share_out(lambda part: part.sum(), [array, array])
    crew.share_out(lambda part: part, [None, None])
    assert sys.getrefcount(array) == before


def test_a_helper_that_looks_sees_at_once():
    """The call that looks walks one place after the other, and stops: it must not go over all of both rows."""
    helper = crew._helpers(1)[0]
    signs, seen = np.array([True, True]), np.zeros(2, bool)
    watch = np.lib.stride_tricks.as_strided(signs, helper._watch.shape, helper._watch.strides)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        np.logical_or.reduce(watch, axis=1, out=seen)
        times.append(time.perf_counter() - start)
    assert seen.all()
    assert min(times) < 1e-4


@pytest.mark.parametrize('policy', ['ACTIVE', 'passive'])
def test_a_process_ends_with_its_helpers_and_may_send_them_to_sleep(policy):
    code = 'from deepfusion.functional import crew; print(crew.share_out(str, [1, 2]), crew.LOOKS > 0)'
    ended = subprocess.run([sys.executable, '-W', 'error', '-c', code], text=True, capture_output=True, timeout=60,
                           env={**os.environ, 'OMP_WAIT_POLICY': policy})
    assert (ended.returncode, ended.stderr) == (0, '')
    assert ended.stdout == f"['1', '2'] {policy == 'ACTIVE'}\n"
