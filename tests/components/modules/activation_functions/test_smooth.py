"""GELU, SiLU and Mish, against PyTorch; and the normal distribution function."""

import math

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import GELU, Mish, SiLU, Swish
from deepfusion.errors import OptionError
from deepfusion.functional.gauss import normal_cdf, normal_density
from tests.support.cases import Case, ModuleTests
from tests.support.draws import far


def functional(name, **options):
    return lambda torch, x, p, mode: getattr(torch.nn.functional, name)(x[0], **options)


def cases(build, reference, name=''):
    """Ordinary numbers, and numbers that overflow a careless exponential."""
    return (Case(f'{name}volume', build, [(1, 2, 3, 2)], reference),
            Case(f'{name}far', build, [(1, 20)], reference, draws=[far], numeric=1e-4))


class TestGELU(ModuleTests):
    cases = (*cases(lambda inputs: GELU('m', inputs), functional('gelu')),
             *cases(lambda inputs: GELU('m', inputs, approximate='tanh'), functional('gelu', approximate='tanh'),
                    'tanh_'))


class TestSiLU(ModuleTests):
    cases = cases(lambda inputs: SiLU('m', inputs), functional('silu'))


class TestMish(ModuleTests):
    cases = cases(lambda inputs: Mish('m', inputs), functional('mish'))


def test_the_normal_distribution_function():
    x = np.linspace(-8, 8, 801)
    expected = [math.erfc(-v / math.sqrt(2)) / 2 for v in x]
    np.testing.assert_allclose(normal_cdf(x), expected, rtol=1e-13)
    single = normal_cdf(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=1.5e-7)


def test_the_density_is_the_derivative():
    x, h = np.linspace(-5, 5, 41), 1e-5
    np.testing.assert_allclose(normal_density(x), (normal_cdf(x + h) - normal_cdf(x - h)) / (2 * h), atol=1e-10)


@pytest.mark.parametrize('kind', [GELU, lambda *a: GELU(*a, approximate='tanh'), SiLU, Mish])
def test_the_largest_numbers(kind):
    module = kind('m', [Data('x', (1, 4), val=[[-3e38, -1e20, 1e20, 3e38]])])
    module.forward()
    np.testing.assert_allclose(module.output.val, [[0, 0, 1e20, 3e38]], rtol=1e-6)
    module.output.deriv = np.ones((1, 4))
    module.backward()
    np.testing.assert_allclose(module.inputs[0].deriv, [[0, 0, 1, 1]], atol=1e-6)


def test_swish_is_another_name():
    assert Swish is SiLU


def test_refused_form():
    with pytest.raises(OptionError, match=r"GELU 'm': expected approximate to be 'none' or 'tanh'; found 'exact'"):
        GELU('m', [Data('x', (1, 2))], approximate='exact')
