"""Sum, Mean and Max over axes, against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules import Max, Mean, Sum
from deepfusion.errors import ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests

SHAPE = [(1, 2, 3, 4)]
OPTIONS = {'all': {}, 'last': {'axis': -1}, 'two': {'axis': (1, 3)}, 'kept': {'axis': (2, 3), 'keepdims': True}}


def cases(module, function):
    def case(name, options):
        axes = options.get('axis', (1, 2, 3))
        return Case(name, lambda i: module('m', i, **options), SHAPE,
                    lambda t, x, p, m: getattr(t, function)(x[0], axes, options.get('keepdims', False)))
    return tuple(case(name, options) for name, options in OPTIONS.items())


class TestSum(ModuleTests):
    cases = cases(Sum, 'sum')


class TestMean(ModuleTests):
    cases = cases(Mean, 'mean')


class TestMax(ModuleTests):
    cases = cases(Max, 'amax')


def test_ties_share_the_derivative():
    x = Data('x', (1, 3), val=[[2.0, 1.0, 2.0]])
    m = Max('m', [x])
    m.forward()
    m.output.deriv = np.ones(1)
    m.backward()
    assert x.deriv.tolist() == [[0.5, 0.0, 0.5]]


@pytest.mark.parametrize('module', [Sum, Mean, Max])
@pytest.mark.parametrize(('axis', 'words'), [(0, 'other than the batch'), ((1, 3), 'from 1 to 2'),
                                             ((1, -2), 'axes that differ')])
def test_refused(module, axis, words):
    x = Data('x', (1, 2, 3))
    with pytest.raises(ShapeError, match=words):
        module('m', [x], axis=axis)
    assert not x.outputs


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from([(Sum, 'sum'), (Mean, 'mean'), (Max, 'amax')]), batch=st.integers(1, 3),
       shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), keepdims=st.booleans(), data=st.data())
def test_any_axes(kind, batch, shape, keepdims, data):
    pytest.importorskip('torch')
    axes = data.draw(st.lists(st.integers(1, len(shape)), min_size=1, unique=True).map(tuple))
    case = Case('any', lambda i: kind[0]('m', i, axis=axes, keepdims=keepdims), [(1, *shape)],
                lambda t, x, p, m: getattr(t, kind[1])(x[0], axes, keepdims))
    with use_precision('float64'):
        ModuleTests().check_reference(case, 'train', batch)
