"""Parameters that are stepped side by side end where each would end by itself."""

import copy

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import PRelu, Tanh
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net
from deepfusion.components.net.updating import SMALL, Updates
from deepfusion.utils.backend import use_precision

OPTIMIZERS = [('SGD', {}), ('SGD', {'momentum': 0.9, 'nesterov': True, 'weight_decay': 0.1}), ('Adam', {}),
              ('Momentum', {}), ('RMSprop', {}), ('AdaGrad', {})]


def chain(optimizer='Adam', **hyperparameters):
    x = Data('x', (1, 3), val=np.arange(6.0).reshape(2, 3) / 6)
    for i, width in enumerate((5, 4, SMALL)):
        x = Tanh(f'tanh{i}', [MatMul(f'full{i}', [x], out_features=width).output]).output
    return Net('chain', [SumLoss('sum', [x]).output], learning_rate=0.05,
               optimizer_details={'optimizer_name': optimizer, 'hyperparameters': hyperparameters})


def train(net, together, between=lambda net, i: None, steps=6):
    for i in range(steps):
        net.forward()
        net.backward(wrt='unfrozen')
        if together:
            net.update()
        else:
            for node in [*net.parameters(), *net.topological_order]:
                if isinstance(node, Data):
                    node.update()
        between(net, i)
    return [p.val for p in net.parameters()]


def assert_alike(net, between=lambda net, i: None):
    twin = copy.deepcopy(net)
    for mine, single in zip(train(net, True, between), train(twin, False, between), strict=True):
        np.testing.assert_array_equal(mine, single)


@pytest.mark.parametrize(('name', 'hyperparameters'), OPTIMIZERS)
@pytest.mark.parametrize('precision', ['float32', 'float64'])
def test_side_by_side_or_one_by_one(name, hyperparameters, precision):
    with use_precision(precision):
        assert_alike(chain(name, **hyperparameters))


def change_rate(net, i):
    net.get_node('full1').set_learning_rate(0.05 / (i + 1))


def freeze_for_a_while(net, i):
    (net.get_node('full0').freeze if i == 2 else net.get_node('full0').unfreeze)()


def set_a_value(net, i):
    if i == 3:
        net.get_node('full0').W.val = np.ones((3, 5))


def other_optimizer(net, i):
    if i == 3:
        net.set_optimizer({'optimizer_name': 'SGD', 'hyperparameters': {'momentum': 0.5}})


def another_setting(net, i):
    net.get_node('full1').b.optimizer.beta1 = 0.5


def start_averages_anew(net, i):
    if i == 2:
        net.get_node('full1').W.optimizer.V = np.zeros((5, 4), np.float32)


@pytest.mark.parametrize('between', [change_rate, freeze_for_a_while, set_a_value, other_optimizer, another_setting,
                                     start_averages_anew])
def test_changes_between_steps(between):
    assert_alike(chain(), between)


def test_an_input_among_the_nodes():
    net = chain()
    net.get_node('x').unfreeze()
    assert_alike(net)


def test_values_stay_where_they_are():
    net = chain()
    train(net, True, steps=1)
    held = [(p, p.val, p.val.copy()) for p in net.parameters()]
    train(net, True, steps=3)
    for p, value, before in held:
        assert p.val is value
        assert (value != before).any()


def test_a_copy_goes_on_by_itself():
    net = chain()
    train(net, True, steps=3)
    twin, third = copy.deepcopy(net), copy.deepcopy(net)
    for mine, theirs in zip(train(net, True, steps=3), train(twin, True, steps=3), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for start, now in zip(third.parameters(), net.parameters(), strict=True):
        assert (start.val != now.val).any()


def test_who_steps_alone(monkeypatch):
    net, alone = chain(), []
    train(net, True, steps=1)
    monkeypatch.setattr(Data, 'update', lambda self: alone.append(self.ID))
    net.forward()
    net.backward()
    Updates(net.parameters()).step()
    assert alone == ['full2_W']         # more than SMALL numbers


def test_a_single_number_keeps_its_averages_on_its_own():
    x = Data('x', (1, 3), val=[[-1.0, -2.0, 3.0]])
    module = PRelu('prelu', [x])
    net = Net('net', [SumLoss('sum', [module.output]).output], learning_rate=0.1)
    for alone in (False, False, True, False, True):
        net.forward()
        net.backward()
        module.update() if alone else net.update()
    optimizer = module.alpha.optimizer
    assert optimizer.t == 5
    assert optimizer.V.shape == ()
    np.testing.assert_allclose(optimizer.V, -3 * (1 - 0.9 ** 5), rtol=1e-5)
