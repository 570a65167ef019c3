"""What the contract says of the tools: backend, gradient checker, automated training, words and pictures."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deepfusion
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Sigmoid
from deepfusion.components.modules.dropout import Dropout
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.functional.parallel import split
from deepfusion.utils import colors
from deepfusion.utils.automate_training import automate_training
from deepfusion.utils.backend import Backend, use_backend, use_precision
from deepfusion.utils.grad_check import gradient_checker
from deepfusion.utils.printing import print_net_performance
from tests.contract.nets import ADAM, SGD, host, regression, same, step

# -- Backend ------------------------------------------------------------------------------------------------------


def test_backend_and_precision_are_chosen_by_name():
    with use_backend('cpu'):
        assert (Backend.get_backend(), Backend.get_array_module()) == ('cpu', np)
        Backend.set_backend('cpu')
        for call in (Backend.set_backend, Backend.set_precision):
            with pytest.raises(ValueError, match='.'):
                call('tpu')
        with pytest.raises(ValueError, match='float64'):
            Backend.set_precision('float65')
    Backend.set_precision('float64')
    assert Data('x', (1, 1), val=[[1.0]]).val.dtype == np.float64


def test_scopes_nest_and_end_also_with_an_error():
    before = Backend.get_backend(), Backend.get_precision()
    with use_precision('float64'):
        with use_precision('float32'), use_backend('strict'):
            assert (Backend.get_backend(), Backend.get_precision()) == ('strict', 'float32')
            assert Backend.get_array_module().__name__ == 'strict'
        assert Backend.get_precision() == 'float64'
        with pytest.raises(ZeroDivisionError), use_precision('float32'):
            _ = 1 / 0
        assert Backend.get_precision() == 'float64'
    assert (Backend.get_backend(), Backend.get_precision()) == before
    with pytest.raises(ValueError, match='float32'), use_precision('half'):
        pass


@pytest.mark.parametrize(('name', 'value', 'works'), [
    ('DEEPFUSION_PRECISION', 'float64', True), ('DEEPFUSION_BACKEND', 'cpu', True),
    ('DEEPFUSION_PRECISION', 'float65', False), ('DEEPFUSION_BACKEND', 'cp', False)])
def test_the_environment_sets_the_defaults(name, value, works):
    program = ("from deepfusion.components.data import Data; from deepfusion.utils.backend import Backend; "
               "print(Data('x', (1, 1), val=[[1.0]]).val.dtype, Backend.get_backend())")
    environment = {k: v for k, v in os.environ.items() if not k.startswith('DEEPFUSION')} | {name: value}
    done = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True,
                          cwd=Path(deepfusion.__file__).parent.parent, check=False)
    assert (done.returncode == 0) == works
    if works:
        assert done.stdout.split() == ['float64' if value == 'float64' else 'float32', 'cpu']
    else:
        assert value in done.stderr.splitlines()[-1]


def test_a_gpu_that_is_not_there_is_one_sentence():
    if Backend.get_backend() != 'gpu':
        try:
            import cupy
            cupy.cuda.runtime.getDeviceCount()
        except Exception:
            with pytest.raises((RuntimeError, ValueError), match='gpu') as caught:
                Backend.set_backend('gpu')
            assert '\n' not in str(caught.value)
            assert Backend.get_backend() != 'gpu'


def test_scopes_hold_on_all_cores():
    """Large work is split over threads; NumPy's error state and the precision are those of the caller."""
    with use_backend('cpu'), use_precision('float64'), np.errstate(over='raise'):
        seen = split(np, lambda share: (Backend.get_precision(), np.geterr()['over']), 8, 1 << 24)
        assert set(seen) == {('float64', 'raise')}
    p = Data('p', (1000, 1000), val=np.ones((1000, 1000)), is_frozen=False)
    p.deriv = np.full((1000, 1000), 1e30)
    with np.errstate(over='ignore'), use_precision('float32'):
        p.update()


# -- The gradient checker -----------------------------------------------------------------------------------------

