"""The table 'Differs, on purpose': where 0.0.3 is wrong and this package is right, one test or more for each row.

Rows on files are in `test_files.py`, on tools in `test_tools.py`.
"""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D, Flatten, MatMul
from deepfusion.components.modules.activation_functions import LRelu, Relu, Tanh
from deepfusion.components.modules.dropout import Dropout, InvertedDropout
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, LogisticLoss, MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm, LayerNorm
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.components.optimizers import get_optimizer
from deepfusion.utils.backend import Backend, device_of, use_backend, use_precision
from tests.contract.nets import ADAM, L2, SGD, host, parameters_of, regression, same, step


def ran(module, deriv=None):
    """The module after forward, and backward from ones or the derivative given."""
    module.forward()
    module.output.deriv = np.ones(module.output.val.shape) if deriv is None else deriv
    module.backward()
    return module


def volume(*shape, seed=0):
    """A Data of normal numbers of that shape."""
    return Data('v', (1, *shape[1:]), val=np.random.default_rng(seed).standard_normal(shape))


# -- Backend and precision ----------------------------------------------------------------------------------------

def test_the_backend_can_change_at_any_time_and_computation_follows_the_data():
    with use_backend('cpu'), use_precision('float64'):
        np.random.seed(0)
        s = regression(optimizer_details=ADAM, learning_rate=0.1)
        step(s.net, 2)
        expected = regression(optimizer_details=ADAM, learning_rate=0.1)
        for p, q in zip(expected.net.parameters(), s.net.parameters(), strict=True):
            p.val = host(q.val)
        s.net.to(backend='strict')
        assert {device_of(d.val) for d in [*s.net.parameters(), s.x, s.loss]} == {'strict'}
        with use_backend('strict'):
            assert Backend.get_backend() == 'strict'
            s.net.forward()
            s.net.backward()
            s.x.val = host(s.x.val)                             # host values go to the current backend
            s.net.forward()
        assert device_of(s.x.val) == 'strict'
        s.net.to('cpu')
        expected.net.forward()
        same(s.loss.val, expected.loss.val, rtol=1e-12)
        step(s.net)
        assert {device_of(d.val) for d in [*s.net.parameters(), s.x, s.loss]} == {'cpu'}


def test_values_on_another_device_than_the_parameters_are_refused_with_words():
    with use_backend('cpu'):
        s = regression()
        with use_backend('strict'):
            s.x.val = np.ones((4, 3))
            with pytest.raises((ValueError, RuntimeError), match='Matmul1'):
                s.net.forward()


def test_float32_by_default_and_float64_on_request():
    s = regression()
    step(s.net)
    s.net.forward()
    assert {host_type.name for host_type in (d.val.dtype for d in (s.x, s.z1, s.loss, s.Matmul1.W))} == {
        Backend.get_precision()}
    with use_precision('float64'):
        t = regression()
        t.net.forward()
        t.net.backward()
        t.net.update()
        t.net.forward()
        found = [t.x.val, t.a.val, t.loss.val, t.Matmul1.W.val, t.Matmul1.W.optimizer.S, t.a.deriv]
        assert {array.dtype.name for array in found} == {'float64'}


def test_nothing_turns_float32_into_float64():
    with use_precision('float32'):
        x, v = Data('x', (1, 4), val=np.ones((3, 4))), volume(3, 2, 6, 6)
        a = x
        for i, build in enumerate((LRelu, Tanh, BatchNorm, LayerNorm, Dropout, InvertedDropout)):
            a = build(f'm{i}', [a]).output
        c = Conv2D('c', [v], filter_size=3, filter_count=2, padding=1).output
        p = Flatten('f', [MaxPool('p', [BatchNorm('n', [c]).output], filter_size=2, stride=2).output]).output
        losses = [SumLoss('s', [a]).output, SumLoss('t', [p]).output,
                  MSELoss('mse', [a, Data('y', (1, 4), val=np.ones((3, 4)))]).output]
        net = Net('n', losses, learning_rate=np.float64(0.1), is_regularized=True, regularizer_details=L2)
        for optimizer in ('SGD', 'Momentum', 'AdaGrad', 'RMSprop', 'Adam'):
            net.set_optimizer({'optimizer_name': optimizer, 'hyperparameters': {}})
            step(net)
            net.forward()
            net.backward()
            for node in [n for n in net.topological_order if isinstance(n, Data)] + net.parameters():
                assert (node.val.dtype, node.deriv.dtype) == ('float32', 'float32'), node.ID


