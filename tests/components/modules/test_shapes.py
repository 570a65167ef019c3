"""Reshape, Transpose, Slice and Stack, against PyTorch."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Reshape, Slice, Stack, Transpose
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests


class TestReshape(ModuleTests):
    cases = (
        Case('volume', lambda i: Reshape('r', i, shape=(3, 4)), [(1, 2, 3, 2)],
             lambda t, x, p, m: x[0].reshape(-1, 3, 4)),
        Case('inferred', lambda i: Reshape('r', i, shape=(2, -1, 1)), [(1, 6)],
             lambda t, x, p, m: x[0].reshape(-1, 2, 3, 1)),
        Case('number', lambda i: Reshape('r', i, shape=()), [(1, 1)], lambda t, x, p, m: x[0][:, 0]),
    )


class TestTranspose(ModuleTests):
    cases = (
        Case('reversed', lambda i: Transpose('t', i), [(1, 2, 3, 4)], lambda t, x, p, m: x[0].permute(0, 3, 2, 1)),
        Case('cycle', lambda i: Transpose('t', i, axes=(0, 2, 3, 1)), [(1, 2, 3, 4)],
             lambda t, x, p, m: x[0].permute(0, 2, 3, 1)),
        Case('negative', lambda i: Transpose('t', i, axes=(0, -1, 1)), [(1, 2, 3)],
             lambda t, x, p, m: x[0].permute(0, 2, 1)),
        Case('vector', lambda i: Transpose('t', i), [(1, 2)], lambda t, x, p, m: x[0]),
    )


class TestSlice(ModuleTests):
    cases = (
        Case('front', lambda i: Slice('s', i, stop=2), [(1, 3)], lambda t, x, p, m: x[0][:, :2]),
        Case('channels', lambda i: Slice('s', i, start=1, stop=3), [(1, 4, 2, 2)],
             lambda t, x, p, m: x[0][:, 1:3]),
        Case('last', lambda i: Slice('s', i, start=-1, axis=-1), [(1, 2, 3)], lambda t, x, p, m: x[0][..., -1:]),
        Case('steps', lambda i: Slice('s', i, start=1, axis=2, step=2), [(1, 2, 6)],
             lambda t, x, p, m: x[0][:, :, 1::2]),
    )


class TestStack(ModuleTests):
    cases = (
        Case('first', lambda i: Stack('s', i), [(1, 2, 3)] * 3, lambda t, x, p, m: t.stack(x, 1)),
        Case('last', lambda i: Stack('s', i, axis=-1), [(1, 2, 3)] * 2, lambda t, x, p, m: t.stack(x, -1)),
        Case('numbers', lambda i: Stack('s', i), [(1,)] * 2, lambda t, x, p, m: t.stack(x, 1)),
    )


def test_reshape_takes_the_shape_of_its_output():
    assert Reshape('r', [Data('x', (1, 6))], Data('y', (1, 2, 3))).output.shape == (1, 2, 3)


@pytest.mark.parametrize(('build', 'error', 'words'), [
    (lambda x: Reshape('r', [x]), ShapeError, "Reshape 'r': expected a shape or an output"),
    (lambda x: Reshape('r', [x], shape=(4,)), ShapeError, 'a shape with the 6 entries'),
    (lambda x: Reshape('r', [x], shape=(4, -1)), ShapeError, 'a shape with the 6 entries'),
    (lambda x: Reshape('r', [x], shape=(-1, -1)), ShapeError, 'a shape with the 6 entries'),
    (lambda x: Reshape('r', [x], Data('y', (1, 5))), ShapeError, 'a shape with the 6 entries'),
    (lambda x: Transpose('t', [x], axes=(1, 0, 2)), ShapeError, 'begins with 0'),
    (lambda x: Transpose('t', [x], axes=(0, 1)), ShapeError, 'begins with 0'),
    (lambda x: Slice('s', [x], start=2), ShapeError, 'at least one of the 2 entries of axis 1'),
    (lambda x: Slice('s', [x], axis=3), ShapeError, 'an axis other than the batch, from 1 to 2'),
    (lambda x: Slice('s', [x], step=-1), OptionError, 'step an integer of at least 1'),
    (lambda x: Slice('s', [x], start=0.5), OptionError, 'start and stop to be integers'),
    (lambda x: Stack('s', [x, Data('b', (1, 2))]), ShapeError, 'inputs of one shape'),
    (lambda x: Stack('s', [x], axis=4), ShapeError, 'an axis other than the batch, from 1 to 3'),
])
def test_refused(build, error, words):
    x = Data('x', (1, 2, 3))
    with pytest.raises(error, match=words):
        build(x)
    assert not x.outputs
