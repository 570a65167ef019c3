"""Stochastic depth and Gaussian noise, with the numbers that the same seed draws."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.dropout import GaussianNoise, StochasticDepth
from deepfusion.errors import OptionError
from tests.support.cases import Case, ModuleTests


def depth(per_example):
    def stochastic_depth(torch, x, _, mode):
        np.random.seed(3)       # as cases.run does before every pass
        count = len(x[0]) if per_example else 1
        kept = torch.tensor(np.random.rand(count) < 0.6).double() / 0.6
        return x[0] * (kept.reshape((-1,) + (1,) * (x[0].ndim - 1)) if mode == 'train' else 1)
    return stochastic_depth


def noise(torch, x, _, mode):
    np.random.seed(3)
    return x[0] + (0.5 * torch.tensor(np.random.randn(*x[0].shape)) if mode == 'train' else 0)


class TestStochasticDepth(ModuleTests):
    cases = (
        Case('picture', lambda inputs: StochasticDepth('m', inputs, p_keep=0.6), [(1, 2, 3, 2)], depth(True)),
        Case('vector', lambda inputs: StochasticDepth('m', inputs, p_keep=0.6), [(1, 4)], depth(True)),
        Case('batch', lambda inputs: StochasticDepth('m', inputs, p_keep=0.6, per_example=False), [(1, 4)],
             depth(False)),
    )


class TestGaussianNoise(ModuleTests):
    cases = (
        Case('picture', lambda inputs: GaussianNoise('m', inputs, std=0.5), [(1, 2, 3, 2)], noise),
        Case('vector', lambda inputs: GaussianNoise('m', inputs, std=0.5), [(1, 4)], noise),
    )


@pytest.mark.parametrize('per_example', [True, False])
def test_branches_are_dropped_whole(per_example):
    np.random.seed(0)
    module = StochasticDepth('m', [Data('x', (1, 3, 2), val=np.ones((64, 3, 2)))], per_example=per_example)
    module.forward()
    rows = module.output.val.reshape(64, -1)
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(rows)) == (2 if per_example else 1)


def test_the_noise_has_its_deviation():
    np.random.seed(0)
    module = GaussianNoise('m', [Data('x', (1, 100), val=np.full((100, 100), 7.0))], std=2)
    module.forward()
    assert module.output.val.mean() == pytest.approx(7, abs=0.1)
    assert module.output.val.std() == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize('std', [-0.1, float('nan'), float('inf'), None, '1', True])
def test_refused_deviations(std):
    with pytest.raises(OptionError, match="GaussianNoise 'm': expected std to be a number of at least 0; found"):
        GaussianNoise('m', [Data('x', (1, 3))], std=std)


def test_refused_probability():
    with pytest.raises(OptionError, match="StochasticDepth 'm': expected p_keep to be a number above 0 .*; found 2"):
        StochasticDepth('m', [Data('x', (1, 3))], p_keep=2)


def test_one_seed_fixes_them():
    for kind in (StochasticDepth, GaussianNoise):
        values = []
        for _ in range(2):
            np.random.seed(5)
            module = kind('m', [Data('x', (1, 3), val=np.ones((8, 3)))])
            module.forward()
            values.append(module.output.val)
        np.testing.assert_array_equal(*values)
