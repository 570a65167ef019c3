"""Work is split over threads without changing what comes out, and BLAS gets its threads back."""

import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from deepfusion.functional import parallel


def test_shares_cover_the_range():
    for count in range(1, 9):
        for parts in range(1, 10):
            slices = parallel.shares(count, parts)
            assert [i for s in slices for i in range(count)[s]] == list(range(count))
            assert len(slices) == min(count, parts)


@pytest.mark.parametrize('threads', [1, 2, 3])
def test_results_come_in_order(threads):
    with threadpool_limits(threads):
        before = parallel.thread_count()
        names = parallel.split(np, lambda share: (share.start, threading.current_thread().name), 7, 1 << 30, 1 << 28)
        assert parallel.thread_count() == before
    assert [start for start, _ in names] == sorted(start for start, _ in names)
    assert (len({name for _, name in names}) > 1) == (before > 1)


BLAS = np.show_config(mode='dicts')['Build Dependencies']['blas']['name']
needs_openblas = pytest.mark.skipif('openblas' not in BLAS, reason=f'NumPy was built with {BLAS}')


@needs_openblas
def test_blas_keeps_to_one_thread_meanwhile():
    with threadpool_limits(2):
        assert parallel.thread_count() == 2         # on one core too; less where threadpoolctl does not find OpenBLAS
        assert parallel.split(np, lambda share: parallel.thread_count(), 2, 1 << 30) == [1, 1]


@needs_openblas
def test_blas_keeps_to_one_thread_whichever_thread_asks():
    found = []
    with threadpool_limits(2):
        assert parallel.thread_count() == 2
        parallel.split(np, lambda share: None, 2, 1 << 30)
        other = threading.Thread(target=lambda: found.append(
            parallel.split(np, lambda share: parallel.thread_count(), 2, 1 << 30)))
        other.start()
        other.join()
        assert parallel.thread_count() == 2
    assert found == [[1, 1]]


def test_an_error_reaches_the_caller_and_nothing_stays_held():
    def task(share):
        raise KeyError(share.start)

    with threadpool_limits(2):
        before = parallel.thread_count()
        with pytest.raises(KeyError):
            parallel.split(np, task, 4, 1 << 30)
        assert parallel.thread_count() == before
        assert parallel.split(np, lambda share: 1, 2, 1 << 30) == [1, 1]


@pytest.mark.parametrize(('a', 'b'), [((5, 70, 80), (5, 80, 90)), ((70, 800), (6, 800, 90)),
                                      ((2, 3, 70, 80), (2, 1, 80, 90)), ((1, 4, 80, 80), (3, 1, 80, 80)),
                                      ((700, 80), (80, 90))])
def test_stacked_products(a, b):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(a), rng.standard_normal(b)
    np.testing.assert_allclose(parallel.matmul(a, b, np), a @ b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(('a', 'b', 'flip'), [
    ((300, 400), (400, 301), False), ((2001, 40), (40, 500), True), ((3, 100, 400), (400, 299), False),
    ((7, 100, 300), (7, 300, 200), False), ((1, 400, 400), (1, 400, 400), True), ((9, 2000), (2000, 2001), True)])
def test_large_products_are_split_and_leave_blas_one_thread(a, b, flip, monkeypatch):
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal(a), rng.standard_normal(b)
    if flip:
        other = np.asfortranarray(other)
    seen, plain = [], parallel.product_into

    def product_into(*args):
        seen.append((threading.current_thread().name, parallel.thread_count()))
        plain(*args)

    monkeypatch.setattr(parallel, 'product_into', product_into)
    with threadpool_limits(2):
        cores = parallel.thread_count()
        found = parallel.product(one, other, np)
    np.testing.assert_allclose(found, one @ other, rtol=1e-10, atol=1e-10)
    assert {threads for _, threads in seen} == {1}
    assert len({name for name, _ in seen}) == (min(cores, 2) if b[0] != 1 else 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(1, 140), st.integers(300, 3000), st.sampled_from(['f', 'd']),
       st.sampled_from([(), (0,), (1,), (3,)]), st.lists(st.booleans(), min_size=4, max_size=4))
def test_narrow_products(narrow, inner, long, dtype, stack, flips):
    """By rows or by columns, of matrices in either order of memory, into either."""
    is_first, shared, *transposed = flips
    rng = np.random.default_rng(0)

    def matrix(rows, columns, is_transposed, stack=stack):
        if is_transposed:
            return rng.standard_normal((*stack, columns, rows)).astype(dtype).swapaxes(-1, -2)
        return rng.standard_normal((*stack, rows, columns)).astype(dtype)

    rows, columns = (narrow, long) if is_first else (long, narrow)
    one = matrix(rows, inner, transposed[0], () if shared and is_first else stack)
    other = matrix(inner, columns, transposed[1], () if shared and not is_first else stack)
    expected = np.matmul(one, other)
    out = np.full((*stack, rows, columns) if transposed[0] else (*stack, columns, rows), np.nan, dtype)
    out = out if transposed[0] else out.swapaxes(-1, -2)
    parallel.product_into(out, one, other, np)
    near = 1e-10 if dtype == 'd' else 1e-4
    np.testing.assert_allclose(out, expected, rtol=near, atol=near)
    np.testing.assert_allclose(parallel.product(one, other, np), expected, rtol=near, atol=near)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 3), st.sampled_from(['f', 'd']), st.booleans(), st.booleans())
def test_small_products(sizes, dtype, flip_one, flip_other):
    """Of few multiplications, none at all among them, in either order of memory."""
    rng = np.random.default_rng(0)
    rows, inner, columns = sizes
    one, other = (rng.standard_normal(shape).astype(dtype) for shape in ((rows, inner), (inner, columns)))
    if flip_one:
        one = np.asfortranarray(one)
    if flip_other:
        other = np.asfortranarray(other)
    found = parallel.product(one, other, np)
    near = 1e-12 if dtype == 'd' else 1e-5
    assert (found.shape, found.dtype) == ((rows, columns), one.dtype)
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, np.einsum('ij,jk->ik', one, other), rtol=near, atol=near)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork on this system')
@pytest.mark.filterwarnings('ignore:This process')
def test_a_forked_process_has_threads_of_its_own():
    with threadpool_limits(2):
        parallel.split(np, lambda share: None, 2, 1 << 30)
        child = os.fork()
        if not child:
            done = parallel.split(np, lambda share: 1, 2, 1 << 30)
            os._exit(0 if done[0] == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
