"""Whole nets: the guilty module is named, whatever the net looks like."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu, Tanh
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, MSELoss, SumLoss
from deepfusion.components.modules.rnn import RNN1, RNN2
from deepfusion.components.net import Net
from deepfusion.testing import assert_gradients
from deepfusion.utils.backend import use_backend
from deepfusion.utils.grad_check import check_net, gradient_checker


class Forgetful(MatMul):
    """Leaves the derivative of the bias out."""

    def differentiate(self, xp, deriv, *saved):
        derivs, parameters = super().differentiate(xp, deriv, *saved)
        return derivs, {'W': parameters['W']}


class Backwards(Tanh):
    """Has the wrong sign."""

    def differentiate(self, xp, deriv, *saved):
        (dx,), _ = super().differentiate(xp, deriv, *saved)
        return (-dx,), {}


def chain(depth, wrong=None, cls=Backwards):
    """`depth` modules, MatMul and Tanh in turn."""
    x = Data('x', (1, 4), val=np.random.default_rng(0).standard_normal((3, 4)))
    h = x
    for k in range(depth):
        kind = cls if k == wrong else Tanh if k % 2 else MatMul
        h = kind(f'm{k}', [h], **({'out_features': 4} if issubclass(kind, MatMul) else {})).output
    return Net('chain', [SumLoss('loss', [h]).output])


def test_one_wrong_module_deep_in_a_net_is_named_alone():
    np.random.seed(0)
    report = check_net(chain(30, wrong=11), verbose=False)
    assert report.faulty_modules == ['m11']
    assert report.first_faulty == 'm11'
    assert not report['m0_W']                   # wrong, though its own module is right
    assert report['m28_W']                      # behind the wrong one, all is right
    assert report.faults[0].part == 'input 0'
    assert 'wrong sign' in report.faults[0].message
    assert report.faults[0].place.startswith('test_nets.py:')


def test_a_chain_of_200_modules():
    np.random.seed(0)
    assert check_net(chain(200), verbose=False, method='directional').verdict == 'ok'
    report = check_net(chain(200, wrong=24, cls=Forgetful), verbose=False, method='directional')
    assert report.faulty_modules == ['m24']
    assert report.faults[0].part == 'parameter b'
    assert 'never receives' in report.faults[0].message


def test_several_wrong_modules_come_in_the_order_of_backward():
    np.random.seed(0)
    x = Data('x', (1, 4), val=np.random.default_rng(0).standard_normal((3, 4)))
    h = Backwards('b', [Forgetful('a', [x], out_features=4).output]).output
    report = check_net(Net('net', [SumLoss('loss', [Backwards('c', [h]).output]).output]), verbose=False)
    assert report.faulty_modules == ['c', 'b', 'a']


def several_roots():
    x, y = Data('x', (1, 3)), Data('y', (1, 2))
    x.val, y.val = np.random.default_rng(0).standard_normal((5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]
    h = Tanh('t', [MatMul('m', [x], out_features=2).output]).output
    return Net('net', [CrossEntropyLoss('first', [h, y]).output, MSELoss('second', [h, y]).output,
                       Tanh('third', [h]).output])


def test_several_roots_and_roots_that_are_no_scalars():
    np.random.seed(0)
    net = several_roots()
    for method in ('full', 'directional', 'taylor', 'complex'):
        assert check_net(net, method=method, verbose=False)
    report = gradient_checker(net, 'x', verbose=False)
    assert report.tensors[0].checked == 15


def test_the_derivative_is_that_of_the_net_itself():
    """With scalar roots alone, analytic and numeric values are the derivatives of the sum of the losses."""
    np.random.seed(0)
    net = Net('net', several_roots().root_nodes[:2])
    report = gradient_checker(net, net.get_node('m').W, arrays=False, verbose=False)
    net.to(precision='float64')
    net.forward()
    net.backward()
    np.testing.assert_allclose(report.tensors[0].analytic_values, net.get_node('m').W.deriv, rtol=1e-12)
    np.testing.assert_allclose(report.tensors[0].numeric_values, net.get_node('m').W.deriv, rtol=1e-6)


def test_a_shared_parameter_is_one_entry():
    np.random.seed(0)
    a = Data('a', (1, 3), val=np.zeros((2, 3)))
    h, steps = a, []
    for k in range(3):
        x = Data(f'x{k}', (1, 4), val=np.random.default_rng(k).standard_normal((2, 4)))
        steps.append(RNN1(f'step{k}', [h, x], Data(f'a{k}', (1, 3))))
        h = steps[-1].output
    net = Net('net', [SumLoss('loss', [RNN2('end', [h], Data('out', (1, 2))).output]).output])
    net.share_parameters(steps)
    report = check_net(net, verbose=False)
    assert report
    assert sum(tensor.ID.startswith('step') for tensor in report.tensors) == 3
    assert gradient_checker(net, steps[2].Wax, verbose=False)


def test_an_inner_node_can_be_checked():
    np.random.seed(0)
    net = chain(6)
    assert gradient_checker(net, net.get_node('m2_out'), verbose=False).tensors[0].checked == 12


def test_some_tensors_can_be_chosen():
    np.random.seed(0)
    net = chain(6)
    report = check_net(net, wrt=['x', net.get_node('m2').W], verbose=False)
    assert [tensor.ID for tensor in report.tensors] == ['x', 'm2_W']
    assert report.modules_checked == 7


def test_indices_have_no_derivative_and_are_left_out():
    x, y = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3))), Data('y', (1,), val=[0, 2, 1, 1])
    net = Net('net', [CrossEntropyLoss('loss', [Tanh('t', [x]).output, y]).output])
    assert [tensor.ID for tensor in check_net(net, verbose=False).tensors] == ['x']
    with pytest.raises(ValueError, match="'y' holds int64"):
        gradient_checker(net, y, verbose=False)


def test_what_is_not_in_the_net_is_refused():
    net = chain(4)
    with pytest.raises(ValueError, match="found 'z'"):
        gradient_checker(net, Data('z', (1, 2)), verbose=False)
    with pytest.raises(KeyError, match="Did you mean 'm0_W'"):
        gradient_checker(net, 'm0W', verbose=False)
    with pytest.raises(TypeError, match='found MatMul'):
        gradient_checker(net, net.get_node('m0'), verbose=False)
    with pytest.raises(KeyError, match="No method is called 'ful'. Did you mean 'full'"):
        check_net(net, method='ful')
    with pytest.raises(ValueError, match='expected h above 0'):
        check_net(net, h=0.0)


class Uneven(Module):
    """A loss in the manner of 0.0.3, which seeds the output's derivative itself."""

    different_at_train_test = False
    is_regularizable = False

    def forward(self):
        self.output.val = (self.inputs[0].val ** 2).sum()
        self.output.deriv = 1.0

    def backward(self):
        self.inputs[0].deriv += 2 * self.inputs[0].val * self.output.deriv