def noisy_net():
    """A net with everything that a checker has to put back: dropout, statistics, broadcasting, two losses."""
    rng = np.random.default_rng(0)
    x, y = Data('x', (1, 3), val=rng.standard_normal((4, 3))), Data('y', (1, 2), val=rng.standard_normal((4, 2)))
    m = MatMul('m', [x], out_features=2)
    n = BatchNorm('n', [m.output])
    d = Dropout('d', [Sigmoid('s', [n.output]).output], p_keep=0.7)
    shift = Data('shift', (1, 2), val=rng.standard_normal((1, 2)))
    loss = MSELoss('lossf', [Add('a', [d.output, shift]).output, y]).output
    return Net('net', [loss, SumLoss('sum', [n.output]).output])


def state_of(net):
    """All that the checker must leave as it was."""
    found = [np.random.get_state()[1:3], net.mode, Backend.get_precision(), net.check_finite]
    for node in net.topological_order:
        if isinstance(node, Data):
            found += [host(node.val), node.val.dtype, host(node.deriv), node.is_frozen, node.outputs, node.input]
        else:
            found += [getattr(node, 'mode', None), node.is_frozen]
            found += [host(getattr(node, name)) for name in node.state_names if hasattr(getattr(node, name), 'dtype')]
    for p in net.parameters():
        found += [host(p.val), p.val.dtype, host(p.deriv), p.optimizer.t]
    return found


@pytest.mark.parametrize('precision', ['float32', 'float64'])
@pytest.mark.parametrize('mode', ['train', 'test'])
def test_the_checker_passes_for_data_and_parameters_and_puts_everything_back(precision, mode, capsys):
    with use_precision(precision):
        np.random.seed(0)
        net = noisy_net()
        step(net)
        net.set_mode(mode)
        net.forward()
        net.backward()
        before = state_of(net)
        for data in [net.get_node('x'), net.get_node('shift'), net.get_node('m_out'), *net.parameters()]:
            report = gradient_checker(net, data_obj=data, h=1e-6)
            assert report, str(report)
        np.testing.assert_equal(state_of(net), before)
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) < 20 * 7                  # short tables, no arrays
    assert 'm_W' in printed


class Wrong(Module):
    """Doubles its input; says what it is told to of the derivative."""

    def __init__(self, ID, inputs, output=None, factor=2.0):
        self.factor = factor
        super().__init__(ID, inputs, output)

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return 2 * x * x, (x,)

    def differentiate(self, xp, deriv, x):
        return (self.factor * 2 * x * deriv,), {}


class Overwrites(Module):
    """Right but for one thing: it sets its input's derivative and does not add to it."""

    def output_shape(self, shape):
        return shape

    def forward(self):
        self.output.val = 3 * self.inputs[0].val

    def backward(self):
        self.inputs[0].deriv = 3 * self.output.deriv


def test_the_checker_fails_for_a_wrong_factor_a_sign_or_a_missing_accumulation(capsys):
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((2, 3)))
    for factor, right in ((2.0, True), (1.0, False), (-2.0, False), (0.0, False), (2.001, False)):
        net = Net('n', [SumLoss('s', [Wrong('w', [x], factor=factor).output]).output])
        assert bool(gradient_checker(net, x)) == right
    total = Add('add', [Overwrites('o1', [x]).output, Overwrites('o2', [x]).output]).output
    assert not gradient_checker(Net('n', [SumLoss('s', [total]).output]), x)
    assert capsys.readouterr().out


def test_the_checker_refuses_what_is_not_in_the_net():
    with pytest.raises(ValueError, match='else'):
        gradient_checker(regression().net, Data('else', (1, 1), val=[[1.0]]))


# -- Automated training -------------------------------------------------------------------------------------------

