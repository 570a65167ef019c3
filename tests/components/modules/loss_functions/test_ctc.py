"""CTCLoss, against PyTorch and against all alignments counted one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import CTCLoss
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests

T, C, S = 7, 4, 3


def labels(rng, shape):
    found = rng.integers(1, C, shape)
    found[0] = [2, 2, 1][:shape[1]]         # a repeated label
    return found


def frames(rng, shape):
    return np.resize([T, T - 1, T - 2], shape)


def counts(rng, shape):
    return np.resize([S, 1, 0], shape)


def case(name, lengths=True, **options):
    def reference(torch, x, p, m):
        scores, spelled = x[:2]
        sizes = x[2:] if lengths else [torch.full((len(spelled),), n) for n in (T, S)]
        return torch.nn.functional.ctc_loss(scores.log_softmax(-1).transpose(0, 1), spelled, *sizes, **options)
    shapes = [(1, T, C), (1, S), (1,), (1,)][:4 if lengths else 2]
    return Case(name, lambda i: CTCLoss('c', i, **options), shapes, reference, draws=(None, labels, frames, counts)[
        :len(shapes)], no_gradient=(1, 2, 3), rough=5e-4)


class TestCTCLoss(ModuleTests):
    cases = (
        *(case(how, reduction=how) for how in ('mean', 'sum', 'none')),
        case('whole', lengths=False),
        case('other_blank', lengths=False, blank=0, zero_infinity=True),
    )


def test_the_blank_may_be_any_class():
    x = np.random.default_rng(0).standard_normal((1, 5, 3))
    with use_precision('float64'):
        first = CTCLoss('a', [Data('x', (1, 5, 3), val=x), Data('y', (1, 2), val=[[1, 2]])])
        last = CTCLoss('b', [Data('x', (1, 5, 3), val=np.roll(x, -1, axis=2)), Data('y', (1, 2), val=[[0, 1]])],
                       blank=2)
        first.forward()
        last.forward()
    assert first.output.val == pytest.approx(last.output.val, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(data=st.data(), time=st.integers(1, 4), classes=st.integers(2, 3))
def test_all_alignments(data, time, classes):
    spelled = data.draw(st.lists(st.integers(1, classes - 1), max_size=time))
    p = np.random.default_rng(time).dirichlet(np.ones(classes), time)
    total = 0.0
    for path in itertools.product(range(classes), repeat=time):
        if [c for c, _ in itertools.groupby(path) if c] == spelled:
            total += np.prod(p[range(time), path])
    with use_precision('float64'):
        y = np.array(spelled, dtype=int).reshape(1, -1)
        loss = CTCLoss('c', [Data('x', (1, time, classes), val=np.log(p)[None]), Data('y', y.shape, val=y)],
                       reduction='sum')
        loss.forward()
    assert loss.output.val == (pytest.approx(-np.log(total), rel=1e-10, abs=1e-10) if total else np.inf)


@pytest.mark.parametrize(('zero_infinity', 'expected'), [(False, np.inf), (True, 0.0)])
def test_labels_that_do_not_fit(zero_infinity, expected):
    x = Data('x', (1, 3, 3), val=np.zeros((2, 3, 3)))
    loss = CTCLoss('c', [x, Data('y', (1, 3), val=[[1, 1, 2], [1, 2, 1]])], zero_infinity=zero_infinity,
                   reduction='none')
    loss.forward()
    loss.output.deriv = np.ones(2)
    loss.backward()
    assert loss.output.val[0] == expected
    assert np.isfinite(loss.output.val[1])
    assert not x.deriv[0].any()
    assert x.deriv[1].any()


def test_no_frames():
    loss = CTCLoss('c', [Data('x', (1, 2, 3), val=np.zeros((2, 2, 3))), Data('y', (1, 1), val=[[1], [1]]),
                         Data('t', (1,), val=[0, 0]), Data('n', (1,), val=[0, 1])], reduction='none')
    loss.forward()
    assert loss.output.val.tolist() == [0, np.inf]


@pytest.mark.parametrize('precision', ['float32', 'float64'])
def test_stable_for_large_logits(precision):
    torch = pytest.importorskip('torch')
    rng = np.random.default_rng(0)
    values, spelled = rng.choice([-1e4, 0.0, 1e4], (2, 12, 5)), rng.integers(1, 5, (2, 4))
    with use_precision(precision):
        x = Data('x', (1, 12, 5), val=values)
        loss = CTCLoss('c', [x, Data('y', (1, 4), val=spelled)], reduction='sum')
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
    t = torch.tensor(values, requires_grad=True)
    expected = torch.nn.functional.ctc_loss(t.log_softmax(-1).transpose(0, 1), torch.tensor(spelled),
                                            torch.tensor([12, 12]), torch.tensor([4, 4]), reduction='sum')
    expected.backward()
    np.testing.assert_allclose(loss.output.val, expected.detach(), rtol=1e-5)
    np.testing.assert_allclose(x.deriv, t.grad, atol=1e-4 if precision == 'float32' else 1e-8)


@pytest.mark.parametrize(('shapes', 'options', 'error', 'words'), [
    ([(1, T, C), (1, S), (1,)], {}, ShapeError, 'two lengths'),
    ([(1, T, C), (1, S), (1, 1), (1, 1)], {}, ShapeError, 'two lengths'),
    ([(1, T), (1, S)], {}, ShapeError, r'logits \(1, T, C\)'),
    ([(1, T, C), (1,)], {}, ShapeError, r'labels \(1, S\)'),
    ([(1, T, C), (1, S)], {'blank': C}, OptionError, 'blank from 0 to 3'),
    ([(1, T, C), (1, S)], {'reduction': 'avg'}, UnknownNameError, "reduction of CTCLoss 'c'"),
])
def test_refused(shapes, options, error, words):
    with pytest.raises(error, match=words):
        CTCLoss('c', [Data(f'x{i}', shape) for i, shape in enumerate(shapes)], **options)


@pytest.mark.parametrize(('spelled', 'time', 'count', 'words'), [
    ([[1, 4]], [2], [2], r"from 0 to 3 in 'y'; found some from 1 to 4"),
    ([[1, 0]], [2], [2], 'labels other than the blank, 0'),
    ([[1, 1]], [3], [2], r"from 0 to 2 in 't'"),
    ([[1, 1]], [2], [3], r"from 0 to 2 in 'n'"),
    ([[1.0, 1.0]], [2], [2], 'found values of type float'),
])
def test_refused_values(spelled, time, count, words):
    loss = CTCLoss('c', [Data('x', (1, 2, 4), val=np.zeros((1, 2, 4))), Data('y', (1, 2), val=spelled),
                         Data('t', (1,), val=time), Data('n', (1,), val=count)])
    with pytest.raises(OptionError, match=words):
        loss.forward()


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 3), time=st.integers(1, 8), spelled=st.integers(1, 4), classes=st.integers(2, 4),
       seed=st.integers(0, 99), reduction=st.sampled_from(['mean', 'sum', 'none']))
def test_any_lengths(batch, time, spelled, classes, seed, reduction):
    torch = pytest.importorskip('torch')
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((batch, time, classes))
    target = rng.integers(1, classes, (batch, spelled))
    frames, counts = rng.integers(1, time + 1, batch), rng.integers(0, spelled + 1, batch)
    with use_precision('float64'):
        x = Data('x', (1, time, classes), val=values)
        loss = CTCLoss('c', [x, Data('y', (1, spelled), val=target), Data('t', (1,), val=frames),
                             Data('n', (1,), val=counts)], zero_infinity=True, reduction=reduction)
        loss.forward()
        loss.output.deriv = np.ones_like(loss.output.val)
        loss.backward()
    t = torch.tensor(values, requires_grad=True)
    expected = torch.nn.functional.ctc_loss(
        t.log_softmax(-1).transpose(0, 1), torch.tensor(target), torch.tensor(frames), torch.tensor(counts),
        zero_infinity=True, reduction=reduction)
    expected.sum().backward()
    np.testing.assert_allclose(loss.output.val, expected.detach(), rtol=1e-10)
    np.testing.assert_allclose(x.deriv, t.grad, atol=1e-10)


@pytest.mark.parametrize('kind', ['int8', 'uint8', 'int64'])
def test_lengths_and_labels_of_any_integer_type(kind):
    """Twice a length does not fit every type, nor does one less than 0."""
    scores = np.random.default_rng(0).standard_normal((2, 160, 5))
    spelled, sizes = np.tile([1, 2], (2, 35)), np.array([70, 0])
    found = []
    for dtype in (kind, 'int64'):
        nodes = [Data('x', (1, 160, 5), scores), Data('labels', (1, 70), spelled.astype(dtype)),
                 Data('frames', (1,), np.array([127, 90]).astype(dtype)), Data('counts', (1,), sizes.astype(dtype))]
        module = CTCLoss('m', nodes, reduction='none')
        module.forward()
        module.output.deriv = np.ones(2)
        module.backward()
        found.append((module.output.val, nodes[0].deriv))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
