"""Normalization over trailing axes and over groups, against direct formulas, for shapes of all kinds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.functional.batch_norm import channel_sums, combine_channels, normalize_channels
from deepfusion.functional.layer_norm import group_norm, group_norm_derivative, layer_norm, layer_norm_derivative

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=5).map(tuple)


def standardized(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 0.1)


def slope(function, x, deriv, move, h=1e-6):
    return ((function(x + h * move) - function(x - h * move)) * deriv).sum() / (2 * h)


@settings(deadline=None, max_examples=30)
@given(shape=SHAPES, data=st.data())
def test_any_shape_and_number_of_axes(shape, data):
    count = data.draw(st.integers(1, len(shape) - 1))
    axes = tuple(range(len(shape) - count, len(shape)))
    x, d, move = np.random.default_rng(0).standard_normal((3, *shape))
    y, saved = layer_norm(x, count, 0.1)
    np.testing.assert_allclose(y, standardized(x, axes), atol=1e-12)
    dx, _ = layer_norm_derivative(d, saved, count)
    np.testing.assert_allclose((dx * move).sum(), slope(lambda x: standardized(x, axes), x, d, move), atol=1e-7)


@settings(deadline=None, max_examples=30)
@given(shape=SHAPES, groups=st.integers(1, 3))
def test_any_groups(shape, groups):
    shape = (shape[0], shape[1] * groups, *shape[2:])
    x, d, move = np.random.default_rng(0).standard_normal((3, *shape))
    gamma = np.random.default_rng(1).standard_normal((1, shape[1], *(1,) * (len(shape) - 2)))

    def expected(x):
        rows = x.reshape(shape[0], groups, -1)
        return gamma * standardized(rows, 2).reshape(shape)

    y, saved = group_norm(x, groups, 0.1, gamma)
    np.testing.assert_allclose(y, expected(x), atol=1e-12)
    dx, dgamma = group_norm_derivative(d, saved, groups, gamma)
    np.testing.assert_allclose((dx * move).sum(), slope(expected, x, d, move), atol=1e-7)
    np.testing.assert_allclose((dgamma * gamma).sum(), (d * y).sum(), atol=1e-10)


@settings(deadline=None, max_examples=30)
@given(shape=SHAPES, order=st.permutations(range(5)), other=st.permutations(range(5)))
def test_channels_in_any_two_orders_of_memory(shape, order, other):
    def laid(a, order):
        order = [i for i in order if i < a.ndim]
        return np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order))

    rng = np.random.default_rng(0)
    x, d = rng.standard_normal((2, *shape))
    a, b, c, mean = rng.standard_normal((4, shape[1]))
    spread = (slice(None), *(None,) * (len(shape) - 2))
    axes = (0, *range(2, len(shape)))
    moved = x - mean[spread]
    found = normalize_channels(laid(x, order), mean, a, b)
    np.testing.assert_allclose(found, moved * a[spread] + b[spread], atol=1e-12)
    found = combine_channels(laid(d, other), laid(x, order), mean, a, b, c)
    np.testing.assert_allclose(found, a[spread] * d + b[spread] * moved + c[spread], atol=1e-12)
    total, product = channel_sums(laid(d, other), laid(x, order), mean, x.std(axes))
    np.testing.assert_allclose(total, d.sum(axes), atol=1e-12)
    np.testing.assert_allclose(product, (d * moved).sum(axes), atol=1e-12)