def test_automated_training_is_the_loop_of_the_contract(capsys):
    with use_precision('float64'):
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((50, 3)), rng.standard_normal((50, 1))
        nets = []
        for automatic in (True, False):
            np.random.seed(1)
            s = regression(optimizer_details=ADAM)
            np.random.seed(2)
            if automatic:
                result = automate_training(s.net, X, Y, X[:9], Y[:9], B=16, epochs=25, print_cost_every=10,
                                           learning_rate=0.1, lr_decay=0.5)
            else:
                costs, validation = [], []
                for t in range(1, 26):
                    idx = np.random.choice(50, size=16, replace=False)
                    s.net.set_learning_rate(0.1 / (1 + 0.5 * (t - 1)))
                    s.x.val, s.y.val = X[idx], Y[idx]
                    step(s.net)
                    if t == 1 or t % 10 == 0:
                        costs.append(float(s.loss.val))
                        s.x.val, s.y.val = X[:9], Y[:9]
                        s.net.forward()
                        validation.append(float(s.loss.val))
            nets.append(s.net)
        for p, q in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
            same(p.val, q.val, rtol=1e-12)
        same(np.array(result.train), np.array(costs), rtol=1e-10)
        same(np.array(result.validation), np.array(validation), rtol=1e-10)
    assert list(result.epochs) == [1, 10, 20]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert f'{costs[-1]:.6f}' in lines[-1]
    assert f'{validation[-1]:.6f}' in lines[-1]


def test_automated_training_draws_the_curves_and_opens_no_window(monkeypatch):
    from matplotlib import pyplot
    monkeypatch.setattr(pyplot, 'show', lambda *a, **k: pytest.fail('a window was opened'))
    s = regression(optimizer_details=SGD)
    rng = np.random.default_rng(0)
    result = automate_training(s.net, rng.standard_normal((20, 3)), rng.standard_normal((20, 1)), B=5, epochs=4,
                               print_cost_every=2)
    assert len(result.figure.axes[0].lines) == 1
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize('sizes', [(20, 19, 5), (4, 4, 5)])
def test_automated_training_refuses_sizes_that_do_not_fit(sizes):
    s = regression()
    before = host(s.Matmul1.W.val)
    with pytest.raises(ValueError, match=str(sizes[0])):
        automate_training(s.net, np.ones((sizes[0], 3)), np.ones((sizes[1], 1)), B=sizes[2], epochs=1)
    same(s.Matmul1.W.val, before)


# -- Words and pictures -------------------------------------------------------------------------------------------

def test_a_line_of_performance(capsys):
    s = regression()
    s.net.forward()
    print_net_performance(epochs=1000, epoch=7, J_train=s.loss.val)
    print_net_performance(1000, 7, 0.25, J_val=s.loss.val)
    one, two = capsys.readouterr().out.splitlines()
    assert f'{float(s.loss.val):11.6f}' in one
    assert '   7/1000' in one
    assert '0.250000' in two
    assert f'{float(s.loss.val):11.6f}' in two


def test_colors_are_codes_of_the_terminal():
    for name in ('red', 'cyan', 'green', 'yellow', 'blue', 'color_end'):
        assert getattr(colors, name).startswith('\033[')
    assert colors.color_end == '\033[0m'


@pytest.mark.parametrize('graphviz', [True, False])
def test_visualize_writes_a_pdf_and_opens_nothing(tmp_path, monkeypatch, graphviz):
    monkeypatch.chdir(tmp_path)
    if not graphviz:
        monkeypatch.setenv('PATH', '')
    for name in ('system', 'startfile', 'popen'):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail('a program was started'), raising=False)
    net = regression().net
    path = net.visualize()
    assert Path(path).resolve() == tmp_path / 'Visualization.pdf'
    assert (tmp_path / 'Visualization.pdf').read_bytes().startswith(b'%PDF')
    path = net.visualize(filename='drawn', orientation='TB')
    assert Path(path).resolve() == tmp_path / 'drawn.pdf'
    with pytest.raises(ValueError, match='LR'):
        net.visualize(orientation='LT')
    with pytest.raises(OSError, match='nowhere'):
        net.visualize(tmp_path / 'nowhere' / 'net')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['Visualization.pdf', 'drawn.pdf']


def test_deep_and_unusual_nets_are_drawn(tmp_path):
    a = Data('x "quoted" <&>', (1, 2), val=np.ones((1, 2)))
    for i in range(400):
        a = Sigmoid(f'm{i}/ü', [a]).output
    assert Path(Net('n', [SumLoss('s', [a]).output]).visualize(tmp_path / 'deep')).stat().st_size > 1000
