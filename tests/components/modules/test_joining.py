"""Flatten, Concat and Multiply, against PyTorch."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Flatten, Multiply
from deepfusion.errors import ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests


class TestFlatten(ModuleTests):
    cases = (
        Case('volume', lambda inputs: Flatten('f', inputs), [(1, 2, 3, 2)], lambda t, x, p, m: x[0].flatten(1)),
        Case('vector', lambda inputs: Flatten('f', inputs), [(1, 4)], lambda t, x, p, m: x[0]),
        Case('numbers', lambda inputs: Flatten('f', inputs), [(1,)], lambda t, x, p, m: x[0][:, None]),
    )


def same_batch(torch, x):
    size = max(len(value) for value in x)
    return [value.expand(size, *value.shape[1:]) for value in x]


class TestConcat(ModuleTests):
    cases = (
        Case('channels', lambda inputs: Concat('c', inputs), [(1, 2, 3, 4), (1, 1, 3, 4), (1, 3, 3, 4)],
             lambda t, x, p, m: t.cat(x, 1)),
        Case('last', lambda inputs: Concat('c', inputs, axis=-1), [(1, 2, 3), (1, 2, 1)],
             lambda t, x, p, m: t.cat(x, -1)),
        Case('single', lambda inputs: Concat('c', inputs), [(1, 2)], lambda t, x, p, m: x[0]),
        Case('batch_of_one', lambda inputs: Concat('c', inputs), [(1, 2), (1, 3)],
             lambda t, x, p, m: t.cat(same_batch(t, x), 1),
             draws=(None, lambda rng, shape: rng.standard_normal((1, *shape[1:])))),
    )


class TestMultiply(ModuleTests):
    cases = (
        Case('two', lambda inputs: Multiply('m', inputs), [(1, 3), (1, 3)], lambda t, x, p, m: x[0] * x[1]),
        Case('gate', lambda inputs: Multiply('m', inputs), [(1, 2, 3, 3), (1, 2, 1, 1), (1, 1, 3, 3)],
             lambda t, x, p, m: x[0] * x[1] * x[2]),
        Case('four', lambda inputs: Multiply('m', inputs), [(1, 2)] * 4, lambda t, x, p, m: x[0] * x[1] * x[2] * x[3]),
        Case('zeros', lambda inputs: Multiply('m', inputs), [(1, 2)] * 3, lambda t, x, p, m: x[0] * x[1] * x[2],
             draws=(lambda rng, shape: rng.integers(0, 2, shape) * 1.0,) * 3),
        Case('one', lambda inputs: Multiply('m', inputs), [(1, 2)], lambda t, x, p, m: x[0]),
    )


def test_concat_refuses_other_differences():
    a, b = Data('a', (1, 2, 3)), Data('b', (1, 2, 4))
    with pytest.raises(ShapeError, match=r"Concat 'c': expected inputs whose shapes differ in axis 1 only"):
        Concat('c', [a, b])
    assert not a.outputs


@pytest.mark.parametrize('axis', [0, 3, -3, 1.0])
def test_concat_refuses_the_axis(axis):
    with pytest.raises(ShapeError, match='an axis other than the batch, from 1 to 2'):
        Concat('c', [Data('a', (1, 2, 3))], axis=axis)


def test_multiply_refuses_shapes_that_do_not_broadcast():
    with pytest.raises(ShapeError, match=r"Multiply 'm': .*shapes that broadcast"):
        Multiply('m', [Data('a', (1, 2)), Data('b', (1, 3))])


@settings(max_examples=30, deadline=None)
@given(batch=st.integers(1, 3), shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
       count=st.integers(1, 4), data=st.data())
def test_multiply_broadcasts_any_axes(batch, shape, count, data):
    pytest.importorskip('torch')
    shapes = [(1, *(data.draw(st.sampled_from([1, n])) for n in shape)) for _ in range(count)]
    case = Case('any', lambda i: Multiply('m', i), shapes, lambda t, x, p, m: functools.reduce(t.mul, x))
    with use_precision('float64'):
        ModuleTests().check_reference(case, 'train', batch)


@pytest.mark.parametrize('axis', [1, 2, 3])
@pytest.mark.parametrize('order', [(0, 1, 2, 3), (0, 2, 3, 1)], ids=['channels first', 'channels last'])
def test_large_inputs_are_joined_on_all_cores_in_their_order_of_memory(axis, order):
    back = np.argsort(order)
    shapes = [[5, 32, 32, 32] for _ in range(2)]
    shapes[1][axis] = 40
    parts = [np.random.default_rng(i).standard_normal([shape[k] for k in order], np.float32).transpose(back)
             for i, shape in enumerate(shapes)]
    nodes = [Data(f'x{i}', (1, *part.shape[1:]), val=part) for i, part in enumerate(parts)]
    module = Concat('c', nodes, axis=axis)
    module.forward()
    np.testing.assert_array_equal(module.output.val, np.concatenate(parts, axis=axis))
    assert np.argsort([-n for n in module.output.val.strides]).tolist() == list(order)