# -- Normalization ------------------------------------------------------------------------------------------------

def test_batch_norm_of_volumes_is_per_channel():
    with use_precision('float64'):
        v = volume(4, 3, 5, 2)
        m = BatchNorm('norm', [v])
        assert m.gamma.shape == m.beta.shape == (1, 3, 1, 1)
        m.gamma.val, m.beta.val = np.full((1, 3, 1, 1), 2.0), np.ones((1, 3, 1, 1))
        x = host(v.val)
        mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
        normal = (x - mean) / np.sqrt(var + 1e-5)
        weight = np.random.default_rng(1).standard_normal(x.shape)
        ran(m, weight)
        same(m.output.val, 2 * normal + 1, rtol=1e-10)
        same(m.gamma.deriv, (weight * normal).sum(axis=(0, 2, 3), keepdims=True), rtol=1e-10)
        same(m.beta.deriv, weight.sum(axis=(0, 2, 3), keepdims=True), rtol=1e-10)


def test_running_statistics_move_as_in_pytorch():
    with use_precision('float64'):
        v = volume(4, 3, 5, 2)
        m = BatchNorm('norm', [v])
        mean, var = np.zeros(3), np.ones(3)
        for seed in range(3):
            v.val = x = np.random.default_rng(seed).standard_normal((4, 3, 5, 2)) + seed
            m.forward()
            mean = 0.9 * mean + 0.1 * x.mean(axis=(0, 2, 3))
            var = 0.9 * var + 0.1 * x.var(axis=(0, 2, 3), ddof=1)
        same(host(m.running_mean).ravel(), mean, rtol=1e-10)
        same(host(m.running_var).ravel(), var, rtol=1e-10)
        m.set_mode('test')
        m.forward()
        scaled = (x - mean.reshape(1, 3, 1, 1)) / np.sqrt(var.reshape(1, 3, 1, 1) + 1e-5)
        same(m.output.val, scaled, rtol=1e-10)
        same(host(m.running_mean).ravel(), mean, rtol=1e-10)


def test_a_frozen_batch_norm_uses_and_keeps_its_statistics_in_any_mode():
    v = volume(6, 3)
    m = BatchNorm('norm', [v])
    m.forward()
    kept = host(m.running_mean), host(m.running_var)
    m.freeze()
    for mode in ('train', 'test'):
        m.set_mode(mode)
        v.clear_grads()
        ran(m)
        same(m.output.val, (host(v.val) - kept[0]) / np.sqrt(kept[1] + 1e-5), rtol=1e-5)
        same(v.deriv, np.tile(1 / np.sqrt(kept[1] + 1e-5), (6, 1)), rtol=1e-5)
    same(m.running_mean, kept[0])
    same(m.running_var, kept[1])
    m.set_mode('train')
    m.freeze_statistics = False                                 # the separate switch
    m.forward()
    assert np.abs(host(m.running_mean) - kept[0]).max() > 0
    m.unfreeze()
    m.freeze_statistics = True
    kept = host(m.running_mean)
    m.forward()
    same(m.running_mean, kept)


def test_epsilon_of_the_normalizations_is_an_option():
    x = np.array([[0.0, 2e-3], [2e-3, 0.0]])
    for cls in (BatchNorm, LayerNorm):
        for options, epsilon in (({}, 1e-5), ({'epsilon': 0.1}, 0.1)):
            m = cls('m', [Data('x', (1, 2), val=x)], **options)
            m.forward()
            same(m.output.val, (x - 1e-3) / np.sqrt(1e-6 + epsilon), rtol=1e-4)


