"""Sigmoid and Tanh, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import Sigmoid, Tanh
from tests.support.cases import Case, ModuleTests


def far(rng, shape):
    """Small numbers, and some that overflow a careless exponential."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-1, 4, shape)


class TestSigmoid(ModuleTests):
    cases = (
        Case('volume', lambda inputs: Sigmoid('m', inputs), [(1, 2, 3, 2)], lambda t, x, p, mode: t.sigmoid(x[0])),
        Case('far', lambda inputs: Sigmoid('m', inputs), [(1, 20)], lambda t, x, p, mode: t.sigmoid(x[0]), draws=[far],
             numeric=1e-4),
    )


class TestTanh(ModuleTests):
    cases = (
        Case('volume', lambda inputs: Tanh('m', inputs), [(1, 2, 3, 2)], lambda t, x, p, mode: t.tanh(x[0])),
        Case('far', lambda inputs: Tanh('m', inputs), [(1, 20)], lambda t, x, p, mode: t.tanh(x[0]), draws=[far],
             numeric=1e-4),
    )


@pytest.mark.parametrize('kind', [Sigmoid, Tanh])
def test_a_number_without_axes(kind):
    module = kind('m', [Data('x', (), val=1.0)])
    module.forward()
    module.output.deriv = 1.0
    module.backward()
    assert module.output.val.shape == module.inputs[0].deriv.shape == ()
    assert module.output.val == pytest.approx({Sigmoid: 0.731059, Tanh: np.tanh(1)}[kind])
