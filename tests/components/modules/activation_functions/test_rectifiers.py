"""Activations with a kink or a bend at 0, against PyTorch, and at the kinks themselves."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import (
    CELU,
    ELU,
    SELU,
    HardSwish,
    LRelu,
    PRelu,
    Relu6,
    Softplus,
)
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests
from tests.support.draws import around, far

VOLUME = [(1, 3, 2, 2)]


def functional(name, **options):
    return lambda torch, x, p, mode: getattr(torch.nn.functional, name)(x[0], **options)


def prelu(torch, x, p, mode):
    return torch.nn.functional.prelu(x[0], p['alpha'].reshape(-1))


def elu(torch, x, p, mode):
    # torch's alpha is a number; the learnt one needs its derivative
    return torch.clamp(x[0], min=0) + p['alpha'] * torch.expm1(torch.clamp(x[0], max=0))


def celu(torch, x, p, mode):
    # PyTorch's own derivative rounds 1 / alpha to float32
    return torch.clamp(x[0], min=0) + 0.6 * torch.expm1(torch.clamp(x[0], max=0) / 0.6)


def cases(build, reference, **options):
    """Ordinary numbers, and numbers that overflow a careless exponential."""
    return (Case('volume', build, VOLUME, reference, **options),
            Case('far', build, [(1, 20)], reference, draws=[far], numeric=1e-4, **options))


class TestLRelu(ModuleTests):
    cases = (*cases(lambda inputs: LRelu('m', inputs), functional('leaky_relu')),
             Case('steep', lambda inputs: LRelu('m', inputs, alpha=-1.5), VOLUME,
                  functional('leaky_relu', negative_slope=-1.5)))


class TestPRelu(ModuleTests):
    cases = (*cases(lambda inputs: PRelu('m', inputs), prelu),
             Case('per_channel', lambda inputs: PRelu('m', inputs, per_channel=True), VOLUME, prelu),
             Case('sequence', lambda inputs: PRelu('m', inputs, alpha=1.5, per_channel=True), [(1, 3, 4)], prelu))


class TestELU(ModuleTests):
    cases = cases(lambda inputs: ELU('m', inputs, alpha=0.7), elu)


class TestSELU(ModuleTests):
    cases = cases(lambda inputs: SELU('m', inputs), functional('selu'))


class TestCELU(ModuleTests):
    cases = cases(lambda inputs: CELU('m', inputs, alpha=0.6), celu)


class TestRelu6(ModuleTests):
    cases = (*cases(lambda inputs: Relu6('m', inputs), functional('relu6')),
             Case('around', lambda inputs: Relu6('m', inputs), VOLUME, functional('relu6'), draws=[around(6)]))


class TestHardSwish(ModuleTests):
    cases = (*cases(lambda inputs: HardSwish('m', inputs), functional('hardswish')),
             Case('around', lambda inputs: HardSwish('m', inputs), VOLUME, functional('hardswish'), draws=[around(-3)]))


class TestSoftplus(ModuleTests):
    cases = (*cases(lambda inputs: Softplus('m', inputs), functional('softplus')),
             Case('options', lambda inputs: Softplus('m', inputs, beta=2.5, threshold=3), [(1, 4, 5)],
                  functional('softplus', beta=2.5, threshold=3), numeric=1e-2))


@pytest.mark.parametrize(('kind', 'name', 'options'), [
    (LRelu, 'leaky_relu', {}), (SELU, 'selu', {}), (CELU, 'celu', {}), (Relu6, 'relu6', {}),
    (HardSwish, 'hardswish', {}), (ELU, 'elu', {}), (PRelu, 'prelu', {'weight': 0.25})])
def test_the_derivative_at_the_kinks_is_pytorchs(kind, name, options):
    torch = pytest.importorskip('torch')
    at = [-3.0, 0.0, 3.0, 6.0]
    module = kind('m', [Data('x', (1, 4), val=[at])])
    module.forward()
    module.output.deriv = np.ones((1, 4))
    module.backward()
    x = torch.tensor([at], requires_grad=True)
    getattr(torch.nn.functional, name)(x, **{k: torch.tensor([v]) for k, v in options.items()}).sum().backward()
    np.testing.assert_allclose(module.inputs[0].deriv, x.grad.numpy(), rtol=1e-5)


def test_a_frozen_slope_stays_and_a_free_one_learns():
    for is_frozen in (True, False):
        module = PRelu('m', [Data('x', (1, 2), val=[[-1., -2.]])], learning_rate=0.1, is_frozen=is_frozen)
        assert module.alpha.shape == ()
        module.forward()
        module.output.deriv = np.ones((1, 2))
        module.backward()
        assert module.alpha.deriv == -3
        module.update()
        assert (module.alpha.val == 0.25) == is_frozen


@pytest.mark.parametrize(('build', 'sentence'), [
    (lambda x: CELU('m', x, alpha=0), 'expected alpha to be a number above 0; found 0'),
    (lambda x: CELU('m', x, alpha=None), 'expected alpha to be a number above 0; found None'),
    (lambda x: Softplus('m', x, beta=-1), 'expected beta to be a number above 0; found -1'),
])
def test_refused_options(build, sentence):
    with pytest.raises(OptionError, match=sentence):
        build([Data('x', (1, 3))])


def test_slopes_per_channel_need_channels():
    with pytest.raises(ShapeError, match=r"PRelu 'm': expected an input with an axis of channels; found 'x'"):
        PRelu('m', [Data('x', (1,))], per_channel=True)
