"""Normalizations that only scale: RMSNorm, L2Norm and LocalResponseNorm, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.normalizations import L2Norm, LocalResponseNorm, RMSNorm
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests


def rms(count, eps=None):
    def rms_norm(torch, x, p, mode):
        shape = x[0].shape[-count:]
        return torch.nn.functional.rms_norm(x[0], shape, p['gamma'].reshape(shape) if 'gamma' in p else None, eps)
    return rms_norm


def unit(dim, **options):
    return lambda torch, x, p, mode: torch.nn.functional.normalize(x[0], dim=dim, **options)


def local(size, **options):
    return lambda torch, x, p, mode: torch.nn.functional.local_response_norm(x[0], size, **options)


def local_by_hand(size, alpha, beta, k):
    def local_response(torch, x, p, mode):       # PyTorch's takes no vectors
        before = size // 2
        padded = torch.nn.functional.pad(x[0] ** 2, (before, size - 1 - before))
        return x[0] / (k + alpha * padded.unfold(1, size, 1).mean(-1)) ** beta
    return local_response


class TestRMSNorm(ModuleTests):
    cases = (
        Case('vector', lambda inputs: RMSNorm('m', inputs), [(1, 5)], rms(1)),
        Case('sequence', lambda inputs: RMSNorm('m', inputs, axes=-1, epsilon=0.1), [(1, 3, 4)], rms(1, 0.1)),
        Case('volume', lambda inputs: RMSNorm('m', inputs, affine=False), [(1, 2, 3, 2)], rms(3)),
        Case('channels', lambda inputs: RMSNorm('m', inputs, axes=1, epsilon=0.1), [(1, 4, 2, 3)],
             lambda torch, x, p, mode: x[0] / torch.sqrt((x[0] ** 2).mean(1, keepdim=True) + 0.1) * p['gamma']),
    )


class TestL2Norm(ModuleTests):
    cases = (
        Case('vector', lambda inputs: L2Norm('m', inputs), [(1, 5)], unit(1)),
        Case('places', lambda inputs: L2Norm('m', inputs, axis=-1), [(1, 2, 3, 4)], unit(3)),
        Case('short', lambda inputs: L2Norm('m', inputs, epsilon=2.0), [(1, 4, 3)], unit(1, eps=2.0)),
    )


class TestLocalResponseNorm(ModuleTests):
    cases = (
        Case('picture', lambda inputs: LocalResponseNorm('m', inputs, size=3, alpha=0.5), [(1, 5, 2, 2)],
             local(3, alpha=0.5)),
        Case('even', lambda inputs: LocalResponseNorm('m', inputs, size=4, alpha=0.9, beta=0.5, k=2.0), [(1, 6, 3)],
             local(4, alpha=0.9, beta=0.5, k=2.0)),
        Case('wide', lambda inputs: LocalResponseNorm('m', inputs, size=9, alpha=0.5), [(1, 3, 2)],
             local(9, alpha=0.5)),
        Case('vector', lambda inputs: LocalResponseNorm('m', inputs, alpha=0.5), [(1, 7)],
             local_by_hand(5, 0.5, 0.75, 1.0)),
    )


def forward(module):
    module.forward()
    return module.output.val


def test_lengths_far_from_1():
    x = np.array([[3e30, 4e30], [3e-30, 4e-30], [0, 0]], np.float32)
    y = forward(L2Norm('m', [Data('x', (1, 2), val=x)], epsilon=1e-35))
    np.testing.assert_allclose(y, [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-6)


@pytest.mark.parametrize(('build', 'error', 'sentence'), [
    (lambda x: RMSNorm('m', x, epsilon=0), OptionError, 'expected epsilon to be a number above 0; found 0'),
    (lambda x: RMSNorm('m', x, axes=0), ShapeError, 'expected axes to normalize over'),
    (lambda x: L2Norm('m', x, epsilon=-1), OptionError, 'expected epsilon to be a number above 0; found -1'),
    (lambda x: L2Norm('m', x, axis=2), ShapeError, 'expected an axis other than the batch'),
    (lambda x: LocalResponseNorm('m', x, size=0), OptionError, 'expected size to be an integer of at least 1; found 0'),
    (lambda x: LocalResponseNorm('m', x, k=0), OptionError, 'expected k to be a number above 0; found 0'),
    (lambda x: LocalResponseNorm('m', [Data('z', (1,))]), ShapeError, "rank 2 to 5.*found 'z' of shape"),
])
def test_refused(build, error, sentence):
    with pytest.raises(error, match=f"'m': {sentence}" if not sentence.startswith('rank') else sentence):
        build([Data('x', (1, 3))])
