"""Linear maps whose rows are shared between cores."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from deepfusion.functional.linear import column_sums, linear, linear_gradient


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('shape', [(5,), (2, 3, 5), (40, 200, 30)])
def test_agrees_with_plain_products(shape, threads):
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal(shape), rng.standard_normal((shape[-1], 20))
    with threadpool_limits(threads):
        y = linear(np, x, W)
        dW = linear_gradient(np, x, y)
    assert y.shape == (*shape[:-1], 20)
    assert np.allclose(y, np.einsum('...n,nm->...m', x, W))
    assert np.allclose(dW, np.tensordot(x, y, (range(x.ndim - 1),) * 2))


@pytest.mark.parametrize('dtype', ['f', 'd'])
@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (1, 1), (64, 5), (300, 100), (5000, 90)])
def test_column_sums(shape, dtype):
    rows = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    sums = column_sums(np, rows)
    assert (sums.shape, sums.dtype) == (shape[1:], rows.dtype)
    assert np.allclose(sums, rows.sum(axis=0), atol=1e-12 if dtype == 'd' else 1e-3)
