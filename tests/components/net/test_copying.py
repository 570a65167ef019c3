"""Copies are independent; moves keep values."""

import copy
import pickle

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from tests.support.nets import step, two_layers


def test_a_copy_learns_alike_and_apart():
    net = two_layers()
    step(net)
    twin = copy.deepcopy(net)
    before = twin.get_node('m1').W.val.copy()
    costs = [step(net) for _ in range(3)]
    assert np.array_equal(twin.get_node('m1').W.val, before)
    assert [step(twin) for _ in range(3)] == costs
    assert not set(map(id, twin.topological_order)) & set(map(id, net.topological_order))
    assert twin.get_node('x').outputs == [twin.get_node('m1')]


def test_a_pickled_net_learns_alike():
    net = two_layers()
    for _ in range(3):
        step(net)
    twin = pickle.loads(pickle.dumps(net))
    assert [step(twin) for _ in range(5)] == [step(net) for _ in range(5)]


@pytest.mark.parametrize('mode', ['train', 'test'])
@pytest.mark.parametrize('again', [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_convolutions_after_a_pass(mode, again):
    x = Data('x', (1, 16, 8, 8), np.random.default_rng(0).standard_normal((4, 16, 8, 8)))
    conv = Conv2D('conv', [x], filter_size=3, filter_count=16, padding=1)
    net = Net('net', [Relu('relu', [BatchNorm('norm', [conv.output]).output]).output])
    net.set_mode(mode)
    for _ in range(2):                  # the second time transformed filters are kept
        net.forward()
        net.backward()
        net.clear_grads()
    twin = again(net)
    for each in (net, twin):
        each.forward()
        each.backward()
    np.testing.assert_array_equal(twin.get_node('conv').F.deriv, conv.F.deriv)
    np.testing.assert_array_equal(twin.get_node('x').deriv, x.deriv)


def test_a_copy_leaves_out_what_is_outside():
    net = two_layers()
    other = Relu('outside', [net.get_node('x')])
    twin = copy.deepcopy(net)
    assert other in net.get_node('x').outputs
    assert [m.ID for m in twin.get_node('x').outputs] == ['m1']


def test_deep_nets_are_copied():
    node = Data('x', (1, 2), np.ones((1, 2)))
    for i in range(3000):
        node = Relu(f'r{i}', [node]).output
    twin = copy.deepcopy(Net('net', [node]))
    twin.forward()
    twin.backward()
    assert np.array_equal(twin.get_node('x').deriv, [[1, 1]])


def test_precision_moves_everything():
    net = two_layers()
    step(net)
    net.to(precision='float64')
    assert {p.val.dtype for p in net.parameters()} == {np.dtype('float64')}
    assert {p.optimizer.V.dtype for p in net.parameters()} == {np.dtype('float64')}
    held = net.get_node('m1').W.val
    step(net)
    assert net.get_node('m1').W.val is held
    assert held.dtype == np.float64


def test_device_and_back():
    net = two_layers()
    step(net)
    twin = copy.deepcopy(net)
    twin.to(backend='strict')
    assert not isinstance(twin.get_node('m1').W.val, np.ndarray)
    costs = [step(net) for _ in range(3)]
    np.testing.assert_allclose([step(twin) for _ in range(3)], costs, rtol=1e-6)
    twin.to(backend='cpu')
    np.testing.assert_allclose(twin.get_node('m1').W.val, net.get_node('m1').W.val, rtol=1e-6)
