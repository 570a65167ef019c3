"""In test mode convolution, batch norm and ReLU make one pass, and nobody can tell but by the time it takes."""

import contextlib
import copy
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv1D, Conv2D, Conv3D
from deepfusion.components.modules.activation_functions import Relu, Sigmoid
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.errors import NonFiniteError
from deepfusion.functional.convolution import use_algorithm
from deepfusion.utils.backend import use_backend, use_precision
from deepfusion.utils.grad_check import check_net

CONVOLUTIONS = {1: Conv1D, 2: Conv2D, 3: Conv3D}


def make(rank=2, channels=4, filters=6, size=5, batch=3, activation=Relu, seed=0, **options):
    """A net with one convolution, its batch norm and an activation, all numbers random, in test mode."""
    rng = np.random.default_rng(seed)
    x = Data('x', (1, channels, *(size + k for k in range(rank))))
    conv = CONVOLUTIONS[rank]('conv', [x], filter_size=3, filter_count=filters, **options)
    norm = BatchNorm('norm', [conv.output])
    last = norm if activation is None else activation('act', [norm.output])
    net = Net('net', [SumLoss('loss', [Sigmoid('sigmoid', [last.output]).output]).output])
    for parameter in net.parameters():
        parameter.val = rng.standard_normal(parameter.shape) / 2 + 0.5
    F = net.get_node('conv').F
    F.val = F.val / np.sqrt(F.val[0].size)
    norm.running_mean = rng.standard_normal(filters).astype(norm.running_mean.dtype)
    norm.running_var = (rng.random(filters) + 0.2).astype(norm.running_var.dtype)
    x.val = rng.standard_normal((batch, *x.shape[1:]))
    net.set_mode('test')
    return net


@contextmanager
def one_by_one(net):
    """Every module makes its own pass."""
    folded, net._folded = net._folded, []
    yield
    net._folded = folded


def values(net):
    return {node.ID: node.val.copy() for node in net._data}


def passes(net, **options):
    """All values and derivatives after a pass in both directions."""
    net.forward()
    net.backward(**options)
    found = {('val', ID): value for ID, value in values(net).items()}
    found |= {('deriv', node.ID): np.array(node.deriv) for node in [*net._data, *net.parameters()]}
    net.clear_grads()
    return found


def assert_close(found, expected, error):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype
        assert np.abs(found[name] - array).max(initial=0) <= error * max(1, np.abs(array).max(initial=0)), name


def took(net):
    """Whether the last forward was made at once."""
    return [group.takes('backward') for group in net._folded]


@given(rank=st.integers(1, 3), groups=st.sampled_from([1, 2, 4]), size=st.integers(3, 6), batch=st.integers(1, 3),
       stride=st.integers(1, 2), padding=st.integers(0, 1), bias=st.booleans(),
       activation=st.sampled_from([Relu, Sigmoid, None]), seed=st.integers(0, 99))
def test_everything_is_what_it_is_one_by_one(rank, groups, size, batch, stride, padding, bias, activation, seed):
    with use_precision('float64'):
        net = make(rank, size=size, batch=batch, groups=groups, filters=8, stride=stride, padding=padding, bias=bias,
                   activation=activation, seed=seed)
        found = passes(net)
        assert took(net) == [True]
        with one_by_one(net):
            assert_close(found, passes(net), 1e-11)


@pytest.mark.parametrize('algorithm', ['auto', 'im2col', 'winograd2', 'winograd4'])
@pytest.mark.parametrize(('channels', 'filters'), [(16, 20), (140, 130)])
def test_every_algorithm(algorithm, channels, filters):
    net = make(channels=channels, filters=filters, padding=1, batch=6, size=8)
    with use_algorithm(algorithm):
        found = [passes(net) for _ in range(3)]         # from the second one on transformed filters are kept
    with one_by_one(net), use_algorithm('im2col'):
        expected = passes(net)
    for again in found:
        assert_close(again, expected, 3e-5)
        assert all(np.array_equal(array, found[0][name]) for name, array in again.items())


@pytest.mark.parametrize('wrt', ['unfrozen', 'x', 'conv_out', 'norm_out', 'F', 'gamma', 'beta', 'b'])
def test_what_is_asked_for(wrt):
    with use_precision('float64'):
        net = make()
        net.freeze()
        conv, norm = net.get_node('conv'), net.get_node('norm')
        net.get_node('x').unfreeze()
        own = {'F': conv.F, 'b': conv.b, 'gamma': norm.gamma, 'beta': norm.beta}
        wanted = wrt if wrt == 'unfrozen' else [own.get(wrt) or net.get_node(wrt)]
        node = net.get_node('x') if wrt == 'unfrozen' else wanted[0]
        net.forward()
        net.backward(wrt=wanted)
        found = node.deriv.copy()
        net.clear_grads()
        with one_by_one(net):
            net.forward()
            net.backward(wrt=wanted)
        assert np.abs(found - node.deriv).max() < 1e-12
        assert np.abs(found).max() > 0


