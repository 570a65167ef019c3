"""Sum, Mean and Max over axes, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Max, Mean, Sum
from deepfusion.errors import ShapeError
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
