"""A check leaves everything as it was, bit for bit, whatever happens meanwhile."""

import contextlib
import random

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import GlobalAvgPool
from deepfusion.components.net import Net
from deepfusion.utils.backend import Backend
from deepfusion.utils.grad_check import check_module, check_net, gradient_checker


class Fuse(Module):
    """Twice the input; stops after some passes."""

    left = [10 ** 9]
    error = KeyboardInterrupt

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        self.left[0] -= 1
        if self.left[0] < 0:
            raise self.error('stopped')
        return 2 * x, ()

    def differentiate(self, xp, deriv):
        return (2 * deriv,), {}


def trained_net():
    """A float32 net in the middle of training: values, derivatives, optimizer state, running statistics."""
    np.random.seed(0)
    x, y = Data('x', (1, 3, 6, 6)), Data('y', (1, 2))
    h = Conv2D('conv', [x], filter_size=3, filter_count=4).output
    h = Fuse('fuse', [Relu('relu', [BatchNorm('norm', [h]).output]).output]).output
    h = InvertedDropout('drop', [GlobalAvgPool('pool', [h]).output], p_keep=0.7).output
    net = Net('net', [MSELoss('loss', [MatMul('full', [h], out_features=2).output, y]).output], learning_rate=1e-2)
    for _ in range(3):
        x.val, y.val = np.random.randn(5, 3, 6, 6), np.random.randn(5, 2)
        net.forward()
        net.backward()
        net.update()
    net.forward()
    net.backward()
    return net


def everything(net):
    """All arrays, modes and switches of a net by name, arrays as bytes with their memory's address."""
    found = {'random': np.random.get_state()[1].tobytes(), 'place': np.random.get_state()[2:], 'py': random.getstate(),
             'backend': (Backend.get_backend(), Backend.get_precision()), 'mode': net.mode, 'err': np.geterr()}
    for node in [*net.topological_order, *net.parameters()]:
        for name, value in vars(node).items():
            if isinstance(value, np.ndarray):
                found[node.ID, name] = (value.tobytes(), value.dtype, value.ctypes.data)
            elif isinstance(value, str | bool | int | float | None):
                found[node.ID, name] = value
            elif name == '_saved':
                found[node.ID, name] = [(v.tobytes(), v.ctypes.data) if isinstance(v, np.ndarray) else id(v)
                                        for v in value or ()]
            elif name == 'optimizer' and value is not None:
                found[node.ID, name] = [(k, v.tobytes() if isinstance(v, np.ndarray) else v)
                                        for k, v in vars(value).items()]
    return found


CHECKS = {
    'check_net': lambda net: check_net(net, verbose=False),
    'directional': lambda net: check_net(net, method='directional', verbose=False),
    'complex': lambda net: check_net(net, method='complex', verbose=False),
    'taylor': lambda net: check_net(net, method='taylor', verbose=False),
    'gradient_checker': lambda net: gradient_checker(net, net.get_node('conv').F, verbose=False),
    'check_module': lambda net: check_module(net.get_node('norm'), verbose=False),
}


@pytest.mark.parametrize('check', CHECKS)
@pytest.mark.parametrize('mode', ['train', 'test'])
def test_after_a_check(check, mode):
    net = trained_net()
    net.set_mode(mode)
    before = everything(net)
    assert CHECKS[check](net)
    assert everything(net) == before


@pytest.mark.parametrize('error', [KeyboardInterrupt, RuntimeError, MemoryError], ids=lambda error: error.__name__)
@pytest.mark.parametrize('passes', [0, 1, 5, 12, 40])
def test_after_an_interruption(error, passes, monkeypatch):
    net = trained_net()
    before = everything(net)
    monkeypatch.setattr(Fuse, 'left', [passes])
    monkeypatch.setattr(Fuse, 'error', error)
    with contextlib.suppress(error):
        check_net(net, verbose=False)
    assert everything(net) == before


def test_a_key_is_never_swallowed(monkeypatch):
    for passes in range(0, 30, 4):
        monkeypatch.setattr(Fuse, 'left', [10 ** 9])
        net = trained_net()
        monkeypatch.setattr(Fuse, 'left', [passes])
        with pytest.raises(KeyboardInterrupt):
            check_net(net, verbose=False)


def test_the_check_is_in_float64_and_repeats_itself():
    net = trained_net()
    first, second = (check_net(net, seed=3, verbose=False) for _ in range(2))
    assert first.tensors[0].max_error < 1e-5
    assert [t.numeric for t in first.tensors] == [t.numeric for t in second.tensors]
    other = check_net(net, seed=4, verbose=False)
    assert other.passed


def test_a_missing_value_is_the_users_affair():
    net = trained_net()
    net.get_node('x').val = None
    with pytest.raises(ValueError, match="Data 'x'"):
        check_net(net, verbose=False)