def test_gradients():
    net = make()
    assert check_net(net, verbose=False)
    assert net._folded


@pytest.mark.parametrize('change', [
    lambda net: net.get_node('conv').F.val.__setitem__((2, 1, 0, 1), 2.0),
    lambda net: net.get_node('conv').b.val.__setitem__(0, 9.0),
    lambda net: net.get_node('norm').gamma.val.__setitem__((0, 1), -9.0),
    lambda net: net.get_node('norm').beta.val.__setitem__((0, 1), 9.0),
    lambda net: net.get_node('norm').running_mean.__setitem__(1, 9.0),
    lambda net: net.get_node('norm').running_var.__setitem__(1, 9.0),
    lambda net: setattr(net.get_node('norm'), 'epsilon', 9.0),
], ids=['F', 'b', 'gamma', 'beta', 'mean', 'variance', 'epsilon'])
def test_changes_in_place_are_noticed(change):
    net = make(channels=16, filters=20, padding=1, batch=6, size=8)
    for _ in range(3):
        net.forward()
    before = values(net)
    change(net)
    net.forward()
    found = values(net)
    with one_by_one(net):
        net.forward()
        assert_close(found, values(net), 3e-5)
    assert not np.allclose(found['act_out'], before['act_out'])


def test_training_is_one_by_one():
    net = make()
    net.set_mode('train')
    net.forward()
    assert took(net) == [False]
    net.backward()
    net.set_mode('test')
    net.forward()
    assert took(net) == [True]
    net.set_mode('train')
    net.backward()          # of what the forward pass was
    net.forward()
    assert took(net) == [False]
    assert not any(node._postponed for node in net._data)


def test_a_frozen_batch_norm_in_training_is_one_by_one():
    net = make()
    net.set_mode('train')
    net.get_node('norm').freeze()
    net.forward()
    assert took(net) == [False]


def test_what_someone_else_reads_is_made():
    x = Data('x', (1, 3, 5, 5), val=np.ones((2, 3, 5, 5)))
    conv = Conv2D('conv', [x], filter_size=3, filter_count=3, padding=1)
    norm = BatchNorm('norm', [conv.output])
    both = Add('both', [conv.output, norm.output])
    assert not Net('net', [SumLoss('loss', [both.output]).output])._folded
    conv.output.outputs.remove(both)
    roots = [SumLoss('sum', [norm.output]).output]
    assert len(Net('net', roots)._folded) == 1
    assert not Net('net', [*roots, conv.output])._folded


@pytest.mark.parametrize('name', ['running_mean', 'running_var', 'gamma', 'beta', 'b'])
def test_numbers_of_another_precision_are_left_to_the_modules(name):
    net = make(channels=16, filters=20, padding=1, batch=6, size=8)
    norm = net.get_node('norm')
    if name.startswith('running'):
        setattr(norm, name, getattr(norm, name).astype(float))
    else:
        parameter = getattr(net.get_node('conv' if name == 'b' else 'norm'), name)
        with use_precision('float64'):
            parameter.val = parameter.val.astype(float)
    net.forward()
    assert took(net) == [False]


def test_modules_of_ones_own_are_left_alone():
    class Mine(Conv2D):
        def compute(self, xp, x):
            y, saved = super().compute(xp, x)
            return 2 * y, saved

    x = Data('x', (1, 3, 5, 5), val=np.ones((2, 3, 5, 5)))
    for conv in (Mine('conv', [x], filter_size=3, filter_count=3),
                 Conv2D('conv', [x], filter_size=3, filter_count=3, standardize_weights=True)):
        norm = BatchNorm('norm', [conv.output])
        assert not Net('net', [SumLoss('loss', [norm.output]).output])._folded


def test_a_pass_from_the_middle_on():
    net = make()
    net.forward()
    act, norm = net.get_node('act_out').val.copy(), net.get_node('norm_out')
    norm.val = norm.val - 1
    net.forward_from_node(norm)
    assert np.array_equal(net.get_node('act_out').val, np.maximum(norm.val, 0))
    assert not np.array_equal(net.get_node('act_out').val, act)
    mine = norm.val
    net.backward()
    found = net.get_node('x').deriv.copy()
    assert norm.val is mine
    with one_by_one(net):
        net.clear_grads()
        net.forward()
        norm.val = mine
        net.forward_from_node(norm)
        net.backward()
        assert np.abs(found - net.get_node('x').deriv).max() < 1e-5


