"""A stamp stays the same exactly as long as nobody can have written into the value."""

import copy

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.data.stamps import stamp_of
from deepfusion.components.modules import MatMul
from deepfusion.components.net import Net
from deepfusion.utils.backend import use_backend


def make():
    """A net of two parameters, and one of them."""
    x = Data('x', (1, 3), val=np.ones((2, 3)))
    product = MatMul('product', [x], out_features=4)
    net = Net('net', [product.output])
    net.set_learning_rate(0.1)
    return net, product.parameter_list[0]


def learn(net, data):
    net.forward()
    net.backward()
    net.update()
    for module in net._modules:
        module._saved = None        # holds values


def read(net, data):
    data.val.sum()


def assign(net, data):
    data.val = np.zeros(data.shape)


def update_alone(net, data):
    data.deriv = np.ones(data.shape)
    data.update()


def move(net, data):
    net.to(precision='float64')


def restored(net, data):
    data.val = None
    data.val = np.zeros(data.shape)


def test_it_stays():
    net, data = make()
    first = stamp_of(data)
    assert first is not None
    copy.deepcopy(net)
    data.freeze()
    net.update()
    assert stamp_of(data) is first


@pytest.mark.parametrize('change', [learn, read, assign, update_alone, move, restored])
def test_it_is_renewed(change):
    net, data = make()
    first = stamp_of(data)
    change(net, data)
    assert stamp_of(data) not in (first, None)


def test_updates_side_by_side_renew_it():
    net, data = make()
    learn(net, data)                # the first update of each parameter is by itself
    first = stamp_of(data)
    learn(net, data)
    assert stamp_of(data) is None     # those who update it hold it
    data.freeze()
    net.update()
    assert stamp_of(data) not in (first, None)


@pytest.mark.parametrize('part', [lambda value: value, lambda value: value[:1], lambda value: value.T,
                                  memoryview, lambda value: [value]])
def test_none_while_someone_holds_it(part):
    _, data = make()
    assert stamp_of(data) is not None
    held = part(data.val)
    assert stamp_of(data) is None
    assert stamp_of(data) is None
    del held
    assert stamp_of(data) is stamp_of(data) is not None


def test_none_where_memory_belongs_to_someone_else():
    whole = np.zeros((4, 3), np.float32)
    data = Data('x', (1, 3), val=whole[:2])
    assert stamp_of(data) is None
    assert stamp_of(Data('x', (1, 3))) is None


def test_a_copy_is_apart():
    _, data = make()
    first = stamp_of(data)
    twin = copy.deepcopy(data)
    twin.val += 1
    assert stamp_of(data) is first
    assert stamp_of(twin) is not first


def test_a_shallow_copy_has_none_of_its_original():
    data = Data('x', (1, 2), val=[[1.0, 2.0]])
    first = stamp_of(data)
    twin = copy.copy(data)
    data.val[...] = 5
    del data
    assert stamp_of(twin) is not first


def test_none_on_a_device(device):
    with use_backend(device):
        _, data = make()
        assert stamp_of(data) is None
