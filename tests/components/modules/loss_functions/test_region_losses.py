"""DiceLoss and TverskyLoss, against their formulas in PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import DiceLoss, TverskyLoss
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from tests.support.cases import Case, ModuleTests

MAP = (1, 3, 2, 4)


def inside(rng, shape):
    return rng.integers(0, 2, shape) * 1.0


def classes(rng, shape):
    return rng.integers(0, 3, shape)


def chances(rng, shape):
    return rng.uniform(size=shape)


def index(p, y, smooth, alpha, beta):
    axes = tuple(range(2, p.ndim))
    both, wrong, missed = ((a * b).sum(axes) for a, b in ((p, y), (p, 1 - y), (1 - p, y)))
    return (both + smooth) / (both + alpha * wrong + beta * missed + smooth)


def dice(p, y, smooth=1.0):
    axes = tuple(range(2, p.ndim))
    return (2 * (p * y).sum(axes) + smooth) / (p.sum(axes) + y.sum(axes) + smooth)


def case(module, name, coefficient, target=MAP, draw=inside, shape=MAP, draws=(), **options):
    activation, how = options.get('activation', 'sigmoid'), options.get('reduction', 'mean')

    def reference(torch, x, p, m):
        scores, y = x
        if not y.is_floating_point():
            y = torch.nn.functional.one_hot(y.reshape(len(y), *scores.shape[2:]), 3).movedim(-1, 1)
        made = {'sigmoid': torch.sigmoid, 'softmax': lambda v: v.softmax(1), 'none': lambda v: v}[activation](scores)
        losses = 1 - coefficient(made, y)
        return losses if how == 'none' else getattr(losses, how)()
    return Case(name, lambda i: module('l', i, **options), [shape, target], reference, draws=draws or (None, draw),
                no_gradient=(1,) if draw is classes else ())


class TestDiceLoss(ModuleTests):
    cases = (
        *(case(DiceLoss, how, dice, reduction=how) for how in ('mean', 'sum', 'none')),
        case(DiceLoss, 'softmax', dice, activation='softmax'),
        case(DiceLoss, 'indices', dice, (1, 2, 4), classes, activation='softmax'),
        case(DiceLoss, 'line', dice, (1, 1, 5), shape=(1, 1, 5)),
        case(DiceLoss, 'chances', lambda p, y: dice(p, y, 0.1), draws=(chances, chances), activation='none',
             smooth=0.1),
    )


class TestTverskyLoss(ModuleTests):
    cases = (
        *(case(TverskyLoss, how, lambda p, y: index(p, y, 1.0, 0.3, 0.7), reduction=how)
          for how in ('mean', 'sum', 'none')),
        case(TverskyLoss, 'indices', lambda p, y: index(p, y, 0.5, 0.9, 0.2), (1, 1, 2, 4), classes,
             activation='softmax', alpha=0.9, beta=0.2, smooth=0.5),
    )


@pytest.mark.parametrize('module', [DiceLoss, TverskyLoss])
@pytest.mark.parametrize('activation', ['sigmoid', 'softmax'])
def test_stable_and_right_at_the_ends(module, activation):
    scores = np.array([[[1e4, -1e4]], [[-1e4, 1e4]]]).transpose(1, 0, 2)
    x = Data('x', (1, 2, 2), val=scores)
    for y, expected in ((scores > 0, 0.0), (scores < 0, 1.0)):
        loss = module('l', [x, Data('y', (1, 2, 2), val=y)], smooth=0, activation=activation)
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
        assert loss.output.val == pytest.approx(expected)
        assert np.isfinite(x.deriv).all()


def test_an_empty_region_found_empty_costs_nothing():
    loss = DiceLoss('l', [Data('x', (1, 1, 2), val=[[[-1e4, -1e4]]]), Data('y', (1, 1, 2), val=np.zeros((1, 1, 2)))])
    loss.forward()
    assert loss.output.val == 0


@pytest.mark.parametrize('module', [DiceLoss, TverskyLoss])
@pytest.mark.parametrize(('shapes', 'options', 'error', 'words'), [
    (((1, 3), (1, 3)), {}, ShapeError, 'axes behind the channels'),
    ((MAP, (1, 2, 2, 4)), {}, ShapeError, 'expected targets of shape'),
    ((MAP, MAP), {'smooth': -1}, OptionError, 'smooth to be a number of at least 0; found -1'),
    ((MAP, MAP), {'activation': 'relu'}, UnknownNameError, "activation of .*Loss 'l'"),
    ((MAP, MAP), {'reduction': 'mena'}, UnknownNameError, "'mean'"),
])
def test_refused(module, shapes, options, error, words):
    with pytest.raises(error, match=words):
        module('l', [Data('x', shapes[0]), Data('y', shapes[1])], **options)
