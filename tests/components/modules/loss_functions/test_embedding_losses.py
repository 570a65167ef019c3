"""CosineEmbeddingLoss, TripletLoss and InfoNCELoss, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import (
    CosineEmbeddingLoss,
    InfoNCELoss,
    TripletLoss,
)
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from tests.support.cases import Case, ModuleTests

REDUCTIONS = ('mean', 'sum', 'none')


def signs(rng, shape):
    return rng.permuted(np.resize([1.0, -1.0], shape))


def cosine(name, shape=(1, 4), target=(1,), **options):
    def reference(torch, x, p, m):
        size = x[0].shape[-1]
        losses = torch.nn.functional.cosine_embedding_loss(
            x[0].reshape(-1, size), x[1].reshape(-1, size), x[2].reshape(-1), **options)
        return losses.reshape(x[0].shape[:-1]) if options.get('reduction') == 'none' else losses
    return Case(name, lambda i: CosineEmbeddingLoss('c', i, **options), [shape, shape, target], reference,
                draws=(None, None, signs), no_gradient=(2,))


class TestCosineEmbeddingLoss(ModuleTests):
    cases = (
        *(cosine(how, reduction=how) for how in REDUCTIONS),
        cosine('margin', target=(1, 1), margin=0.3),
        cosine('sequence', (1, 5, 3), (1, 5), margin=-0.5, reduction='none'),
    )


def triplet(name, shape=(1, 4), **options):
    def reference(torch, x, p, m):
        return torch.nn.functional.triplet_margin_loss(*x, **options)
    return Case(name, lambda i: TripletLoss('t', i, **options), [shape] * 3, reference)


class TestTripletLoss(ModuleTests):
    cases = (
        *(triplet(how, reduction=how) for how in REDUCTIONS),
        triplet('city_blocks', p=1.0, margin=3.0),
        triplet('cubes', p=3.0, swap=True, margin=2.0),
        triplet('swap', swap=True, margin=2.0, reduction='none'),
        triplet('sequence', (1, 3, 2), swap=True, reduction='none'),
    )


def contrast(name, **options):
    def reference(torch, x, p, m):
        q, k = x
        if options.get('normalize', True):
            q, k = (torch.nn.functional.normalize(v, dim=1) for v in x)
        s = q @ k.T / options.get('temperature', 0.1)
        own = torch.arange(len(q))
        entropy = torch.nn.functional.cross_entropy
        losses = entropy(s, own, reduction='none')
        if options.get('symmetric'):
            losses = (losses + entropy(s.T, own, reduction='none')) / 2
        how = options.get('reduction', 'mean')
        return losses if how == 'none' else getattr(losses, how)()
    return Case(name, lambda i: InfoNCELoss('n', i, **options), [(1, 5)] * 2, reference, batches=(1, 4), rough=5e-4)


class TestInfoNCELoss(ModuleTests):
    cases = (
        *(contrast(how, reduction=how) for how in REDUCTIONS),
        *(contrast(f'symmetric_{how}', reduction=how, symmetric=True, temperature=0.5) for how in REDUCTIONS),
        contrast('plain', normalize=False, temperature=2.0),
    )


def test_vectors_of_zeros_do_no_harm():
    torch = pytest.importorskip('torch')
    a, b = np.zeros((1, 2), np.float32), np.array([[3.0, 4.0]], np.float32)
    x, y = Data('x', (1, 2), val=a), Data('y', (1, 2), val=b)
    for loss in (CosineEmbeddingLoss('c', [x, y, Data('t', (1,), val=[1.0])]), TripletLoss('t', [x, x, x], epsilon=0),
                 InfoNCELoss('n', [x, y])):
        x.clear_grads()
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
        assert np.isfinite(loss.output.val)
        if isinstance(loss, CosineEmbeddingLoss):
            t = torch.tensor(a, requires_grad=True)
            torch.nn.functional.cosine_embedding_loss(t, torch.tensor(b), torch.ones(1)).backward()
            np.testing.assert_allclose(x.deriv, t.grad, rtol=1e-5)
        else:
            assert np.isfinite(x.deriv).all()


def test_large_vectors():
    rng = np.random.default_rng(0)
    a, b, c = (Data(ID, (1, 8), val=1e4 * rng.standard_normal((4, 8))) for ID in 'abc')
    for loss in (CosineEmbeddingLoss('c', [a, b, Data('t', (1,), val=[1.0, -1.0, 1.0, -1.0])]),
                 TripletLoss('t', [a, b, c]), InfoNCELoss('n', [a, b]), InfoNCELoss('n', [a, b], normalize=False)):
        a.clear_grads()
        loss.forward()
        loss.output.deriv = 1.0
        loss.backward()
        assert np.isfinite(loss.output.val)
        assert np.isfinite(a.deriv).all()


A, B = Data('a', (1, 3)), Data('b', (1, 4))


@pytest.mark.parametrize(('build', 'error', 'words'), [
    (lambda: CosineEmbeddingLoss('l', [A, B, A]), ShapeError, 'inputs of equal shapes'),
    (lambda: CosineEmbeddingLoss('l', [A, A, A]), ShapeError, 'one target for each pair'),
    (lambda: TripletLoss('l', [A, A, B]), ShapeError, 'inputs of equal shapes'),
    (lambda: TripletLoss('l', [A, A, A], p=0.5), OptionError, 'p to be a number of at least 1; found 0.5'),
    (lambda: TripletLoss('l', [A, A, A], reduction='max'), UnknownNameError, "reduction of TripletLoss 'l'"),
    (lambda: InfoNCELoss('l', [A, B]), ShapeError, 'inputs of equal shapes'),
    (lambda: InfoNCELoss('l', [Data('v', (1, 3, 2))] * 2), ShapeError, r'vectors of shape \(1, D\)'),
    (lambda: InfoNCELoss('l', [A, A], temperature=0), OptionError, 'temperature to be a number above 0; found 0'),
])
def test_refused(build, error, words):
    with pytest.raises(error, match=words):
        build()
    assert not A.outputs
