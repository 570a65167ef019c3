"""The losses that 0.0.3 has, MSELoss, SumLoss, LogisticLoss and CrossEntropyLoss, against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import (
    CrossEntropyLoss,
    LogisticLoss,
    MSELoss,
    SumLoss,
)
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, run
from tests.support.cases import make as make_module


def one_row(rng, shape):
    return rng.standard_normal((1, *shape[1:]))


def bits(rng, shape):
    return rng.integers(0, 2, shape) * 1.0


def half(torch, x, p, m):
    return ((x[0] - x[1]) ** 2).sum() / 2


class TestMSELoss(ModuleTests):
    cases = (
        Case('mean', lambda i: MSELoss('m', i), [(1, 3)] * 2, lambda t, x, p, m: half(t, x, p, m) / len(x[0])),
        Case('volume', lambda i: MSELoss('m', i), [(1, 2, 3, 1)] * 2,
             lambda t, x, p, m: half(t, x, p, m) / len(x[0])),
        Case('sum', lambda i: MSELoss('m', i, reduction='sum'), [(1, 3)] * 2, half),
        Case('none', lambda i: MSELoss('m', i, reduction='none'), [(1, 3)] * 2,
             lambda t, x, p, m: (x[0] - x[1]) ** 2 / 2),
        Case('one_target', lambda i: MSELoss('m', i), [(1, 3)] * 2,
             lambda t, x, p, m: half(t, x, p, m) / len(x[0]), draws=(None, one_row)),
        Case('one_prediction', lambda i: MSELoss('m', i), [(1, 3)] * 2,
             lambda t, x, p, m: half(t, x, p, m) / len(x[1]), draws=(one_row, None)),
    )


class TestSumLoss(ModuleTests):
    cases = (
        Case('mean', lambda i: SumLoss('s', i), [(1, 3)], lambda t, x, p, m: x[0].sum() / len(x[0])),
        Case('sum', lambda i: SumLoss('s', i, reduction='sum'), [(1, 2, 2)], lambda t, x, p, m: x[0].sum()),
        Case('none', lambda i: SumLoss('s', i, reduction='none'), [(1, 3)], lambda t, x, p, m: x[0]),
    )


def logistic(options, names=()):
    def reference(torch, x, p, m):
        given = {k: torch.tensor(options[k], dtype=torch.float64) for k in names}
        e = options.get('label_smoothing', 0.0)
        kept = x[1] != options.get('ignore_index', -100)
        y = torch.where(kept, x[1], 0) * (1 - e) + e / 2
        losses = torch.nn.functional.binary_cross_entropy_with_logits(x[0], y, reduction='none', **given) * kept
        how = options.get('reduction', 'mean')
        return {'mean': losses.sum() / kept.expand(losses.shape).sum(), 'sum': losses.sum(), 'none': losses}[how]
    return reference


def logistic_case(name, draw=bits, shape=(1, 3), names=(), **options):
    return Case(name, lambda i: LogisticLoss('l', i, **options), [shape] * 2, logistic(options, names),
                draws=(None, draw), no_gradient=(1,) if 'ignore_index' in options else ())


class TestLogisticLoss(ModuleTests):
    cases = (
        logistic_case('mean', shape=(1, 1)),
        logistic_case('sum', reduction='sum'),
        logistic_case('none', reduction='none', shape=(1, 2, 2)),
        logistic_case('probabilities', lambda rng, shape: rng.uniform(size=shape)),
        logistic_case('weights', names=('weight', 'pos_weight'), weight=[1.0, 2.0, 3.0], pos_weight=[0.5, 1.0, 2.0]),
        logistic_case('smoothing', label_smoothing=0.1),
        logistic_case('ignored', lambda rng, shape: rng.permuted(
            np.resize([0.0, 1.0, -1.0], shape), axis=1), ignore_index=-1, label_smoothing=0.1),
    )


def classes(count, ignored=None):
    def draw(rng, shape):
        found = rng.integers(1, count, shape)
        if ignored is not None:
            found.reshape(-1)[::2] = ignored
        return found
    return draw


def probabilities(rng, shape):
    found = rng.uniform(size=shape)
    return found / found.sum(axis=1, keepdims=True)


def entropy_case(name, logits, target, draw, **options):
    def reference(torch, x, p, m):
        scores, y = x
        axis = options.get('axis', 1)
        soft = y.dtype.is_floating_point and y.shape == scores.shape
        given = dict(options, weight=torch.tensor(options['weight'], dtype=torch.float64)
                     if 'weight' in options else None)
        given.pop('axis', None)
        if not soft and y.ndim == scores.ndim:
            y = y.argmax(axis) if y.shape == scores.shape else y.squeeze(axis)
        return torch.nn.functional.cross_entropy(scores.movedim(axis, 1), y.movedim(axis, 1) if soft else y, **given)
    soft = draw is probabilities
    return Case(name, lambda i: CrossEntropyLoss('c', i, **options), [logits, target], reference,
                draws=(None, draw), no_gradient=() if soft else (1,))


WEIGHT = [0.5, 1.0, 2.0, 0.25]


class TestCrossEntropyLoss(ModuleTests):
    cases = (
        entropy_case('probabilities', (1, 4), (1, 4), probabilities),
        entropy_case('one_hot', (1, 4), (1, 4), lambda rng, shape: np.eye(4, dtype=int)[rng.integers(0, 4, shape[0])]),
        entropy_case('sum', (1, 4), (1, 4), probabilities, reduction='sum'),
        entropy_case('none', (1, 4), (1, 4), probabilities, reduction='none'),
        entropy_case('soft_all', (1, 4, 2, 3), (1, 4, 2, 3), probabilities, weight=WEIGHT, label_smoothing=0.2),
        entropy_case('indices', (1, 4), (1,), classes(4)),
        entropy_case('column', (1, 4), (1, 1), classes(4)),
        entropy_case('map', (1, 4, 2, 3), (1, 2, 3), classes(4), weight=WEIGHT),
        entropy_case('map_none', (1, 4, 2, 3), (1, 2, 3), classes(4), weight=WEIGHT, reduction='none'),
        entropy_case('map_all', (1, 4, 2, 3), (1, 1, 2, 3), classes(4, -100), weight=WEIGHT, label_smoothing=0.2),
        entropy_case('sequence', (1, 3, 4), (1, 3), classes(4, 0), axis=-1, ignore_index=0),
        entropy_case('sequence_none', (1, 3, 4), (1, 3), classes(4, 0), axis=-1, ignore_index=0, reduction='none',
                     label_smoothing=0.1),
        entropy_case('one_class', (1, 1), (1, 1), probabilities),
    )


@pytest.mark.parametrize('precision', ['float32', 'float64'])
@pytest.mark.parametrize('make', [LogisticLoss, CrossEntropyLoss])
def test_stable_for_large_logits(make, precision):
    with use_precision(precision):
        x = Data('x', (1, 2), val=[[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4]])
        y = Data('y', (1, 2), val=[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        loss = make('l', [x, y], reduction='none')
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
        expected = {LogisticLoss: [[0, 0], [1e4, 1e4], [1e4, 0]], CrossEntropyLoss: [0, 2e4, np.log(2)]}[make]
        np.testing.assert_allclose(loss.output.val, expected, rtol=1e-6)
        assert np.isfinite(x.deriv).all()
        assert x.deriv[1, 0] == -1


@pytest.mark.parametrize('draws', [(one_row, probabilities), (None, lambda rng, shape: probabilities(rng, (1, 3)))])
@pytest.mark.parametrize('make', [LogisticLoss, CrossEntropyLoss])
def test_a_batch_of_one_is_repeated(make, draws):
    case = Case('case', lambda i: make('l', i), [(1, 3)] * 2, draws=draws)
    with use_precision('float64'):
        short = run(make_module(case, 'train'), case.inputs(4))
        full = run(make_module(case, 'train'), np.broadcast_arrays(*case.inputs(4)), short.seed)
    close(short.value, full.value, 1e-14, 'value')
    for a, b in zip(short.inputs, full.inputs, strict=True):
        close(a, b.sum(axis=0, keepdims=True) if len(a) == 1 else b, 1e-14, 'derivative')


@pytest.mark.parametrize(('build', 'error', 'words'), [
    (lambda a, b: MSELoss('m', [a, b]), ShapeError, "MSELoss 'm': expected inputs of equal shapes"),
    (lambda a, b: MSELoss('m', [a, a], reduction='avg'), UnknownNameError, "reduction of MSELoss 'm'"),
    (lambda a, b: SumLoss('m', [a], reduction=None), UnknownNameError, "reduction of SumLoss 'm'"),
    (lambda a, b: LogisticLoss('m', [a, b]), ShapeError, "LogisticLoss 'm': expected inputs of equal shapes"),
    (lambda a, b: LogisticLoss('m', [a, a], weight=[1.0, 2.0]), ShapeError, r'weight to broadcast .* \(1, 3\)'),
    (lambda a, b: LogisticLoss('m', [a, a], pos_weight=np.ones((2, 3))), ShapeError, r'pos_weight .* found \(2, 3\)'),
    (lambda a, b: CrossEntropyLoss('m', [a, b]), ShapeError, r'targets of shape \(1, 3\).* or \(1,\)'),
    (lambda a, b: CrossEntropyLoss('m', [a, a], weight=[1.0]), ShapeError, '3 weights, one for each class'),
    (lambda a, b: CrossEntropyLoss('m', [a, a], weight=np.ones((3, 3))), ShapeError, r'found shape \(3, 3\)'),
    (lambda a, b: CrossEntropyLoss('m', [a, a], weight=5.0), ShapeError, r'found shape \(\)'),
    (lambda a, b: CrossEntropyLoss('m', [a, a], label_smoothing=1.5), OptionError, 'of at least 0 and at most 1'),
    (lambda a, b: LogisticLoss('m', [a, a], label_smoothing=-3.0), OptionError,
     'of at least 0 and at most 1; found -3.0'),
    (lambda a, b: CrossEntropyLoss('m', [a, a], axis=0), ShapeError, 'an axis other than the batch'),
])
def test_refused(build, error, words):
    a, b = Data('a', (1, 3)), Data('b', (1, 4))
    with pytest.raises(error, match=words):
        build(a, b)
    assert not a.outputs


@pytest.mark.parametrize(('values', 'words'), [([0, 3], 'found some from 0 to 3'), ([-1, 0], 'from -1 to 0'),
                                               ([0.0, 1.0], 'found values of type float')])
def test_bad_indices_are_refused(values, words):
    x, y = Data('x', (1, 3), val=np.zeros((2, 3))), Data('y', (1,), val=values)
    loss = CrossEntropyLoss('c', [x, y])
    with pytest.raises(OptionError, match=words):
        loss.forward()


def test_mean_of_nothing_is_nan_with_derivatives_0():
    x, y = Data('x', (1, 3), val=np.zeros((2, 3))), Data('y', (1,), val=[-100, -100])
    loss = CrossEntropyLoss('c', [x, y])
    loss.forward()
    loss.output.deriv = 1.0
    loss.backward()
    assert np.isnan(loss.output.val)
    assert not x.deriv.any()


@pytest.mark.parametrize('target', [[0], [[1.0, 0.0, 0.0]]])
def test_a_class_that_is_masked_out_does_no_harm(target):
    x = Data('x', (1, 3), val=[[0.0, -np.inf, 1.0]])
    y = Data('y', (1,) if target == [0] else (1, 3), val=target)
    loss = CrossEntropyLoss('c', [x, y])
    loss.forward()
    loss.output.deriv = 1.0
    loss.backward()
    np.testing.assert_allclose(loss.output.val, np.log(1 + np.e), rtol=1e-6)
    np.testing.assert_allclose(x.deriv, [[-np.e / (1 + np.e), 0, np.e / (1 + np.e)]], rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(batch=st.integers(1, 4), count=st.integers(2, 5), places=st.lists(st.integers(1, 3), max_size=2),
       soft=st.booleans(), smoothing=st.sampled_from([0.0, 0.3]), weighted=st.booleans(),
       ignored=st.sampled_from([None, -1, 0]), reduction=st.sampled_from(['mean', 'sum', 'none']))
def test_cross_entropy_of_any_shape(batch, count, places, soft, smoothing, weighted, ignored, reduction):
    pytest.importorskip('torch')
    options = {'label_smoothing': smoothing, 'reduction': reduction}
    if weighted:
        options['weight'] = list(np.linspace(0.5, 2, count))
    if ignored is not None and not soft:
        # One place stays, as in PyTorch the mean of nothing is NaN
        batch = max(batch, 2)
        options['ignore_index'] = ignored
    logits = (1, count, *places)
    draw = probabilities if soft else classes(count, options.get('ignore_index'))
    case = entropy_case('any', logits, logits if soft else (1, *places), draw, **options)
    with use_precision('float64'):
        ModuleTests().check_reference(case, 'train', batch)
