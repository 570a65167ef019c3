"""NLLLoss, KLDivLoss, FocalLoss, HingeLoss and MultiMarginLoss, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import (
    FocalLoss,
    HingeLoss,
    KLDivLoss,
    MultiMarginLoss,
    NLLLoss,
)
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from tests.support.cases import Case, ModuleTests

WEIGHT = [0.5, 1.0, 2.0, 0.25]
REDUCTIONS = ('mean', 'sum', 'none')


def classes(rng, shape):
    return rng.integers(0, 4, shape)


def some_ignored(rng, shape):
    found = rng.integers(1, 4, shape)
    found.reshape(-1)[::2] = 0
    return found


def chances(rng, shape):
    found = rng.uniform(0.1, 1, shape)
    return found / found.sum(axis=1, keepdims=True)


def signs(rng, shape):
    return rng.choice([-1.0, 1.0], shape)


def reduced(losses, how):
    return losses if how == 'none' else getattr(losses, how)()


def nll(name, scores, target, draw=classes, axis=1, **options):
    def reference(torch, x, p, m):
        y = x[1].squeeze(axis) if x[1].ndim == x[0].ndim else x[1]
        given = dict(options, weight=torch.tensor(options['weight'], dtype=torch.float64)) \
            if 'weight' in options else options
        return torch.nn.functional.nll_loss(x[0].movedim(axis, 1), y, **given)
    return Case(name, lambda i: NLLLoss('n', i, axis=axis, **options), [scores, target], reference,
                draws=(None, draw), no_gradient=(1,))


class TestNLLLoss(ModuleTests):
    cases = (
        *(nll(how, (1, 4), (1,), reduction=how) for how in REDUCTIONS),
        nll('map', (1, 4, 2, 3), (1, 2, 3), weight=WEIGHT),
        nll('column', (1, 4, 3), (1, 1, 3), weight=WEIGHT, reduction='none'),
        nll('sequence', (1, 3, 4), (1, 3), some_ignored, axis=-1, ignore_index=0, weight=WEIGHT),
        nll('one_class', (1, 1), (1, 1), lambda rng, shape: np.zeros(shape, int)),
    )


def divergence(name, draw, **options):
    return Case(name, lambda i: KLDivLoss('k', i, **options), [(1, 4)] * 2,
                lambda t, x, p, m: t.nn.functional.kl_div(*x, **{'reduction': 'mean', **options}), draws=(None, draw))


@pytest.mark.filterwarnings('ignore:reduction.*mean:UserWarning')
class TestKLDivLoss(ModuleTests):
    cases = (
        *(divergence(how, chances, reduction=how) for how in (*REDUCTIONS, 'batchmean')),
        divergence('logarithms', lambda rng, shape: np.log(chances(rng, shape)), log_target=True),
        divergence('logarithms_sum', None, log_target=True, reduction='sum'),
    )


@pytest.mark.parametrize('log_target', [False, True])
def test_one_target_for_all_examples(log_target):
    x, chances = Data('x', (1, 4), np.log(np.full((3, 4), 0.25))), np.full((1, 4), 0.25)
    loss = KLDivLoss('k', [x, Data('y', (1, 4), np.log(chances) if log_target else chances)], log_target=log_target)
    loss.forward()
    loss.output.deriv = 1.0
    loss.backward()
    np.testing.assert_allclose(x.deriv, np.full((3, 4), -1 / 48), rtol=1e-6)


def test_a_target_of_zero_costs_nothing():
    x = Data('x', (1, 2), val=np.array([[-np.inf, -1.0]]))
    y = Data('y', (1, 2), val=[[0.0, 1.0]])
    with np.errstate(invalid='raise'):
        loss = KLDivLoss('k', [x, y], reduction='sum')
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
    assert loss.output.val == 1
    assert x.deriv.tolist() == [[0, -1]]
    assert y.deriv.tolist() == [[0, 2]]


def focal(name, scores, target, draw, **options):
    alpha, gamma, how = options.get('alpha', 0.25), options.get('gamma', 2.0), options.get('reduction', 'mean')

    def sigmoid(torch, x, y):
        a, b = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
        p = torch.sigmoid(x)
        log = torch.nn.functional.logsigmoid
        return -a * y * (1 - p) ** gamma * log(x) - b * (1 - y) * p ** gamma * log(-x)

    def softmax(torch, x, y):
        log_p = torch.log_softmax(x, 1)
        return -(1.0 if alpha is None else alpha) * (y * (1 - log_p.exp()) ** gamma * log_p).sum(1)

    def reference(torch, x, p, m):
        y = x[1]
        if not y.is_floating_point():
            y = torch.nn.functional.one_hot(y.reshape(len(y), *x[0].shape[2:]), x[0].shape[1]).movedim(-1, 1)
        return reduced((softmax if options.get('activation') == 'softmax' else sigmoid)(torch, x[0], y), how)
    return Case(name, lambda i: FocalLoss('f', i, **options), [scores, target], reference, draws=(None, draw),
                no_gradient=() if draw is hard else (1,))


def hard(rng, shape):
    return rng.integers(0, 2, shape) * 1.0


class TestFocalLoss(ModuleTests):
    cases = (
        *(focal(how, (1, 3), (1, 3), hard, reduction=how) for how in REDUCTIONS),
        *(focal(f'softmax_{how}', (1, 4, 2), (1, 2), classes, activation='softmax', reduction=how)
          for how in REDUCTIONS),
        focal('gamma_half', (1, 3), (1, 3), hard, gamma=0.5, alpha=None),
        focal('gamma_zero', (1, 3), (1, 3), hard, gamma=0, alpha=None),
        focal('indices', (1, 4), (1, 1), classes, alpha=0.75),
        focal('softmax_targets', (1, 4, 3), (1, 4, 3), hard, activation='softmax', gamma=0.5, alpha=None),
    )


def test_focal_without_focus_is_cross_entropy():
    torch = pytest.importorskip('torch')
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    loss = FocalLoss('f', [Data('x', (1, 4), val=x), Data('y', (1,), val=[3, 0, 1])], None, None, 0, 'softmax')
    loss.forward()
    expected = torch.nn.functional.cross_entropy(torch.tensor(x), torch.tensor([3, 0, 1]))
    np.testing.assert_allclose(loss.output.val, expected, rtol=1e-6)


@pytest.mark.parametrize('activation', ['sigmoid', 'softmax'])
@pytest.mark.parametrize('gamma', [0, 0.5, 1, 2])
def test_focal_is_stable(activation, gamma):
    x = Data('x', (1, 2), val=[[1e4, -1e4], [-1e4, 1e4], [80.0, -80.0]])
    loss = FocalLoss('f', [x, Data('y', (1,), val=[0, 0, 0])], gamma=gamma, activation=activation, reduction='none')
    with np.errstate(divide='raise', invalid='raise', over='raise'):
        loss.forward()
        loss.output.deriv = np.ones_like(loss.output.val)
        loss.backward()
    assert np.isfinite(loss.output.val).all()
    assert np.isfinite(x.deriv).all()
    assert abs(loss.output.val[1]).max() > 1000


def hinge(name, **options):
    return Case(name, lambda i: HingeLoss('h', i, **options), [(1, 2, 3)] * 2,
                lambda t, x, p, m: reduced(t.relu(options.get('margin', 1.0) - x[0] * x[1]) ** options.get('p', 1),
                                           options.get('reduction', 'mean')), draws=(None, signs))


class TestHingeLoss(ModuleTests):
    cases = (
        *(hinge(how, reduction=how) for how in REDUCTIONS),
        hinge('squared', p=2, margin=0.5),
    )


def margins(name, target=(1,), **options):
    def reference(torch, x, p, m):
        given = dict(options, weight=torch.tensor(options['weight'], dtype=torch.float64)) \
            if 'weight' in options else options
        return torch.nn.functional.multi_margin_loss(x[0], x[1].reshape(-1), **given)
    return Case(name, lambda i: MultiMarginLoss('m', i, **options), [(1, 4), target], reference,
                draws=(None, classes), no_gradient=(1,))


class TestMultiMarginLoss(ModuleTests):
    cases = (
        *(margins(how, reduction=how) for how in REDUCTIONS),
        margins('squared', p=2, weight=WEIGHT, margin=0.5),
        margins('column', (1, 1), weight=WEIGHT),
    )


X = Data('x', (1, 4))


@pytest.mark.parametrize(('build', 'error', 'words'), [
    (lambda: NLLLoss('l', [X, Data('y', (1, 4))]), ShapeError, r'expected targets of shape \(1,\) \(class indices\)'),
    (lambda: NLLLoss('l', [X, Data('y', (1,))], weight=[1]), ShapeError, '4 weights, one for each class'),
    (lambda: KLDivLoss('l', [X, X], reduction='batch'), UnknownNameError, "reduction of KLDivLoss 'l'"),
    (lambda: KLDivLoss('l', [X, Data('y', (1, 3))]), ShapeError, 'inputs of equal shapes'),
    (lambda: FocalLoss('l', [X, X], gamma=-1), OptionError, 'gamma to be a number of at least 0; found -1'),
    (lambda: FocalLoss('l', [X, X], activation='tanh'), UnknownNameError, "activation of FocalLoss 'l'"),
    (lambda: FocalLoss('l', [Data('x', (1,))] * 2), ShapeError, 'an axis of classes'),
    (lambda: HingeLoss('l', [X, X], p=3), OptionError, 'p to be 1 or 2'),
    (lambda: HingeLoss('l', [X, Data('y', (1, 1))]), ShapeError, 'inputs of equal shapes'),
    (lambda: MultiMarginLoss('l', [X, Data('y', (1,))], p=0), OptionError, 'p to be 1 or 2'),
    (lambda: MultiMarginLoss('l', [X, X]), ShapeError, r'expected targets of shape \(1,\) \(class indices\)'),
    (lambda: MultiMarginLoss('l', [Data('x', (1, 4, 2)), X]), ShapeError, r'scores of shape \(1, C\)'),
])
def test_refused(build, error, words):
    with pytest.raises(error, match=words):
        build()
    assert not X.outputs


@pytest.mark.parametrize('module', [NLLLoss, MultiMarginLoss, FocalLoss])
def test_indices_outside_are_refused(module):
    loss = module('l', [Data('x', (1, 4), val=np.zeros((2, 4))), Data('y', (1,), val=[0, 4])])
    with pytest.raises(OptionError, match=r"expected whole numbers from 0 to 3 in 'y'; found some from 0 to 4"):
        loss.forward()
