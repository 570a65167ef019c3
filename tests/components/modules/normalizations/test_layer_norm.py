"""Layer normalization, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.normalizations import LayerNorm
from deepfusion.errors import OptionError, ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, run


def trailing(count, eps=1e-5):
    def layer_norm(torch, x, p, mode):
        shape = x[0].shape[-count:]
        return torch.nn.functional.layer_norm(x[0], shape, p['gamma'].reshape(shape), p['beta'].reshape(shape), eps)
    return layer_norm


def over(*axes):
    def layer_norm(torch, x, p, mode):
        variance, mean = torch.var_mean(x[0], axes, correction=0, keepdim=True)
        return (x[0] - mean) / torch.sqrt(variance + 1e-5) * p['gamma'] + p['beta']
    return layer_norm


class TestLayerNorm(ModuleTests):
    cases = (
        Case('vector', lambda inputs: LayerNorm('m', inputs), [(1, 5)], trailing(1)),
        Case('volume', lambda inputs: LayerNorm('m', inputs), [(1, 2, 3, 2)], trailing(3)),
        Case('sequence', lambda inputs: LayerNorm('m', inputs, axes=-1), [(1, 3, 4)], trailing(1)),
        Case('trailing', lambda inputs: LayerNorm('m', inputs, axes=(-1, -2), epsilon=0.1), [(1, 2, 3, 2)],
             trailing(2, 0.1)),
        Case('channels', lambda inputs: LayerNorm('m', inputs, axes=1), [(1, 4, 2, 3)], over(1)),
        Case('apart', lambda inputs: LayerNorm('m', inputs, axes=[1, 3]), [(1, 2, 3, 2)], over(1, 3)),
    )


@pytest.mark.parametrize(('axes', 'expected'), [
    (None, (1, 2, 3, 4)), (-1, (1, 1, 1, 4)), (1, (1, 2, 1, 1)), ((-2, -1), (1, 1, 3, 4))])
def test_the_shape_of_the_parameters(axes, expected):
    module = LayerNorm('m', [Data('x', (1, 2, 3, 4))], axes=axes)
    assert module.gamma.shape == module.beta.shape == expected


def test_channels_that_lie_last_stay_last():
    x = np.random.default_rng(0).standard_normal((2, 5, 6, 3)).transpose(0, 3, 1, 2)
    module = LayerNorm('m', [Data('x', (1, 3, 5, 6), val=x)], axes=1)
    module.forward()
    assert module.output.val.transpose(0, 2, 3, 1).flags.c_contiguous


def test_large_arrays_go_in_blocks():
    torch = pytest.importorskip('torch')
    x, d = np.random.default_rng(0).standard_normal((2, 50, 100, 60))
    with use_precision('float64'):
        result = run(LayerNorm('m', [Data('x', (1, 100, 60))], axes=-1), [x], d)
    tensor, gamma = torch.tensor(x, requires_grad=True), torch.ones(60, requires_grad=True, dtype=torch.float64)
    y = torch.nn.functional.layer_norm(tensor, (60,), gamma)
    dx, dgamma = torch.autograd.grad(y, [tensor, gamma], torch.tensor(d))
    close(result.value, y.detach().numpy(), 1e-12, 'value')
    close(result.inputs[0], dx.numpy(), 1e-12, 'input')
    close(result.parameters['gamma'].ravel(), dgamma.numpy(), 1e-12, 'gamma')


def test_values_far_from_zero():
    x = (1e4 + np.random.default_rng(0).standard_normal((4, 300))).astype(np.float32)
    module = LayerNorm('m', [Data('x', (1, 300), val=x)])
    module.forward()
    np.testing.assert_allclose(module.output.val.std(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(module.output.val.mean(axis=1), 0, atol=2e-3)


@pytest.mark.parametrize('axes', [0, 3, -3, (), (1, 5)])
def test_refused_axes(axes):
    with pytest.raises(ShapeError, match=r"LayerNorm 'm': expected axes to normalize over.*'x' of shape \(1, 2, 3\)"):
        LayerNorm('m', [Data('x', (1, 2, 3))], axes=axes)


def test_refused_epsilon():
    with pytest.raises(OptionError, match='expected epsilon to be a number above 0; found -1'):
        LayerNorm('m', [Data('x', (1, 2))], epsilon=-1)
