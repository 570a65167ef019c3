"""Element-wise formulas in blocks give what they give at once."""

import numpy as np
import pytest

from deepfusion.functional.elementwise import (
    CLIPPED,
    FORMULA,
    STEP,
    elementwise,
    elementwise_into,
    examplewise,
    negative_part,
    positive_part,
    rectify,
)


def formula(x, y):
    return x * x - 2 * y


ORDERS = {
    'plain': lambda a: a,
    'channels last': lambda a: np.ascontiguousarray(a.transpose(0, 2, 1)).transpose(0, 2, 1),
    'fortran': np.asfortranarray,
    'every other': lambda a: np.repeat(a, 2, axis=2)[:, :, ::2],
    'repeated': lambda a: np.broadcast_to(a[:1, :1], a.shape),
}


@pytest.mark.parametrize('first', ORDERS)
@pytest.mark.parametrize('second', ORDERS)
def test_any_order_of_memory(first, second):
    a, b = np.random.default_rng(0).standard_normal((2, 3, 5, FORMULA // 6)).astype(np.float32)
    x, y = ORDERS[first](a), ORDERS[second](b)
    assert x.size > FORMULA
    found = elementwise(formula, x, y)
    np.testing.assert_array_equal(found, formula(x, y))
    assert found.dtype == np.float32
    if first != 'repeated' and first != 'every other':
        assert found.strides == x.strides


def test_blocks_are_small():
    sizes = []
    elementwise(lambda x: sizes.append(x.size) or x, np.zeros((1, 5 * FORMULA)))
    assert sum(sizes) == 5 * FORMULA
    assert max(sizes) <= FORMULA


@pytest.mark.parametrize('first', ORDERS)
def test_a_single_step_is_written_in_place(first):
    a, b = np.random.default_rng(0).standard_normal((2, 3, 7, STEP // 16)).astype(np.float32)
    x, y = ORDERS[first](a), ORDERS[first](b)
    for size in (STEP // 16, 2):
        u, v = x[..., :size], y[..., :size]
        np.testing.assert_array_equal(elementwise_into(np.subtract, u, v), u - v)


@pytest.mark.parametrize('shape', [(4, 1, STEP // 8), (1, 3, 1), (3, 1), (), None])
def test_a_single_step_of_what_broadcasts_to_the_first(shape):
    rng = np.random.default_rng(0)
    x = ORDERS['channels last'](rng.standard_normal((4, 3, STEP // 8), np.float32))
    y = 3.0 if shape is None else rng.standard_normal(shape, np.float32)
    found = elementwise_into(np.multiply, x, y)
    np.testing.assert_array_equal(found, x * y)
    assert found.dtype == np.float32
    assert found.strides == x.strides


@pytest.mark.parametrize('first', ORDERS)
def test_examples_block_by_block(first):
    x = ORDERS[first](np.random.default_rng(0).standard_normal((9, 5, FORMULA // 8), np.float32))
    sizes = []

    def put(x, y, out):
        sizes.append(x.size)
        out[...] = (x * y).sum(axis=2)

    y = np.arange(5, dtype=np.float32)[None, :, None]
    found = examplewise(put, np.empty((9, 5), np.float32), x, y)
    np.testing.assert_array_equal(found, (x * y).sum(axis=2))
    assert sum(sizes) == x.size
    assert max(sizes) <= FORMULA + x[0].size


def test_what_is_larger_or_finer_than_the_first_is_made_as_numpy_does():
    x = np.ones((1, 3, STEP // 2), np.float32)
    assert elementwise_into(np.add, x, np.ones((2, 1, 1), np.float32)).shape == (2, 3, STEP // 2)
    assert elementwise_into(np.add, x, np.ones((1, 1, 1))).dtype == np.float64


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@pytest.mark.parametrize('size', [7, CLIPPED, STEP])
def test_the_positive_and_the_negative_part(size, dtype):
    x = np.random.default_rng(0).standard_normal((3, size)).astype(dtype)
    x[:, :7] = 0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40
    expected = np.where(x < 0, 0, x)
    found = positive_part(x)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(positive_part(x[:, ::2]), expected[:, ::2])
    np.testing.assert_array_equal(negative_part(x), np.where(x > 0, 0, x))
    out = np.empty_like(x)
    assert positive_part(x, out=out) is out
    np.testing.assert_array_equal(out, expected)
    rectify(x)
    np.testing.assert_array_equal(x, expected)
