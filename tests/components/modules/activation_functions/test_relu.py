"""Relu against PyTorch, and at 0, where its derivative is 0."""

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import Relu
from tests.support.cases import Case, ModuleTests


class TestRelu(ModuleTests):
    cases = tuple(Case(f'rank{len(shape)}', lambda inputs: Relu('r', inputs), [shape], lambda t, x, p, m: t.relu(x[0]))
                  for shape in ((1, 5), (1, 3, 4), (1, 2, 3, 4)))


def test_the_derivative_at_zero_is_zero():
    x = Data('x', (1, 4), val=[[-1., -0., 0., 2.]])
    module = Relu('r', [x])
    module.forward()
    module.output.deriv = [[1., 1., 1., 1.]]
    module.backward()
    assert module.output.val.tolist() == [[0., 0., 0., 2.]]
    assert x.deriv.tolist() == [[0., 0., 0., 1.]]