def test_a_module_by_itself():
    net = make()
    net.forward()
    net.get_node('norm_out').deriv = 1.0
    net.get_node('norm').backward()
    found = net.get_node('conv_out').deriv.copy()
    with one_by_one(net):
        net.clear_grads()
        net.forward()
        net.get_node('norm_out').deriv = 1.0
        net.get_node('norm').backward()
    assert np.array_equal(found, net.get_node('conv_out').deriv)


def test_what_was_read_stays():
    net = make()
    net.forward()
    found = {ID: net.get_node(ID).val for ID in ('conv_out', 'norm_out', 'act_out')}
    before = {ID: value.copy() for ID, value in found.items()}
    net.get_node('x').val = net.get_node('x').val + 1
    net.forward()
    for ID, value in found.items():
        assert np.array_equal(value, before[ID])
        assert net.get_node(ID).val is not value
        assert net.get_node(ID).val is net.get_node(ID).val


def test_derivatives_between_are_apart_from_what_is_done_to_others():
    net = make()
    net.forward()
    net.backward()
    net.get_node('act_out').deriv[...] = 7
    found = net.get_node('conv_out').deriv.copy()
    with one_by_one(net):
        net.clear_grads()
        net.forward()
        net.backward()
    assert np.abs(found - net.get_node('conv_out').deriv).max() < 1e-6


@pytest.mark.parametrize('again', [copy.deepcopy, lambda net: net.to(precision='float64').to(precision='float32')],
                         ids=['copied', 'moved'])
def test_nets_go_on(again, tmp_path):
    net = make()
    expected = passes(net)
    net.forward()
    net.backward()
    twin = again(net)
    assert_close(values(twin), {ID: array for (kind, ID), array in expected.items() if kind == 'val'}, 1e-6)
    twin.clear_grads()
    assert_close(passes(twin), expected, 1e-6)
    assert took(twin) == [True]


def test_on_a_device(device):
    """Everything is made there, what is postponed too."""
    with use_precision('float64'):
        net = make()
        expected = passes(net)
        net.to(backend=device)
        with use_backend(device):
            net.forward()
            net.backward()
            assert took(net) == [True]
            net.to(backend='cpu')
        found = {('val', ID): value for ID, value in values(net).items()}
        found |= {('deriv', node.ID): np.array(node.deriv) for node in [*net._data, *net.parameters()]}
        assert_close(found, expected, 1e-11)


def test_numbers_that_are_not_finite_are_found_where_they_begin():
    net = make()
    net.check_finite = True
    net.get_node('norm').running_var[0] = np.nan
    with pytest.raises(NonFiniteError, match="BatchNorm 'norm'"):
        net.forward()


def test_times_name_every_module():
    net = make()
    net.forward()
    net.backward()
    for method in ('forward', 'backward'):
        assert set(net.seconds[method]) == {module.ID for module in net._modules}
        assert net.seconds[method]['conv'] > 0 == net.seconds[method]['norm']


def test_nothing_is_held_for_long():
    net = make()
    net.forward()
    net.backward()
    net.clear_grads()
    assert not any('_deriv' in node._postponed for node in net._data)


def test_statistics_set_after_forward_are_those_of_the_next_one():
    found = []
    for folded in (True, False):
        for wanted in ('unfrozen', None):
            net = make()
            norm = net.get_node('norm')
            with contextlib.nullcontext() if folded else one_by_one(net):
                net.forward()
                norm.running_mean = norm.running_mean + 3
                norm.running_var *= 2
                net.backward(wrt=wanted or [norm.gamma])
            found.append(norm.gamma.deriv)
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-4)


@pytest.mark.parametrize('activation', [Relu, None])
def test_two_nets_that_share_modules(activation):
    with use_precision('float64'):
        full = make(activation=activation)
        trunk = Net('trunk', [full.get_node('norm' if activation is None else 'act').output])
        other = Net('other', full.root_nodes)
        x = full.get_node('x')
        passes(full)
        x.val = x.val[::-1] + 1
        expected = passes(full)
        for first in (trunk, other):
            x.val = np.zeros_like(x.val)
            full.forward()
            x.val = expected['val', 'x']
            first.forward()
            full.forward_from_node(first.root_nodes[0])
            full.backward()
            for name in ('F', 'b'):
                deriv = getattr(full.get_node('conv'), name).deriv
                np.testing.assert_allclose(deriv, expected['deriv', f'conv_{name}'], atol=1e-12)
            np.testing.assert_allclose(x.deriv, expected['deriv', 'x'], atol=1e-12)
            full.clear_grads()
