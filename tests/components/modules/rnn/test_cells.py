"""LSTMCell and GRUCell, against PyTorch's; and wired by hand, against the modules over whole sequences."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Slice
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.modules.rnn import LSTM, GRUCell, LSTMCell
from deepfusion.components.net import Net
from deepfusion.errors import ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests


def by_torch(kind):
    def reference(torch, inputs, parameters, mode):
        x, state = inputs
        hidden = parameters['Wh'].shape[0]
        cell = getattr(torch.nn, kind)(x.shape[1], hidden, bias='bx' in parameters, dtype=torch.float64)
        names = {'Wx': 'weight_ih', 'Wh': 'weight_hh', 'bx': 'bias_ih', 'bh': 'bias_hh'}
        weights = {names[n]: p.T if n[0] == 'W' else p[0] for n, p in parameters.items()}
        if kind == 'GRUCell':
            return torch.func.functional_call(cell, weights, (x, state))
        return torch.cat(torch.func.functional_call(cell, weights, (x, state.split(hidden, dim=1))), dim=1)
    return reference


class TestLSTMCell(ModuleTests):
    cases = (
        Case('cell', lambda inputs: LSTMCell('m', inputs), [(1, 3), (1, 4)], by_torch('LSTMCell')),
        Case('no_bias', lambda inputs: LSTMCell('m', inputs, bias=False), [(1, 3), (1, 4)], by_torch('LSTMCell')),
    )


class TestGRUCell(ModuleTests):
    cases = (Case('cell', lambda inputs: GRUCell('m', inputs), [(1, 3), (1, 2)], by_torch('GRUCell')),)


def test_cells_that_share_parameters_do_what_the_sequence_module_does():
    with use_precision('float64'):
        rng = np.random.default_rng(0)
        values = rng.standard_normal((2, 3, 4))
        state = Data('start', (1, 10), val=np.zeros((2, 10)))
        xs = [Data(f'x{t}', (1, 4), val=values[:, t]) for t in range(3)]
        cells = []
        for t, x in enumerate(xs):
            cells.append(LSTMCell(f'cell{t}', [x, state]))
            state = cells[-1].output
        h = Slice('h', [state], stop=5).output
        SumLoss('sum', [h], Data('loss', (1, 1)))
        net = Net('net', [h.outputs[0].output])
        net.share_parameters(cells)

        whole = LSTM('whole', [Data('x', (1, 3, 4), val=values)], hidden_size=5)
        for name in ('Wx', 'Wh', 'bx', 'bh'):
            whole.parameter_lookup[name + '0'].val = cells[0].parameter_lookup[name].val
        net.forward()
        net.backward()
        whole.forward()
        whole.output.deriv = np.concatenate([np.zeros((2, 2, 5)), np.full((2, 1, 5), 0.5)], axis=1)
        whole.backward()
    assert np.allclose(h.val, whole.output.val[:, -1], rtol=0, atol=1e-12)
    for name in ('Wx', 'Wh', 'bx', 'bh'):
        expected = whole.parameter_lookup[name + '0'].deriv
        assert np.allclose(cells[0].parameter_lookup[name].deriv, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize('shapes', [[(1, 3)], [(1, 3), (1, 5)], [(1, 4, 3), (1, 4)]])
def test_refused(shapes):
    with pytest.raises(ShapeError, match=r'the state of shape \(1, 2H\)'):
        LSTMCell('m', [Data(f'x{i}', shape) for i, shape in enumerate(shapes)])
