"""Pooling against PyTorch, over sizes and options drawn at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.functional import adaptive_pooling as adaptive
from deepfusion.functional import pooling
from deepfusion.functional.windows import FEW, Windows

torch = pytest.importorskip('torch')
F = torch.nn.functional


@st.composite
def cases(draw, dilated):
    """Windows, an input shape and ceil mode that PyTorch accepts and whose output is not empty."""
    rank = draw(st.integers(1, 3))
    axis = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))   # noqa: E731
    size, stride = axis(1, 3), axis(1, 3)
    dilation = axis(1, 2) if dilated else (1,) * rank
    padding = tuple(draw(st.integers(0, k // 2)) for k in size)
    spatial = tuple(max(k, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4))
                    for k, d, p in zip(size, dilation, padding, strict=True))
    shape = (draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3, FEW])), *spatial)
    return Windows(size, stride, tuple((p, p) for p in padding), dilation), shape, draw(st.booleans())


def values(shape, ties):
    """Numbers, or few different ones so that windows have ties; and the same for PyTorch."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, shape).astype(float) if ties else rng.standard_normal(shape)
    return x, torch.tensor(x, requires_grad=True)


def check(y, Y, X, backward, few=FEW):
    """Values, and gradients of a random derivative."""
    deriv = np.random.default_rng(1).standard_normal(Y.shape)
    np.testing.assert_allclose(y, Y.detach().numpy(), rtol=1e-12, atol=1e-12)
    assert (y if y.shape[1] < few else np.moveaxis(y, 1, -1)).flags.c_contiguous
    Y.backward(torch.tensor(deriv))
    np.testing.assert_allclose(backward(deriv), X.grad.numpy(), rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(cases(dilated=True), st.booleans())
def test_max(case, ties):
    windows, shape, ceil = case
    x, X = values(shape, ties)
    padding = tuple(p for p, _ in windows.padding)
    Y = getattr(F, f'max_pool{x.ndim - 2}d')(X, windows.size, windows.stride, padding, windows.dilation, ceil)
    y, stages = pooling.max_pool(x, windows, ceil)
    check(y, Y, X, lambda deriv: pooling.max_pool_backward(deriv, stages, windows))


@settings(max_examples=40, deadline=None)
@given(cases(dilated=False), st.booleans())
def test_average(case, include):
    windows, shape, ceil = case
    x, X = values(shape, False)
    padding = tuple(p for p, _ in windows.padding)
    Y = getattr(F, f'avg_pool{x.ndim - 2}d')(X, windows.size, windows.stride, padding, ceil, include)
    counts = pooling.window_counts(np, windows, shape[2:], Y.shape[2:], include, x.dtype)
    y = pooling.window_sum(x, windows, ceil) / counts
    check(y, Y, X, lambda deriv: pooling.window_sum_backward(deriv / counts, windows, shape[2:]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 8)), min_size=1, max_size=3), st.booleans())
def test_adaptive(axes, ties):
    spatial, output = zip(*axes, strict=True)
    x, X = values((2, 3, *spatial), ties)
    Y = getattr(F, f'adaptive_avg_pool{len(axes)}d')(X, output)
    check(adaptive.adaptive_average(x, output), Y, X, lambda d: adaptive.adaptive_average_backward(d, spatial), few=0)
    X.grad = None
    Y = getattr(F, f'adaptive_max_pool{len(axes)}d')(X, output)
    y, stages = adaptive.adaptive_max(x, output)
    check(y, Y, X, lambda d: adaptive.adaptive_max_backward(d, stages), few=0)


def test_large_volumes_are_split_over_threads_alike():
    x = np.random.default_rng(0).standard_normal((5, 16, 64, 65)).astype('float32')
    windows = Windows((3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    y, stages = pooling.max_pool(x, windows)
    dx = pooling.max_pool_backward(y, stages, windows)
    for i in range(5):
        one, kept = pooling.max_pool(x[i:i + 1], windows)
        assert np.array_equal(one[0], y[i])
        assert np.array_equal(pooling.max_pool_backward(one, kept, windows)[0], dx[i])
