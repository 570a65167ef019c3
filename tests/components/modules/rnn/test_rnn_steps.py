"""RNN1 and RNN2, the steps of 0.0.3's recurrent network."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.rnn import RNN1, RNN2
from deepfusion.errors import ShapeError
from tests.support.cases import Case, ModuleTests


def state(torch, x, p, mode):
    return torch.sigmoid(x[0] @ p['Waa'] + x[1] @ p['Wax'] + p['ba'])


def answer(torch, x, p, mode):
    return torch.sigmoid(x[0] @ p['Way'] + p['by'])


class TestRNN1(ModuleTests):
    cases = (Case('state', lambda inputs: RNN1('m', inputs), [(1, 3), (1, 4)], state),)


class TestRNN2(ModuleTests):
    cases = (Case('answer', lambda inputs: RNN2('m', inputs, out_features=2), [(1, 3)], answer),)


def test_draws_are_those_of_a_script_of_0_0_3():
    np.random.seed(0)
    module = RNN1('rnn', [Data('a', (1, 3)), Data('x', (1, 2))], Data('a1', (1, 3)))
    np.random.seed(0)
    expected = [np.random.randn(3, 3) * np.sqrt(2 / 3), np.random.randn(2, 3) * np.sqrt(2 / 2)]
    assert np.allclose(module.Waa.val, expected[0])
    assert np.allclose(module.Wax.val, expected[1])
    assert [p.ID for p in module.parameter_list] == ['rnn_Waa', 'rnn_Wax', 'rnn_ba']


def test_one_first_state_serves_a_whole_batch():
    a, x = Data('a', (1, 3), val=np.ones((1, 3))), Data('x', (1, 2), val=np.ones((5, 2)))
    module = RNN1('r', [a, x])
    module.forward()
    module.output.deriv = np.ones((5, 3))
    module.backward()
    assert a.deriv.shape == (1, 3)


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: RNN1('r', [Data('a', (1, 3))]), r'two inputs, the last state'),
    (lambda: RNN1('r', [Data('a', (1, 3)), Data('x', (1, 2))], Data('a1', (1, 4))), r'output of shape \(1, 3\)'),
    (lambda: RNN2('r', [Data('a', (1, 3))]), 'an output or out_features'),
    (lambda: RNN2('r', [Data('a', (1, 3, 2))], out_features=2), 'one input, the state'),
])
def test_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make()
