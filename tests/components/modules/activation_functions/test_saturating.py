"""Activations that level off on both sides, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import HardSigmoid, HardTanh, Sigmoid, Softsign, Tanh
from deepfusion.errors import OptionError
from tests.support.cases import Case, ModuleTests
from tests.support.draws import around, far

VOLUME = [(1, 2, 3, 2)]


def functional(name, **options):
    return lambda torch, x, p, mode: getattr(torch.nn.functional, name)(x[0], **options)


def hard_sigmoid(torch, x, p, mode):
    return torch.nn.functional.relu6(x[0] + 3) / 6       # PyTorch's own derivative rounds 1 / 6 to float32


def cases(build, reference):
    """Ordinary numbers, and numbers that overflow a careless exponential."""
    return (Case('volume', build, VOLUME, reference),
            Case('far', build, [(1, 20)], reference, draws=[far], numeric=1e-4))


class TestSigmoid(ModuleTests):
    cases = cases(lambda inputs: Sigmoid('m', inputs), functional('sigmoid'))


class TestTanh(ModuleTests):
    cases = cases(lambda inputs: Tanh('m', inputs), functional('tanh'))


class TestSoftsign(ModuleTests):
    cases = cases(lambda inputs: Softsign('m', inputs), functional('softsign'))


class TestHardSigmoid(ModuleTests):
    cases = (*cases(lambda inputs: HardSigmoid('m', inputs), hard_sigmoid),
             Case('around', lambda inputs: HardSigmoid('m', inputs), VOLUME, hard_sigmoid, draws=[around(3)]))


class TestHardTanh(ModuleTests):
    cases = (*cases(lambda inputs: HardTanh('m', inputs), functional('hardtanh')),
             Case('options', lambda inputs: HardTanh('m', inputs, min_val=-0.2, max_val=1.5), VOLUME,
                  functional('hardtanh', min_val=-0.2, max_val=1.5)))


@pytest.mark.parametrize(('kind', 'expected'), [(Sigmoid, 0.731059), (Tanh, np.tanh(1)), (Softsign, 0.5)])
def test_a_number_without_axes(kind, expected):
    module = kind('m', [Data('x', (), val=1.0)])
    module.forward()
    module.output.deriv = 1.0
    module.backward()
    assert module.output.val.shape == module.inputs[0].deriv.shape == ()
    assert module.output.val == pytest.approx(expected)


@pytest.mark.parametrize(('kind', 'ends'), [(HardTanh, [-1., 1.]), (HardSigmoid, [-3., 3.])])
def test_the_derivative_at_the_ends_is_0(kind, ends):
    module = kind('m', [Data('x', (1, 2), val=[ends])])
    module.forward()
    module.output.deriv = np.ones((1, 2))
    module.backward()
    np.testing.assert_array_equal(module.inputs[0].deriv, [[0, 0]])


def test_ends_in_the_wrong_order_are_refused():
    with pytest.raises(OptionError, match=r"HardTanh 'm': expected min_val below max_val; found 2 and 1\."):
        HardTanh('m', [Data('x', (1, 2))], min_val=2, max_val=1)
