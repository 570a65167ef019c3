"""The training loop of 0.0.3, and the line that it prints."""

import re
import sys

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.errors import OptionError
from deepfusion.utils.automate_training import automate_training
from deepfusion.utils.backend import as_array, use_backend
from deepfusion.utils.printing import print_net_performance


def regression():
    np.random.seed(0)
    x, y = Data('x', (1, 3)), Data('y', (1, 1))
    hidden = Relu('relu', [MatMul('first', [x], Data('hidden', (1, 8))).output]).output
    hidden = InvertedDropout('drop', [hidden], p_keep=0.9).output
    prediction = MatMul('second', [hidden], Data('prediction', (1, 1))).output
    return Net('regression', [MSELoss('mse', [prediction, y], Data('loss', (1, 1))).output])


X = np.random.default_rng(0).normal(size=(100, 3))
Y = X[:, :1] - 2 * X[:, 1:2]


def test_it_is_the_loop_of_0_0_3_draw_by_draw(capsys):
    net, plain = regression(), regression()
    np.random.seed(5)
    costs = automate_training(net, X, Y, X_val=X[:10], Y_val=Y[:10], B=16, epochs=7, print_cost_every=3,
                              learning_rate=0.05, lr_decay=0.1)
    np.random.seed(5)
    train, validation = [], []
    for t in range(1, 8):
        chosen = np.random.choice(100, size=16, replace=False)
        plain.set_mode('train')
        plain.set_learning_rate(0.05 / (1 + 0.1 * (t - 1)))
        plain.get_node('x').val, plain.get_node('y').val = X[chosen], Y[chosen]
        plain.forward()
        train.append(float(plain.get_node('loss').val))
        plain.backward()
        plain.update()
        plain.set_mode('test')
        plain.get_node('x').val, plain.get_node('y').val = X[:10], Y[:10]
        plain.forward()
        validation.append(float(plain.get_node('loss').val))
    assert costs.epochs == [1, 3, 6]
    assert costs.train == [train[0], train[2], train[5]]
    assert costs.validation == [validation[0], validation[2], validation[5]]
    for p, q in zip(net.parameters(), plain.parameters(), strict=True):
        assert (p.val == q.val).all()
    lines = re.sub(r'\x1b\[[0-9;]*m', '', capsys.readouterr().out).splitlines()
    assert [line.split()[1] for line in lines] == ['1/7', '3/7', '6/7']
    assert f'{train[2]:.6f}' in lines[1]
    assert f'{validation[2]:.6f}' in lines[1]


def test_it_learns_and_draws_without_a_window():
    costs = automate_training(regression(), X, Y, epochs=300, print_cost_every=50, learning_rate=0.02)
    assert costs.train[-1] < costs.train[0] / 5
    assert costs.validation == []
    (axes,) = costs.figure.axes
    assert axes.lines[0].get_xdata() == pytest.approx([1, 50, 100, 150, 200, 250, 300])
    assert axes.lines[0].get_ydata() == pytest.approx(costs.train)
    assert len(axes.lines) == 1
    assert costs.figure is costs.figure
    if 'matplotlib.pyplot' in sys.modules:
        assert sys.modules['matplotlib.pyplot'].get_fignums() == []


def test_it_runs_on_another_device():
    with use_backend('strict'):
        costs = automate_training(regression(), as_array(X), Y, X_val=X, Y_val=as_array(Y), epochs=2,
                                  print_cost_every=1)
    assert all(type(cost) is float for cost in costs.train + costs.validation)


@pytest.mark.parametrize(('options', 'words'), [
    ({'B': 101}, 'X_train and Y_train of equal length, at least 101; found 100 and 100'),
    ({'X_val': X}, 'X_val and Y_val together'),
    ({'X_val': X, 'Y_val': Y[:5]}, 'X_val and Y_val of equal length, at least 1; found 100 and 5'),
])
def test_impossible_wishes_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        automate_training(regression(), X, Y, epochs=1, **options)


def test_the_printed_line(capsys):
    print_net_performance(epochs=1000, epoch=5, J_train=np.float32(0.25), J_val=0.5)
    print_net_performance(1000, 10, 0.125)
    first, second = re.sub(r'\x1b\[[0-9;]*m', '', capsys.readouterr().out).splitlines()
    assert first.split() == ['Epoch', '5/1000', 'train', 'cost', '0.250000', 'validation', 'cost', '0.500000']
    assert second.split() == ['Epoch', '10/1000', 'train', 'cost', '0.125000']


@pytest.mark.parametrize('name', ['epochs', 'print_cost_every'])
def test_counts_are_checked_before_anything_is_learnt(name):
    net = regression()
    before = net.get_node('first').W.val.copy()
    with pytest.raises(OptionError, match=f'expected {name} to be a whole number of at least 1; found 0'):
        automate_training(net, X, Y, **{'epochs': 3} | {name: 0})
    assert np.array_equal(net.get_node('first').W.val, before)
