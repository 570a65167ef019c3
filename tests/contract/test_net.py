"""What the contract says of Net."""

import copy

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu, Sigmoid, Tanh
from deepfusion.components.modules.dropout import Dropout
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.utils.backend import Backend, use_precision
from tests.contract.nets import ADAM, L2, SGD, host, parameters_of, regression, same, step

MOMENTUM = {'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.5}}


def IDs(nodes):
    """Their IDs."""
    return [node.ID for node in nodes]


# -- Attributes ---------------------------------------------------------------------------------------------------

def test_attributes_of_a_net():
    s = regression()
    net = s.net
    assert (net.ID, net.root_nodes, net.learning_rate, net.optimizer_details) == ('Net', [s.loss], None, None)
    assert (net.is_regularized, net.regularizer_details, net.is_frozen, net.mode) == (False, None, False, 'train')
    assert IDs(net.topological_order) == ['x', 'Matmul1', 'z1', 'ActF', 'a', 'Matmul2', 'z2', 'y', 'LossF', 'loss']
    assert net.graph_visual == {'x': ['Matmul1'], 'Matmul1': ['z1'], 'z1': ['ActF'], 'ActF': ['a'],
                                'a': ['Matmul2'], 'Matmul2': ['z2'], 'z2': ['LossF'], 'y': ['LossF'],
                                'LossF': ['loss'], 'loss': []}
    assert {node.ID: IDs(others) for node, others in net.graph.items()} == net.graph_visual
    assert net.node_lookup == {node.ID: node for node in net.topological_order}


def test_order_is_depth_first_from_the_roots_with_inputs_as_listed():
    x, y = Data('x', (1, 2)), Data('y', (1, 2))
    b, a = Data('b', (1, 2)), Data('a', (1, 2))
    Tanh('tb', [y], b)
    Tanh('ta', [x], a)
    first, second = Data('first', (1, 1)), Data('second', (1, 1))
    MSELoss('m1', [b, a], first)
    MSELoss('m2', [x, b], second)
    assert IDs(Net('n', [second, first]).topological_order) == [
        'x', 'y', 'tb', 'b', 'm2', 'second', 'ta', 'a', 'm1', 'first']


def test_options_reach_the_nodes_when_given():
    s = regression(learning_rate=0.5, optimizer_details=SGD, is_regularized=True, regularizer_details=L2)
    assert (s.net.learning_rate, s.net.optimizer_details, s.net.regularizer_details) == (0.5, SGD, L2)
    assert all(node.learning_rate == 0.5 for node in s.net.topological_order)
    assert all(type(p.optimizer).__name__ == 'SGD' and p.learning_rate == 0.5 for p in s.net.parameters())
    assert (s.Matmul1.W.is_regularized, s.Matmul1.b.is_regularized, s.Matmul2.is_regularized) == (True, False, True)
    with pytest.raises(ValueError, match='regularizer_details'):
        Net('n', [s.loss], is_regularized=True)


def test_parameters_and_their_count():
    net = regression().net
    assert IDs(net.parameters()) == ['Matmul1_W', 'Matmul1_b', 'Matmul2_W', 'Matmul2_b']
    assert net.parameter_count == 15 + 5 + 5 + 1


# -- Passes -------------------------------------------------------------------------------------------------------

def test_forward_and_backward_are_the_chain_rule():
    with use_precision('float64'):
        s = regression()
        s.net.forward()
        s.net.backward()
        X, Y, (W1, b1, W2, b2) = host(s.x.val), host(s.y.val), map(host, (p.val for p in s.net.parameters()))
        a = np.tanh(X @ W1 + b1)
        h = a @ W2 + b2
        dh = (h - Y) / 4
        dz = dh @ W2.T * (1 - a ** 2)
        same(s.loss.val, ((h - Y) ** 2).sum() / 8, rtol=1e-12)
        for found, expected in ((s.z2, dh), (s.y, -dh), (s.z1, dz), (s.x, dz @ W1.T), (s.Matmul1.W, X.T @ dz),
                                (s.Matmul1.b, dz.sum(0, keepdims=True)), (s.Matmul2.W, a.T @ dh)):
            same(found.deriv, expected, rtol=1e-10)


def test_verbose_passes_print_every_module_with_its_share(capsys):
    s = regression()
    s.net.forward()
    s.net.backward()
    assert capsys.readouterr().out == ''
    for run, word in ((s.net.forward, 'Forward'), (s.net.backward, 'Backward')):
        run(verbose=True)
        out = capsys.readouterr().out
        assert word in out
        assert '%' in out
        assert all(ID in out for ID in ('Matmul1', 'ActF', 'Matmul2', 'LossF'))


def test_forward_from_a_node_runs_what_follows_it():
    s = regression()
    s.net.forward()
    s.a.val = np.ones((4, 5))
    s.net.forward_from_node(node=s.a)
    same(s.z2.val, np.ones((4, 5)) @ host(s.Matmul2.W.val) + host(s.Matmul2.b.val))
    same(s.loss.val, ((host(s.z2.val) - host(s.y.val)) ** 2).sum() / 8)
    for node in (s.Matmul1, Data('else', (1, 3))):
        with pytest.raises(ValueError, match='Data'):
            s.net.forward_from_node(node)


def test_the_loss_formats_as_a_number():
    s = regression()
    s.net.forward()
    assert f'{s.loss.val:11.6f}' == f'{float(host(s.loss.val)):11.6f}'
    assert s.loss.val.shape == ()
    assert float(s.loss.val) > 0
    if Backend.get_backend() == 'cpu':                          # a NumPy number, as in 0.0.3
        assert abs(round(s.loss.val, 3) - float(s.loss.val)) < 1e-3
        assert len({s.loss.val}) == 1


def test_several_roots_add_up():
    x = Data('x', (1, 2), val=np.ones((4, 2)))
    a = Relu('a', [x]).output
    roots = [SumLoss('one', [a]).output, SumLoss('two', [x]).output, SumLoss('three', [a]).output]
    net = Net('n', roots)
    net.forward()
    net.backward()
    same(x.deriv, np.full((4, 2), 0.75))
    same(a.deriv, np.full((4, 2), 0.5))
    for root in roots:
        same(root.deriv, 1.0)


def test_a_root_that_another_root_is_made_of():
    x = Data('x', (1, 2), val=np.ones((4, 2)))
    a = Tanh('a', [x]).output
    net = Net('n', [a, SumLoss('s', [a]).output])
    for times in (1, 2):
        net.forward()
        net.backward()
        same(a.deriv, np.full((4, 2), 1.25))
        same(x.deriv, np.full((4, 2), times * 1.25 * (1 - np.tanh(1) ** 2)))


def test_an_assigned_root_derivative_counts_until_the_next_forward_or_clear():
    s = regression()
    s.net.forward()
    s.net.backward()
    plain = host(s.x.deriv)
    s.net.clear_grads()
    s.loss.deriv = 3.0
    for times in (1, 2):
        s.net.backward()
        same(s.x.deriv, 3 * times * plain, rtol=1e-5)
    s.net.clear_grads()
    s.net.backward()
    same(s.x.deriv, plain)
    s.net.clear_grads()
    s.loss.deriv = np.array([5.0])
    s.net.forward()
    s.net.backward()
    same(s.x.deriv, plain)


def test_a_root_of_any_shape_starts_at_ones_or_what_was_assigned():
    s = regression()
    net = Net('part', [s.z1])
    net.forward()
    net.backward()
    same(s.x.deriv, np.ones((4, 5)) @ host(s.Matmul1.W.val).T)
    net.clear_grads()
    seed = np.random.default_rng(3).standard_normal((4, 5))
    s.z1.deriv = seed
    net.backward()
    same(s.x.deriv, seed @ host(s.Matmul1.W.val).T, rtol=1e-5)


def test_a_data_used_twice_gets_both_derivatives():
    x = Data('x', (1, 2), val=np.array([[1.0, -2.0]]))
    net = Net('n', [SumLoss('s', [Add('add', [x, x]).output]).output])
    net.forward()
    net.backward()
    same(x.deriv, [[2.0, 2.0]])


# -- backward(wrt) ------------------------------------------------------------------------------------------------

def test_backward_to_what_is_unfrozen_gives_the_same_update():
    nets = []
    for wrt in (None, 'unfrozen'):
        np.random.seed(0)
        s = regression(optimizer_details=SGD, learning_rate=0.1)
        s.Matmul2.freeze()
        for _ in range(3):
            s.net.forward()
            s.net.backward(wrt=wrt)
            s.net.update()
        nets.append(parameters_of(s.net))
    for ID in nets[0]:
        np.testing.assert_array_equal(nets[0][ID], nets[1][ID])


def test_backward_to_a_list_computes_that_and_no_other_leaf():
    s = regression()
    s.net.forward()
    s.net.backward()
    expected = {data.ID: host(data.deriv) for data in (s.x, s.Matmul2.W)}
    s.net.clear_grads()
    s.net.backward(wrt=[s.x, s.Matmul2.W])
    same(s.x.deriv, expected['x'])
    same(s.Matmul2.W.deriv, expected['Matmul2_W'])
    for other in (s.Matmul1.W, s.Matmul1.b, s.Matmul2.b, s.y):
        assert not host(other.deriv).any()
    s.net.clear_grads()
    s.net.backward(wrt=[s.a])
    assert host(s.a.deriv).any()
    assert not host(s.x.deriv).any()


def test_backward_skips_the_work_above_the_last_unfrozen_node(monkeypatch):
    s = regression()
    called = []
    for module in (s.Matmul1, s.ActF, s.Matmul2, s.LossF):
        run = module.backward
        monkeypatch.setattr(module, 'backward', lambda run=run, module=module: (called.append(module.ID), run()))
    s.net.forward()
    s.Matmul1.freeze()
    s.net.backward(wrt='unfrozen')
    assert called == ['LossF', 'Matmul2']


@pytest.mark.parametrize('wrt', ['frozen', 3, [Data('else', (1, 1))], ['x']])
def test_backward_refuses_what_it_cannot_differentiate_by(wrt):
    s = regression()
    s.net.forward()
    with pytest.raises(ValueError, match='wrt'):
        s.net.backward(wrt=wrt)
    assert not host(s.x.deriv).any()


# -- Learning -----------------------------------------------------------------------------------------------------

def test_setters_reach_all_nodes_and_their_keywords():
    s = regression()
    s.net.set_learning_rate(learning_rate=0.25)
    s.net.set_optimizer(optimizer_details=MOMENTUM)
    s.net.set_regularization(regularizer_details=L2)
    assert s.net.learning_rate == 0.25
    assert all(node.learning_rate == 0.25 for node in [*s.net.topological_order, *s.net.parameters()])
    assert all(p.optimizer.beta == 0.5 for p in s.net.parameters())
    assert (s.Matmul1.is_regularized, s.Matmul1.W.regularizer.reg_strength) == (True, 0.5)
    assert s.x.optimizer is None
    assert not s.x.is_regularized


def test_update_changes_parameters_and_unfrozen_data_and_clears():
    s = regression(optimizer_details=SGD, learning_rate=0.1)
    s.x.unfreeze(SGD)
    s.net.forward()
    s.net.backward()
    expected = [host(d.val) - 0.1 * host(d.deriv) for d in (s.Matmul1.W, s.Matmul2.b, s.x)]
    y = host(s.y.val)
    s.net.update()
    for data, value in zip((s.Matmul1.W, s.Matmul2.b, s.x), expected, strict=True):
        same(data.val, value)
    same(s.y.val, y)
    assert not any(host(data.deriv).any() for data in (s.x, s.y, s.a, s.Matmul1.W, s.z2))


def test_freezing_concerns_modules_only():
    s = regression(optimizer_details=SGD, learning_rate=0.1)
    s.x.unfreeze(SGD)
    s.net.freeze()
    assert s.net.is_frozen
    assert s.Matmul1.is_frozen
    assert not s.x.is_frozen
    before, x = parameters_of(s.net), host(s.x.val)
    step(s.net)
    for ID, value in parameters_of(s.net).items():
        np.testing.assert_array_equal(value, before[ID])
    assert np.abs(host(s.x.val) - x).max() > 0
    s.net.unfreeze(optimizer_details=MOMENTUM)
    s.x.freeze()
    s.net.unfreeze()
    assert not s.net.is_frozen
    assert s.x.is_frozen
    assert s.y.is_frozen
    assert s.Matmul1.W.optimizer.beta == 0.5


def test_a_frozen_net_takes_no_optimizer():
    s = regression()
    s.net.freeze()
    with pytest.raises(ValueError, match='frozen'):
        s.net.set_optimizer(SGD)
    assert s.net.optimizer_details is None


def test_modes_reach_the_modules_that_have_one():
    x = Data('x', (1, 2))
    norm = BatchNorm('norm', [x])
    drop = Dropout('drop', [norm.output])
    net = Net('n', [SumLoss('s', [drop.output]).output])
    net.set_mode(mode='test')
    assert (net.mode, norm.mode, drop.mode) == ('test', 'test', 'test')
    with pytest.raises(ValueError, match='train'):
        net.set_mode('testing')
    assert (net.mode, norm.mode) == ('test', 'test')


# -- The graph taken apart and put together -----------------------------------------------------------------------

def test_get_node():
    s = regression()
    assert s.net.get_node(ID='Matmul1') is s.Matmul1
    assert s.net.get_node('loss') is s.loss


def test_disconnect_and_connect():
    s = regression()
    s.net.disconnect(data_obj=s.a, module_obj=s.Matmul2)
    assert s.net.root_nodes == [s.a]
    assert s.a.outputs == []
    assert IDs(s.net.topological_order) == ['x', 'Matmul1', 'z1', 'ActF', 'a']
    s.net.forward()
    new, y, loss = Data('new', (1, 2)), Data('y', (1, 2), val=np.zeros((4, 2))), Data('loss', (1, 1))
    Head = MatMul('Head', [s.a], new)
    MSELoss('LossF', [new, y], loss)
    s.net.connect(root_nodes=[loss])
    assert IDs(s.net.topological_order) == [
        'x', 'Matmul1', 'z1', 'ActF', 'a', 'Head', 'new', 'y', 'LossF', 'loss']
    assert s.net.get_node('loss') is loss
    assert s.a.outputs == [Head]
    s.net.set_learning_rate(0.1)
    before = parameters_of(s.net)
    step(s.net)
    assert all(np.abs(value - before[ID]).max() > 0 for ID, value in parameters_of(s.net).items())


def test_a_disconnected_edge_comes_back_with_its_root():
    s = regression()
    s.net.forward()
    s.net.backward()
    expected = host(s.x.deriv)
    s.net.disconnect(s.a, s.Matmul2)
    s.net.connect([s.loss])
    assert s.a.outputs == [s.Matmul2]
    s.net.clear_grads()
    s.net.forward()
    s.net.backward()
    same(s.x.deriv, expected)


def shared_net(**options):
    """Two MatMuls in a row, with one set of parameters."""
    x, y = Data('x', (1, 3), val=np.ones((2, 3))), Data('y', (1, 3), val=np.zeros((2, 3)))
    one = MatMul('one', [x], Data('z1', (1, 3)))
    two = MatMul('two', [one.output], Data('z3', (1, 3)))
    net = Net('n', [MSELoss('loss', [two.output, y]).output], **options)
    net.share_parameters(modules=[one, two])
    return net, one, two, x


def test_shared_parameters_are_one_parameter():
    with use_precision('float64'):
        net, one, two, _ = shared_net(optimizer_details=SGD, learning_rate=0.1)
        assert one.W is two.W
        assert two.parameter_list == one.parameter_list
        assert (len(net.parameters()), net.parameter_count) == (2, 12)
        W, b = host(one.W.val), host(one.b.val)
        net.forward()
        net.backward()
        z = np.ones((2, 3)) @ W + b
        dh = (z @ W + b) / 2
        grad = z.T @ dh + np.ones((3, 2)) @ (dh @ W.T)
        same(one.W.deriv, grad, rtol=1e-10)
        net.update()
        same(one.W.val, W - 0.1 * grad, rtol=1e-10)
        same(two.W.val, one.W.val)


def test_only_alike_modules_share():
    s = regression()
    for modules, kind in (([s.Matmul1, s.ActF], TypeError), ([s.Matmul1, s.Matmul2], ValueError), ([], TypeError)):
        with pytest.raises(kind):
            s.net.share_parameters(modules)
    assert s.Matmul2.W.shape == (5, 1)
    assert s.Matmul2.W.ID == 'Matmul2_W'


# -- Copies, precision, finite numbers ----------------------------------------------------------------------------

def test_a_deep_copy_is_independent_and_goes_on_alike():
    np.random.seed(0)
    s = regression(optimizer_details=ADAM, learning_rate=0.1)
    s.net.set_regularization(L2)
    step(s.net, 3)
    twin = copy.deepcopy(s.net)
    assert IDs(twin.topological_order) == IDs(s.net.topological_order)
    assert not set(map(id, twin.topological_order)) & set(map(id, s.net.topological_order))
    assert all(module.output in twin.topological_order for module in twin.topological_order
               if isinstance(module, Module))
    before = parameters_of(s.net)
    step(twin, 2)
    for ID, value in parameters_of(s.net).items():
        np.testing.assert_array_equal(value, before[ID])
    step(s.net, 2)
    for ID, value in parameters_of(s.net).items():
        np.testing.assert_array_equal(value, parameters_of(twin)[ID])
    assert len(s.x.outputs) == 1


def test_a_deep_copy_keeps_sharing_modes_and_seeds_to_itself():
    net, one, two, _ = shared_net()
    net.set_mode('test')
    twin = copy.deepcopy(net)
    assert twin.get_node('one').W is twin.get_node('two').W
    assert twin.get_node('one').W is not one.W
    assert (twin.mode, twin.parameter_count) == ('test', 12)
    assert two.W is one.W


def test_moving_to_another_precision():
    s = regression(learning_rate=0.1)
    step(s.net, 2)
    before = parameters_of(s.net)
    assert s.net.to(precision='float64') is s.net
    with use_precision('float64'):
        step(s.net)
        assert all(d.val.dtype == np.float64 for d in [*s.net.parameters(), s.z1, s.loss])
        assert s.Matmul1.W.optimizer.t == 3
    s.net.to(precision='float32', backend=None)
    assert all(p.val.dtype == np.float32 for p in s.net.parameters())
    assert all(np.abs(value - before[ID]).max() > 0 for ID, value in parameters_of(s.net).items())
    with pytest.raises(ValueError, match='float32'):
        s.net.to(precision='float16')


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_checking_for_finite_numbers_names_the_module(bad):
    s = regression()
    s.x.val = np.full((4, 3), bad)
    with np.errstate(all='ignore'):
        s.net.forward()                                         # off: nothing is said
        s.net.check_finite = True
        with pytest.raises(ArithmeticError, match="'x'"):
            s.net.forward()
        s.x.val = np.ones((4, 3))
        s.Matmul2.W.val = np.full((5, 1), bad)
        with pytest.raises(ArithmeticError, match='Matmul2'):
            s.net.forward()
        s.Matmul2.W.val = np.ones((5, 1))
        s.net.forward()
        s.z2.deriv = np.ones((4, 1))
        s.loss.deriv = bad
        with pytest.raises(ArithmeticError, match='LossF'):
            s.net.backward()


# -- Bad input changes nothing ------------------------------------------------------------------------------------

def test_two_nodes_with_one_ID_are_refused_by_the_net_only():
    s = regression()
    y2, loss2 = Data('y', (1, 1)), Data('loss2', (1, 1))
    MSELoss('LossF2', [s.z2, y2], loss2)
    Net('other', [loss2])
    with pytest.raises(ValueError, match="'y'"):
        Net('both', [s.loss, loss2])
    with pytest.raises(ValueError, match="'y'"):
        s.net.connect([s.loss, loss2])
    assert s.net.root_nodes == [s.loss]
    assert s.net.get_node('y') is s.y
    MSELoss('x', [s.z2, Data('y3', (1, 1))], Data('loss3', (1, 1)))
    with pytest.raises(ValueError, match="'x'"):
        Net('both', [s.z2.outputs[-1].output])


def test_a_cycle_is_refused():
    x, a, b = (Data(ID, (1, 2)) for ID in 'xab')
    Add('add', [x, b], a)
    Tanh('tanh', [a], b)
    loss = SumLoss('loss', [b]).output
    with pytest.raises(ValueError, match=r'cycle.*(add|tanh)'):
        Net('n', [loss])
    with pytest.raises(ValueError, match='x'):
        Tanh('self', [x], x)


def test_a_data_made_by_two_modules_is_refused_at_once():
    x, a = Data('x', (1, 2)), Data('a', (1, 2))
    first = Tanh('first', [x], a)
    with pytest.raises(ValueError, match=r"'second'.*'a'.*'first'"):
        Relu('second', [x], a)
    assert (a.input, x.outputs) == (first, [first])


WIRING = {
    'Relu': lambda x, z: Relu('m', [x], z), 'Sigmoid': lambda x, z: Sigmoid('m', [x], z),
    'Dropout': lambda x, z: Dropout('m', [x], z), 'BatchNorm': lambda x, z: BatchNorm('m', [x], z),
    'Add': lambda x, z: Add('m', [x, x], z), 'MSELoss': lambda x, z: MSELoss('m', [x, x], z),
}


@pytest.mark.parametrize('name', WIRING)
def test_a_wrong_output_shape_is_refused_before_anything_is_wired(name):
    x, z = Data('x', (1, 2)), Data('z', (1, 3))
    np.random.seed(0)
    with pytest.raises(ValueError, match=r"'m'.*\(1, 3\)"):
        WIRING[name](x, z)
    assert (x.outputs, z.input) == ([], None)


@pytest.mark.parametrize('build', [
    lambda: Add('m', [Data('a', (1, 2)), Data('b', (1, 3))]),
    lambda: MSELoss('m', [Data('a', (1, 2)), Data('b', (1, 3))]),
    lambda: MatMul('m', [Data('a', (1, 2, 4, 4))], Data('z', (1, 5))),
])
def test_inputs_that_do_not_fit_are_refused_at_once(build):
    with pytest.raises(ValueError, match="'m'"):
        build()


def test_batch_sizes_are_refused_by_forward_and_nothing_changes():
    s = regression()
    s.net.forward()
    values = {node.ID: host(node.val) for node in (s.z1, s.a, s.z2, s.loss)}
    s.y.val = np.zeros((3, 1))
    with pytest.raises(ValueError, match=r"LossF.*4.*'x'.*3.*'y'|LossF.*3.*'y'.*4.*'x'"):
        s.net.forward()
    for node in (s.z1, s.a, s.z2, s.loss):
        same(node.val, values[node.ID])
    s.y.val = np.zeros((4, 1))
    s.net.forward()


def test_a_missing_value_is_refused_by_forward_and_nothing_changes():
    np.random.seed(0)
    s = regression()
    net = Net('fresh', [SumLoss('s', [Add('add', [s.z2, Data('unset', (1, 1))]).output]).output])
    with pytest.raises(ValueError, match="'unset'"):
        net.forward()
    assert s.z1.val is None


def test_backward_before_forward_is_refused():
    s = regression()
    with pytest.raises(ValueError, match='forward'):
        s.net.backward()


@pytest.mark.parametrize('roots', [None, [], 'loss', [3], [[Data('a', (1, 1))]]])
def test_roots_that_are_none_are_refused(roots):
    s = regression()
    with pytest.raises(ValueError, match='root_nodes'):
        Net('n', roots)
    with pytest.raises(ValueError, match='root_nodes'):
        s.net.connect(roots)
    assert s.net.root_nodes == [s.loss]


def test_near_matches_are_named():
    s = regression()
    with pytest.raises(KeyError, match='Matmul1') as caught:
        s.net.get_node('MatMul1')
    assert '\n' not in str(caught.value)
    for call, word in ((lambda: s.net.set_mode('trian'), 'train'),
                       (lambda: s.net.set_optimizer({'optimizer_name': 'adam', 'hyperparameters': {}}), 'Adam'),
                       (lambda: s.net.set_regularization({'reg_name': 'l2', 'reg_strength': 1}), 'L2')):
        with pytest.raises(ValueError, match=word):
            call()
    assert (s.net.mode, s.net.optimizer_details, s.net.is_regularized) == ('train', None, False)


def test_disconnecting_an_edge_that_is_not_there_changes_nothing():
    s = regression()
    order = list(s.net.topological_order)
    for data, module in ((s.x, s.Matmul2), (s.loss, s.LossF), (Data('e', (1, 3)), s.Matmul1), (s.x, None)):
        with pytest.raises(ValueError, match='Matmul|LossF|None|edge'):
            s.net.disconnect(data, module)
    assert s.net.topological_order == order
    assert s.x.outputs == [s.Matmul1]


# -- Nets that share nodes ----------------------------------------------------------------------------------------

def two_heads():
    """A trunk with two heads, each a net of its own."""
    x = Data('x', (1, 3), val=np.ones((2, 3)))
    trunk = MatMul('trunk', [x], Data('z', (1, 4)))
    heads = [MatMul(f'head{i}', [trunk.output], Data(f'h{i}', (1, 1))) for i in range(2)]
    nets = [Net(f'net{i}', [SumLoss(f'sum{i}', [head.output]).output], 0.1, SGD) for i, head in enumerate(heads)]
    return x, trunk, heads, nets


def test_a_net_touches_its_own_nodes_only():
    _, trunk, heads, (one, two) = two_heads()
    assert IDs(one.topological_order) == ['x', 'trunk', 'z', 'head0', 'h0', 'sum0', 'sum0_out']
    assert one.graph_visual['z'] == ['head0']
    assert trunk.output.outputs == heads
    two.forward()
    kept = host(heads[1].W.val)
    one.forward()
    one.backward()
    assert not host(heads[1].W.deriv).any()
    trunk_deriv = host(trunk.W.deriv)
    two.backward()                                              # adds to the trunk's derivative
    same(trunk.W.deriv, trunk_deriv + np.ones((3, 2)) @ np.tile(host(heads[1].W.val).T, (2, 1)) / 2, rtol=1e-5)
    before = host(heads[1].W.deriv)
    one.update()
    same(heads[1].W.val, kept)
    same(heads[1].W.deriv, before)
    assert not host(trunk.W.deriv).any()


def test_copies_and_files_of_a_net_leave_its_neighbours_out(tmp_path):
    x, trunk, heads, (one, two) = two_heads()
    twin = copy.deepcopy(one)
    one.save(tmp_path / 'one')
    for other in (twin, Net.load(tmp_path / 'one')):
        assert IDs(other.topological_order) == IDs(one.topological_order)
        assert IDs(other.get_node('z').outputs) == ['head0']
        step(other)
    assert trunk.output.outputs == heads
    assert IDs(two.topological_order)[-1] == 'sum1_out'
    two.disconnect(trunk.output, heads[1])
    assert trunk.output.outputs == [heads[0]]
    step(one)
    assert x.outputs == [trunk]


def test_a_loss_may_have_any_shape_of_one_number():
    class OneNumber(Module):
        def __init__(self, ID, inputs, output, form):
            self.form = form
            super().__init__(ID, inputs, output)

        def forward(self):
            self.output.val = self.form(self.inputs[0].val.sum())
            self.output.deriv = np.array([1.0])

        def backward(self):
            self.inputs[0].deriv += 1.0 * self.output.deriv.reshape(())

    for form in (lambda s: s, lambda s: s.reshape(1), lambda s: s.reshape(1, 1), float):
        x, loss = Data('x', (1, 2), val=np.ones((3, 2))), Data('loss', (1, 1))
        OneNumber('one', [x], loss, form)
        net = Net('n', [loss])
        for times in (1, 2):
            net.forward()
            net.backward()
            same(x.deriv, np.full((3, 2), times))
            assert float(loss.val.reshape(())) == 6.0
