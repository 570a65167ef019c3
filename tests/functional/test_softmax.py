"""Softmax, its logarithm and the logistic function against direct formulas, and far out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.functional.sigmoid import sigmoid, sigmoid_derivative
from deepfusion.functional.softmax import log_softmax, log_softmax_derivative, softmax, softmax_derivative


@settings(deadline=None, max_examples=25)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), data=st.data())
def test_any_shape_and_axis(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(0).standard_normal(shape)
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(softmax(x, axis), expected, rtol=1e-12)
    np.testing.assert_allclose(log_softmax(x, axis), np.log(expected), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_large_logits(dtype):
    x = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], dtype)
    np.testing.assert_allclose(softmax(x), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    np.testing.assert_allclose(log_softmax(x)[0], [0, -1e4, -2e4])
    assert softmax(x).dtype == log_softmax(x).dtype == sigmoid(x).dtype == dtype
    np.testing.assert_allclose(sigmoid(x)[0], [1, 0.5, 0], atol=1e-37)
    assert np.isfinite(sigmoid(x)).all()


def test_the_tail_of_the_logistic_function_keeps_its_digits():
    x = np.array([-80., -40., -5., 5., 40.])
    np.testing.assert_allclose(sigmoid(x), np.exp(x) / (1 + np.exp(x)), rtol=1e-14)
    np.testing.assert_allclose(sigmoid(x.astype(np.float32)), sigmoid(x), rtol=1e-6)


@pytest.mark.parametrize(('function', 'derivative'), [
    (lambda x: softmax(x, 1), lambda d, y: softmax_derivative(d, y, 1)),
    (lambda x: log_softmax(x, 1), lambda d, y: log_softmax_derivative(d, y, 1)),
    (sigmoid, sigmoid_derivative),
], ids=['softmax', 'log_softmax', 'sigmoid'])
def test_derivatives(function, derivative):
    rng = np.random.default_rng(0)
    x, d, move = rng.standard_normal((3, 2, 4, 3))
    h = 1e-6
    slope = ((function(x + h * move) - function(x - h * move)) * d).sum() / (2 * h)
    assert (derivative(d, function(x)) * move).sum() == pytest.approx(slope, rel=1e-7)


def test_nothing_is_written_and_the_order_of_memory_stays():
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 3)).transpose(0, 3, 1, 2)
    before = x.copy()
    for y in (softmax(x, 1), log_softmax(x, 1), sigmoid(x), sigmoid_derivative(x, x)):
        assert y.strides == x.strides
    np.testing.assert_array_equal(x, before)


def test_a_number_without_axes():
    assert sigmoid(np.float32(0)) == 0.5
