"""Convolutions by lists of places, split over threads, give what others give."""

import threading

import numpy as np
from threadpoolctl import threadpool_limits

from deepfusion.functional import listed_columns, parallel
from deepfusion.functional.convolution import convolve, convolve_backward
from deepfusion.functional.windows import Windows


def test_lists_of_many_examples_are_shared(monkeypatch):
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((63, 3, 32, 31)), rng.standard_normal((5, 3, 3, 3)), rng.standard_normal(5)
    deriv, results, names = rng.standard_normal((63, 5, 12, 12)), [], set()
    take = np.take

    def watched(*args, **options):
        names.add(threading.current_thread().name)
        return take(*args, **options)

    monkeypatch.setattr(listed_columns.np, 'take', watched)
    with threadpool_limits(2):
        cores = parallel.thread_count()
        for longest in (listed_columns.LIST, 0):
            monkeypatch.setattr(listed_columns, 'LIST', longest)
            y, saved = convolve(x, w, b, Windows((3, 3), (3, 3), ((2, 2), (2, 3)), (1, 1)))
            results.append((y, *convolve_backward(deriv, saved)))
    assert len(names) == min(cores, 2)
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