def test_a_loss_in_the_manner_of_0_0_3():
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    loss = Data('loss', (1, 1))
    Uneven('uneven', [Tanh('t', [x]).output], loss)
    net = Net('net', [loss])
    report = check_net(net, verbose=False)
    assert report, str(report)
    assert report['x'].verdict == 'ok'


@pytest.mark.parametrize('backend', ['strict'])
def test_on_another_device(backend):
    np.random.seed(0)
    with use_backend(backend):
        net, broken = several_roots(), chain(8, wrong=3)
        for method in ('full', 'directional', 'taylor', 'complex'):
            assert check_net(net, method=method, verbose=False)
        assert check_net(broken, verbose=False).faulty_modules == ['m3']
    assert check_net(net, verbose=False)        # the device is that of the values, not the present one
    assert str(check_net(net, verbose=False))


def test_assert_gradients():
    np.random.seed(0)
    assert assert_gradients(chain(6)).passed
    assert assert_gradients(Relu('r', [Data('x', (1, 3))]), batch=5).tensors[0].shape == (5, 3)
    with pytest.raises(AssertionError, match=r"(?s)Gradients of net 'chain': wrong.*FAULT in Backwards 'm3', input 0"):
        assert_gradients(chain(6, wrong=3))


def test_a_data_used_twice():
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    assert check_net(Net('net', [SumLoss('loss', [Add('sum', [x, x]).output]).output]), verbose=False)
