"""A matrix in panels multiplies as it does without."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.functional import panels, parallel
from deepfusion.functional.panels import Factor


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(0, 140), depth=st.sampled_from([1, 96, 256, 289, 576, 600, 1024]),
       width=st.sampled_from([1, 32, 33, 256, 1024]), dtype=st.sampled_from(['f4', 'f8']), flipped=st.booleans(),
       strided=st.booleans())
def test_products(rows, depth, width, dtype, flipped, strided):
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((width, depth) if flipped else (depth, width)).astype(dtype)
    matrix = matrix.T if flipped else matrix
    wide = rng.standard_normal((rows, depth + 3)).astype(dtype)
    a = wide[:, :depth] if strided else wide[:, :depth].copy()
    out = np.full((rows, width), np.nan, dtype)
    Factor(np, matrix).times(a, out)
    np.testing.assert_allclose(out, a @ matrix, atol=1e-3 if dtype == 'f4' else 1e-11)


class Counting:
    """NumPy, that notes how many multiplications there are in each product."""

    def __init__(self):
        self.sizes = []

    def __getattr__(self, name):
        return getattr(np, name)

    def matmul(self, a, b, out):
        self.sizes.append(a.shape[-2] * b.shape[-2] * b.shape[-1])
        return np.matmul(a, b, out=out)


@pytest.mark.parametrize(('rows', 'depth', 'width'), [(32, 256, 1024), (32, 1024, 256), (16, 257, 1024),
                                                      (64, 256, 1024), (100, 256, 1024)])
def test_some_tens_of_rows_use_panels_that_need_no_arranging(rows, depth, width, monkeypatch):
    factor, counting = Factor(np, np.ones((depth, width), np.float32)), Counting()
    assert rows in factor.rows
    blocks, _, deep, _ = factor.panels.shape
    assert blocks * deep == depth
    assert factor.panels.flags.c_contiguous
    for module in (panels, parallel):
        monkeypatch.setattr(module, 'np', counting)
    factor.times(np.ones((rows, depth), np.float32), np.empty((rows, width), np.float32))
    assert 0 < max(counting.sizes) <= panels.AT_ONCE


@pytest.mark.parametrize(('depth', 'width'), [(256, 33), (577, 1024), (0, 32), (4, 0)])
def test_what_cannot_be_cut_stays_whole(depth, width):
    assert not Factor(np, np.ones((depth, width))).rows


@pytest.mark.parametrize(('a', 'shape'), [((70, 80), (3, 80, 32)), ((5, 64, 512), (5, 2, 512, 32)),
                                           ((2, 67, 300), (2, 1, 300, 300)), ((2, 300, 256), (2, 4, 256, 32)),
                                           ((0, 8), (2, 8, 4)), ((3, 8), (2, 8, 0))])
def test_products_of_panels(a, shape):
    rng = np.random.default_rng(0)
    a, cut = rng.standard_normal(a), rng.standard_normal(shape)
    whole = np.concatenate(np.moveaxis(cut, -3, 0), axis=-1)
    out = np.empty((*a.shape[:-1], whole.shape[-1] + 3))[..., 3:]
    panels.product_of_panels(out, a, cut, np)
    np.testing.assert_allclose(out, a @ whole, rtol=1e-12, atol=1e-12)
