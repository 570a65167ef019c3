"""Jobs for other cores: every one is done once, by whoever comes first."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from deepfusion.functional import parallel
from deepfusion.functional.jobs import helpers

ENOUGH = 1 << 20


@pytest.mark.parametrize(('threads', 'size'), [(1, ENOUGH), (2, ENOUGH), (3, ENOUGH), (2, 10)])
def test_every_job_is_done_once(threads, size):
    done = []

    def square(n):
        done.append(n)
        return n * n

    with threadpool_limits(threads):
        with helpers(np, size) as others:
            assert others.there == (threads > 1 and size == ENOUGH)
            jobs = [others.start(square, n) for n in range(20)]
            assert [job.result() for job in reversed(jobs)] == [n * n for n in reversed(range(20))]
        assert parallel.thread_count() == threads
    assert sorted(done) == list(range(20))


def test_another_core_takes_part():
    met = threading.Barrier(2, timeout=10)
    with threadpool_limits(2), helpers(np, ENOUGH) as others:
        job = others.start(met.wait)
        met.wait()                      # returns only when the job runs at the same time
        assert job.result() in (0, 1)


def test_what_a_job_raises_comes_out_where_its_result_is_asked_for():
    with threadpool_limits(2), helpers(np, ENOUGH) as others:
        job = others.start(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            job.result()


def test_jobs_are_dropped_when_the_work_stops():
    begun, go_on, late = threading.Event(), threading.Event(), []

    def first():
        begun.set()
        go_on.wait(10)

    def stops():
        with helpers(np, ENOUGH) as others:
            others.start(first)
            others.start(late.append, 1)
            begun.wait(10)
            threading.Timer(0.05, go_on.set).start()
            raise KeyboardInterrupt

    with threadpool_limits(2):
        with pytest.raises(KeyboardInterrupt):
            stops()
        assert parallel.thread_count() == 2
    assert go_on.is_set(), 'what has begun is waited for'
    assert not late