def test_layer_norm_of_volumes_over_chosen_axes():
    x = np.random.default_rng(0).standard_normal((4, 3, 5, 2))
    for axes, over in ((None, (1, 2, 3)), (1, (1,)), ((2, 3), (2, 3)), (-1, (3,))):
        m = LayerNorm('m', [Data('v', (1, 3, 5, 2), val=x)], axes=axes)
        m.forward()
        mean, var = x.mean(axis=over, keepdims=True), x.var(axis=over, keepdims=True)
        same(m.output.val, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-5)


# -- Pooling, convolution, activations ----------------------------------------------------------------------------

def test_max_pool_pads_with_minus_infinity():
    v = Data('v', (1, 1, 2, 2), val=np.array([[[[-5.0, -1.0], [-2.0, -3.0]]]]))
    m = ran(MaxPool('m', [v], filter_size=3, padding=1, stride=1))
    same(m.output.val, np.full((1, 1, 2, 2), -1.0))
    same(v.deriv, [[[[0.0, 4.0], [0.0, 0.0]]]])


def test_the_first_maximum_gets_the_gradient():
    v = Data('v', (1, 1, 2, 4), val=np.array([[[[1.0, 1.0, 0.0, 2.0], [1.0, 0.0, 2.0, 2.0]]]]))
    ran(MaxPool('m', [v], filter_size=2, stride=2))
    same(v.deriv, [[[[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]]])


def test_pooling_and_convolution_take_any_height_and_width_by_floor_division():
    v = volume(2, 3, 7, 10)
    for m, shape in ((MaxPool('p', [v], filter_size=3, stride=2), (2, 3, 3, 4)),
                     (Conv2D('c', [v], filter_size=3, filter_count=4, stride=2), (2, 4, 3, 4)),
                     (Conv2D('d', [v], Data('z', (1, 5, 4, 5)), 3, 5, 1, 2), (2, 5, 4, 5))):
        ran(m)
        assert m.output.val.shape == shape
        assert v.deriv.shape == (2, 3, 7, 10)


def test_a_convolution_has_one_weight_array_and_is_regularized():
    v = volume(2, 4, 5, 6)
    m = Conv2D('conv', [v], filter_size=3, filter_count=6, is_regularized=True, regularizer_details=L2)
    assert (m.F.shape, m.b.shape, [p.ID for p in m.parameter_list]) == ((6, 4, 3, 3), (6, 1), ['conv_F', 'conv_b'])
    assert (m.F.is_regularized, m.b.is_regularized) == (True, False)
    m.set_learning_rate(0.1)
    m.set_optimizer(SGD)
    F = host(m.F.val)
    m.update()
    same(m.F.val, F - 0.1 * 0.5 * 2 * F)
    assert Conv2D('groups', [v], filter_size=3, filter_count=6, groups=2).F.shape == (6, 2, 3, 3)


def test_the_derivative_of_relu_at_zero_is_zero():
    x = Data('x', (1, 4), val=np.array([[-1.0, 0.0, -0.0, 2.0]]))
    ran(Relu('m', [x]))
    same(x.deriv, [[0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize(('cls', 'scale'), [(Dropout, 0.8), (InvertedDropout, 1.0)])
def test_dropouts_backward_is_that_of_the_forward_that_ran(cls, scale):
    x = Data('x', (1, 30), val=np.ones((20, 30)))
    m = cls('m', [x], p_keep=0.8)
    m.forward()
    m.set_mode('test')
    ran(m)
    same(x.deriv, np.full((20, 30), scale))
    m.set_mode('train')
    x.clear_grads()
    m.forward()
    m.set_mode('test')                                          # after forward: the mask of forward still counts
    m.output.deriv = np.ones((20, 30))
    m.backward()
    same(x.deriv, m.output.val)


# -- Losses -------------------------------------------------------------------------------------------------------

def test_cross_entropy_with_soft_targets():
    with use_precision('float64'):
        t, y = np.array([[1.0, -2.0, 0.5]]), np.array([[0.2, 0.5, 0.3]])
        logits, target = Data('t', (1, 3), val=t), Data('y', (1, 3), val=y)
        m = CrossEntropyLoss('m', [logits, target])
        m.forward()
        m.output.deriv = 1.0
        m.backward()
        log_p = t - np.log(np.exp(t).sum())
        same(m.output.val, -(y * log_p).sum(), rtol=1e-12)
        same(logits.deriv, np.exp(log_p) - y, rtol=1e-10)


def test_cross_entropy_and_logistic_are_stable_for_logits_of_any_size():
    for big in (100.0, 1e4, 1e30):
        t = Data('t', (1, 3), val=np.array([[big, -big, 0.0], [-big, big, big]]))
        y = Data('y', (1, 3), val=np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
        m = CrossEntropyLoss('m', [t, y])
        m.forward()
        m.output.deriv = 1.0
        m.backward()
        same(m.output.val, (2 * big + np.log(2)) / 2, rtol=1e-5)
        same(t.deriv, [[0.0, 0.0, 0.0], [-0.5, 0.25, 0.25]])
        s, z = Data('s', (1, 1), val=[[big], [-big], [-big]]), Data('z', (1, 1), val=[[1.0], [0.0], [1.0]])
        m = LogisticLoss('m', [s, z])
        m.forward()
        m.output.deriv = 1.0
        m.backward()
        same(m.output.val, big / 3, rtol=1e-5)
        same(s.deriv, [[0.0], [0.0], [-1 / 3]])


@pytest.mark.parametrize('shape', [(4, 1), (4, 3), (4, 2, 3, 3), (4,)])
def test_squared_error_takes_any_shape(shape):
    with use_precision('float64'):
        h, y = (Data(ID, (1, *shape[1:]), val=np.random.default_rng(i).standard_normal(shape))
                for i, ID in enumerate('hy'))
        m = MSELoss('m', [h, y])
        m.forward()
        m.output.deriv = 1.0
        m.backward()
        difference = host(h.val) - host(y.val)
        same(m.output.val, (difference ** 2).sum() / 8, rtol=1e-12)
        same(h.deriv, difference / 4, rtol=1e-12)
        same(y.deriv, -difference / 4, rtol=1e-12)


# -- Passes -------------------------------------------------------------------------------------------------------

def test_an_input_never_set_is_refused_when_forward_needs_it():
    x = Data('x', (1, 3))
    assert x.val is None
    net = Net('n', [SumLoss('s', [x]).output])
    with pytest.raises(ValueError, match="'x'"):
        net.forward()
    with pytest.raises(ValueError, match="'x'"):
        net.get_node('s').forward()


def test_each_backward_adds_the_same_once_more():
    s = regression()
    s.net.forward()
    s.net.backward()
    first = {d.ID: host(d.deriv) for d in [s.x, s.y, s.z1, s.a, s.z2, s.loss, *s.net.parameters()]}
    for times in (2, 3):
        s.net.backward()
        for data in [s.x, s.y, *s.net.parameters()]:
            same(data.deriv, times * first[data.ID], rtol=1e-5)
        for data in [s.z1, s.a, s.z2, s.loss]:
            same(data.deriv, first[data.ID])


@pytest.mark.parametrize(('name', 'size'), [('Adam', 1.0), ('RMSprop', 1.0), ('AdaGrad', 1.0)])
def test_epsilon_stands_beside_the_root(name, size):
    with use_precision('float64'):
        optimizer = get_optimizer((1,), {'optimizer_name': name, 'hyperparameters': {}})
        same(optimizer.step(np.array([1e-6])), [size / 1.01], rtol=1e-10)       # 1e-6 / (1e-6 + 1e-8)


def test_update_and_clear_grads_clear_everything_also_nan_and_what_is_frozen():
    for clear in (Net.clear_grads, Net.update):
        s = regression()
        s.Matmul1.freeze()
        s.net.forward()
        s.net.backward()
        everything = [s.x, s.y, s.z1, s.a, s.z2, s.loss, *s.net.parameters()]
        for data in everything:
            data.deriv = np.full(host(data.val).shape, np.nan)
        clear(s.net)
        assert not any(host(data.deriv).any() for data in everything)


# -- Net ----------------------------------------------------------------------------------------------------------

def test_get_node_raises_with_the_nearest_IDs():
    s = regression()
    with pytest.raises(KeyError, match=r'Matmul1|Matmul2'):
        s.net.get_node('Matmul')


def test_options_of_the_net_are_applied_when_given_and_leave_nodes_alone_otherwise():
    x = Data('x', (1, 3), learning_rate=0.5)
    m = MatMul('m', [x], Data('z', (1, 2)), learning_rate=0.25, optimizer_details=SGD, is_regularized=True,
               regularizer_details=L2)
    loss = SumLoss('s', [m.output]).output
    Net('n', [loss])
    assert (x.learning_rate, m.W.learning_rate, m.W.optimizer.__class__.__name__) == (0.5, 0.25, 'SGD')
    assert m.W.regularizer.reg_strength == 0.5
    Net('n', [loss], 0.125, ADAM, True, {'reg_name': 'L1', 'reg_strength': 1.0})
    assert (x.learning_rate, m.W.learning_rate, m.W.optimizer.__class__.__name__) == (0.125, 0.125, 'Adam')
    assert m.W.regularizer.reg_name == 'L1'


def test_disconnect_removes_one_edge_only():
    x = Data('x', (1, 2), val=np.ones((3, 2)))
    a = Tanh('a', [x]).output
    left, right, add = Relu('left', [a]), Relu('right', [a]), Add('add', [a, x])
    roots = [SumLoss(ID, [m.output]).output for ID, m in (('l', left), ('r', right), ('d', add))]
    net = Net('n', roots)
    net.disconnect(a, left)
    assert net.root_nodes == roots[1:]
    assert a.outputs == [right, add]
    assert {'right', 'add', 'a_out'} <= set(net.node_lookup)
    assert not {'left', 'l', 'l_out'} & set(net.node_lookup)
    net.disconnect(a, add)
    assert net.root_nodes == roots[1:2]
    net.forward()
    net.backward()
    net.disconnect(a, right)
    assert net.root_nodes == [a]
    assert a.outputs == []
    net.forward()
    net.backward()


def test_shared_parameters_get_one_update_and_one_penalty():
    with use_precision('float64'):
        x = Data('x', (1, 2), val=np.ones((3, 2)))
        one = MatMul('one', [x], Data('z1', (1, 2)))
        two = MatMul('two', [one.output], Data('z2', (1, 2)))
        net = Net('n', [SumLoss('s', [two.output]).output], 0.1, SGD, True, L2)
        net.share_parameters([one, two])
        W = host(one.W.val)
        net.forward()
        net.backward()
        expected = W - 0.1 * (host(one.W.deriv) + 0.5 * 2 * W)
        net.update()
        same(one.W.val, expected, rtol=1e-12)
        same(two.W.val, expected, rtol=1e-12)
        net.set_optimizer(ADAM)
        step(net, 3)
        assert one.W.optimizer.t == 3


def test_freezing_keeps_the_optimizers_state():
    nets = []
    for freezes in (False, True):
        np.random.seed(0)
        s = regression(optimizer_details=ADAM, learning_rate=0.1)
        step(s.net, 3)
        if freezes:
            s.net.freeze()
            step(s.net, 2)
            s.net.unfreeze()
            s.Matmul1.freeze()
            s.Matmul1.unfreeze(ADAM)                            # the same details: nothing new
        step(s.net, 2)
        nets.append(parameters_of(s.net))
    for ID in nets[0]:
        np.testing.assert_array_equal(nets[0][ID], nets[1][ID])
    assert s.Matmul1.W.optimizer.t == 5
    s.net.freeze()
    s.net.unfreeze({'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 0.5}})
    assert s.Matmul1.W.optimizer.t == 0


def test_graphs_of_any_depth():
    a = x = Data('x', (1, 2), val=np.ones((1, 2)))
    for i in range(3000):
        a = LRelu(f'm{i}', [a], alpha=0.5).output
    net = Net('deep', [SumLoss('s', [a]).output], learning_rate=0.1)
    net.forward()
    net.backward()
    net.update()
    net.backward(wrt=[x])
    same(x.deriv, [[1.0, 1.0]])
    assert len(net.topological_order) == 2 * 3001 + 1
    net.disconnect(a, net.get_node('s'))
    net.connect(net.root_nodes)
