"""MAELoss, HuberLoss, SmoothL1Loss and LogCoshLoss, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import (
    HuberLoss,
    LogCoshLoss,
    MAELoss,
    SmoothL1Loss,
)
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from tests.support.cases import Case, ModuleTests


def cases(module, function, *variants):
    """Every reduction, and every variant of the options."""
    def case(name, **options):
        shape = (1, 2, 3) if options.get('reduction') == 'none' else (1, 4)
        return Case(name, lambda i: module('l', i, **options), [shape] * 2,
                    lambda t, x, p, m: function(t)(x[0], x[1], **options))
    return (*(case(how, reduction=how) for how in ('mean', 'sum', 'none')),
            *(case('_'.join(f'{k}{v}' for k, v in options.items()), **options) for options in variants))


def log_cosh(torch):
    def loss(h, y, reduction='mean'):
        losses = torch.log(torch.cosh(h - y))
        return losses if reduction == 'none' else getattr(losses, reduction)()
    return loss


class TestMAELoss(ModuleTests):
    cases = cases(MAELoss, lambda t: t.nn.functional.l1_loss)


class TestHuberLoss(ModuleTests):
    cases = cases(HuberLoss, lambda t: t.nn.functional.huber_loss, {'delta': 0.3}, {'delta': 2.5})


class TestSmoothL1Loss(ModuleTests):
    cases = cases(SmoothL1Loss, lambda t: t.nn.functional.smooth_l1_loss, {'beta': 0.3}, {'beta': 2.5}, {'beta': 0})


class TestLogCoshLoss(ModuleTests):
    cases = cases(LogCoshLoss, log_cosh)


@pytest.mark.parametrize('module', [MAELoss, HuberLoss, SmoothL1Loss, LogCoshLoss])
def test_far_and_equal(module):
    h, y = Data('h', (1, 3), val=[[1e4, -1e4, 2.0]]), Data('y', (1, 3), val=[[-1e4, 1e4, 2.0]])
    loss = module('l', [h, y], reduction='none')
    loss.forward()
    loss.output.deriv = np.ones((1, 3))
    loss.backward()
    less = {MAELoss: 0, HuberLoss: 0.5, SmoothL1Loss: 0.5, LogCoshLoss: np.log(2)}[module]
    np.testing.assert_allclose(loss.output.val, [[2e4 - less, 2e4 - less, 0]], rtol=1e-6, atol=1e-6)
    assert h.deriv.tolist() == [[1, -1, 0]]


@pytest.mark.parametrize(('module', 'options', 'error', 'words'), [
    (HuberLoss, {'delta': 0}, OptionError, 'expected delta to be a number above 0; found 0'),
    (SmoothL1Loss, {'beta': -1}, OptionError, 'expected beta to be a number of at least 0; found -1'),
    *((module, {'reduction': 'none '}, UnknownNameError, "'none'") for module in (MAELoss, LogCoshLoss)),
])
def test_refused_options(module, options, error, words):
    with pytest.raises(error, match=words):
        module('l', [Data('a', (1, 3)), Data('b', (1, 3))], **options)


@pytest.mark.parametrize('module', [MAELoss, HuberLoss, SmoothL1Loss, LogCoshLoss])
def test_two_shapes_are_refused(module):
    with pytest.raises(ShapeError, match=f"{module.__name__} 'l': expected inputs of equal shapes"):
        module('l', [Data('a', (1, 3)), Data('b', (1, 1))])
