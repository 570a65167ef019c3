"""What the contract says of Module, of each module, and of modules written by users."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D, Flatten, MatMul, Module
from deepfusion.components.modules.activation_functions import ELU, LRelu, PRelu, Relu, Sigmoid, Tanh
from deepfusion.components.modules.dropout import Dropout, InvertedDropout
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, LogisticLoss, MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm, LayerNorm
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.modules.rnn import RNN1, RNN2
from deepfusion.components.net import Net
from deepfusion.utils.backend import array_module, use_precision
from tests.contract.nets import ADAM, L2, SGD, host, regression, same, step

PLAIN = [Relu, Sigmoid, Tanh, LRelu, Flatten]


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def data(ID, value):
    """A Data of that value, with a batch axis of 1 in its shape."""
    return Data(ID, (1, *np.shape(value)[1:]), val=value)


def run(module):
    """The module's value after forward."""
    module.forward()
    return host(module.output.val)


X = np.array([[-1.5, 0.25, 2.0], [0.5, -0.75, -3.0]])
T = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])


# -- Attributes ---------------------------------------------------------------------------------------------------

def test_attributes_of_a_module():
    x, z = Data('x', (1, 3)), Data('z', (1, 2))
    m = MatMul('Matmul1', [x], z, 0.5, True, SGD, True, L2, 'Zero')
    assert (m.ID, m.inputs, m.output, m.learning_rate, m.is_frozen) == ('Matmul1', [x], z, 0.5, True)
    assert (m.is_regularized, m.regularizer_details) == (True, L2)
    assert m.parameter_list == [m.W, m.b]
    assert (m.W.ID, m.b.ID) == ('Matmul1_W', 'Matmul1_b')
    assert (m.W.is_regularized, m.b.is_regularized, m.W.is_frozen, m.W.learning_rate) == (True, False, True, 0.5)
    assert (x.outputs, z.input) == ([m], m)


def test_printing_lists_the_attributes():
    text = str(regression().Matmul1)
    for name in ('ID', 'inputs', 'output', 'parameter_list', 'learning_rate', 'is_frozen', 'optimizer_details',
                 'different_at_train_test', 'is_regularizable', 'Matmul1_W', 'z1'):
        assert name in text


PARAMETERS = {
    'MatMul': (lambda x: MatMul('m', [x], Data('z', (1, 4))), {'W': (3, 4), 'b': (1, 4)}),
    'BatchNorm': (lambda x: BatchNorm('m', [x]), {'gamma': (1, 3), 'beta': (1, 3)}),
    'LayerNorm': (lambda x: LayerNorm('m', [x]), {'gamma': (1, 3), 'beta': (1, 3)}),
    'PRelu': (lambda x: PRelu('m', [x]), {'alpha': None}),
    'ELU': (lambda x: ELU('m', [x]), {'alpha': None}),
    'RNN1': (lambda x: RNN1('m', [Data('a', (1, 4)), x], Data('z', (1, 4))),
             {'Waa': (4, 4), 'Wax': (3, 4), 'ba': (1, 4)}),
    'RNN2': (lambda x: RNN2('m', [x], Data('z', (1, 2))), {'Way': (3, 2), 'by': (1, 2)}),
    'Conv2D': (lambda x: Conv2D('m', [Data('v', (1, 2, 5, 5))], Data('z', (1, 4, 3, 3)), 3, 4),
               {'F': (4, 2, 3, 3), 'b': (4, 1)}),
}


@pytest.mark.parametrize('name', PARAMETERS)
def test_parameters_are_attributes_named_after_the_module(name):
    build, shapes = PARAMETERS[name]
    m = build(Data('x', (1, 3)))
    assert [p.ID for p in m.parameter_list] == [f'm_{short}' for short in shapes]
    for short, shape in shapes.items():
        assert getattr(m, short) is m.parameter_list[list(shapes).index(short)]
        if shape is not None:
            assert getattr(m, short).shape == getattr(m, short).val.shape == shape
    assert not m.is_frozen
    assert all(not p.is_frozen and type(p.optimizer).__name__ == 'Adam' for p in m.parameter_list)


@pytest.mark.parametrize('cls', PLAIN)
def test_modules_without_parameters_are_frozen(cls):
    m = cls('m', [Data('x', (1, 3))])
    assert (m.is_frozen, m.parameter_list) == (True, [])


def test_which_modules_have_a_mode_and_which_can_be_regularized():
    x = Data('x', (1, 3))
    for cls in (BatchNorm, Dropout, InvertedDropout):
        m = cls('m', [x])
        assert cls.different_at_train_test
        assert m.mode == 'train'
        m.set_mode(mode='test')
        assert m.mode == 'test'
        with pytest.raises(ValueError, match="'test'"):
            m.set_mode('tset')
        assert m.mode == 'test'
    for cls in (MatMul, Relu, LayerNorm, MSELoss, MaxPool, RNN1):
        assert not cls.different_at_train_test
    assert MatMul.is_regularizable
    assert Conv2D.is_regularizable
    assert not any(cls.is_regularizable for cls in (Relu, BatchNorm, LayerNorm, PRelu, MSELoss, Dropout))


def test_methods_of_a_module_reach_its_parameters():
    m = MatMul('m', [Data('x', (1, 3))], Data('z', (1, 2)))
    m.set_learning_rate(learning_rate=0.25)
    m.set_optimizer(optimizer_details=SGD)
    m.set_regularization(regularizer_details=L2)
    assert all(p.learning_rate == 0.25 and type(p.optimizer).__name__ == 'SGD' for p in m.parameter_list)
    assert (m.learning_rate, m.optimizer_details, m.regularizer_details) == (0.25, SGD, L2)
    assert (m.is_regularized, m.W.is_regularized, m.b.is_regularized) == (True, True, False)
    m.freeze()
    assert m.is_frozen
    assert all(p.is_frozen for p in m.parameter_list)
    m.set_optimizer(ADAM)
    m.unfreeze()
    assert not m.is_frozen
    assert not any(p.is_frozen for p in m.parameter_list)
    assert type(m.W.optimizer).__name__ == 'SGD'
    m.unfreeze(optimizer_details=ADAM)
    assert type(m.W.optimizer).__name__ == 'Adam'


def test_forward_backward_update_of_one_module():
    m = MatMul('m', [data('x', X)], Data('z', (1, 2)), learning_rate=0.1, optimizer_details=SGD)
    W, b = host(m.W.val), host(m.b.val)
    same(run(m), X @ W + b)
    m.output.deriv = np.ones((2, 2))
    m.backward()
    same(m.inputs[0].deriv, np.ones((2, 2)) @ W.T)
    same(m.W.deriv, X.T @ np.ones((2, 2)))
    same(m.b.deriv, [[2.0, 2.0]])
    m.backward()
    same(m.b.deriv, [[4.0, 4.0]])
    m.clear_grads()
    same(m.b.deriv, [[0.0, 0.0]])
    m.backward()
    m.update()
    same(m.W.val, W - 0.1 * X.T @ np.ones((2, 2)))
    same(m.W.deriv, np.zeros((3, 2)))


def test_a_module_without_output_makes_one():
    m = Relu('act', [Data('x', (1, 3))])
    assert (m.output.ID, m.output.shape, m.output.input, m.output.is_frozen) == ('act_out', (1, 3), m, True)


# -- What each computes -------------------------------------------------------------------------------------------

VALUES = {
    'Add': (lambda: Add('m', [data('a', X), data('b', T)], Data('z', (1, 3))), X + T),
    'Relu': (lambda: Relu('m', [data('x', X)], Data('z', (1, 3))), np.maximum(X, 0)),
    'Sigmoid': (lambda: Sigmoid('m', [data('x', X)], Data('z', (1, 3))), sigmoid(X)),
    'Tanh': (lambda: Tanh('m', [data('x', X)], Data('z', (1, 3))), np.tanh(X)),
    'LRelu': (lambda: LRelu('m', [data('x', X)], Data('z', (1, 3))), np.where(X < 0, 0.01 * X, X)),
    'LRelu alpha': (lambda: LRelu('m', [data('x', X)], Data('z', (1, 3)), 0.5), np.where(X < 0, 0.5 * X, X)),
    'PRelu': (lambda: PRelu('m', [data('x', X)], Data('z', (1, 3))), np.where(X < 0, 0.25 * X, X)),
    'ELU': (lambda: ELU('m', [data('x', X)], Data('z', (1, 3)), 2.0), np.where(X < 0, 2 * np.expm1(X), X)),
    'Flatten': (lambda: Flatten('m', [data('x', X.reshape(1, 1, 2, 3))], Data('z', (1, 6))), X.reshape(1, 6)),
    'MSELoss': (lambda: MSELoss('m', [data('x', X), data('y', T)], Data('z', (1, 1))), ((X - T) ** 2).sum() / 4),
    'LogisticLoss': (lambda: LogisticLoss('m', [data('t', X[:, :1]), data('y', np.array([[1.0], [0.0]]))],
                                          Data('z', (1, 1))),
                     (-np.log(sigmoid(-1.5)) - np.log(1 - sigmoid(0.5))) / 2),
    'LogisticLoss of integers': (lambda: LogisticLoss('m', [data('t', X[:, :1]), data('y', np.array([[1], [0]]))],
                                                      Data('z', (1, 1))),
                                 (-np.log(sigmoid(-1.5)) - np.log(1 - sigmoid(0.5))) / 2),
    'CrossEntropyLoss': (lambda: CrossEntropyLoss('m', [data('t', X), data('y', np.eye(3)[[2, 0]])],
                                                  Data('z', (1, 1))),
                         -(np.log(np.exp(2.0) / np.exp(X[0]).sum())
                           + np.log(np.exp(0.5) / np.exp(X[1]).sum())) / 2),
    'SumLoss': (lambda: SumLoss('m', [data('x', X)], Data('z', (1, 1))), X.sum() / 2),
    'LayerNorm': (lambda: LayerNorm('m', [data('x', X)], Data('z', (1, 3))),
                  (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-5)),
    'BatchNorm': (lambda: BatchNorm('m', [data('x', X)], Data('z', (1, 3))),
                  (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5)),
}


@pytest.mark.parametrize('name', VALUES)
def test_what_each_module_computes(name):
    build, expected = VALUES[name]
    with use_precision('float64'):
        same(run(build()), expected, rtol=1e-10)


def test_what_the_recurrent_modules_compute():
    with use_precision('float64'):
        a = np.array([[0.5, -1.0], [2.0, 0.25]])
        cell = RNN1('m', [data('a', a), data('x', X)], Data('z', (1, 2)))
        head = RNN2('h', [cell.output], Data('o', (1, 1)))
        for p in (cell.ba, head.by):
            p.val = np.full(p.shape, 0.1)
        hidden = sigmoid(a @ host(cell.Waa.val) + X @ host(cell.Wax.val) + 0.1)
        same(run(cell), hidden, rtol=1e-10)
        same(run(head), sigmoid(hidden @ host(head.Way.val) + 0.1), rtol=1e-10)


def test_convolution_is_a_cross_correlation():
    with use_precision('float64'):
        v = np.random.default_rng(0).standard_normal((2, 3, 5, 5))
        m = Conv2D('m', [data('v', v)], Data('z', (1, 4, 3, 3)), 3, 4, padding=1, stride=2)
        m.b.val = np.arange(4.0).reshape(4, 1)
        padded, F = np.pad(v, ((0, 0), (0, 0), (1, 1), (1, 1))), host(m.F.val)
        expected = np.array([[[[(padded[n, :, 2 * i:2 * i + 3, 2 * j:2 * j + 3] * F[f]).sum() + f
                                for j in range(3)] for i in range(3)] for f in range(4)] for n in range(2)])
        same(run(m), expected, rtol=1e-10)


def test_max_pooling():
    v = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    m = MaxPool('m', [data('v', v)], Data('z', (1, 3, 3, 3)), 2, stride=2)
    same(run(m), v.reshape(2, 3, 3, 2, 3, 2).max(axis=(3, 5)))
    m = MaxPool('m', [data('v', v)], Data('z', (1, 3, 5, 5)), filter_size=2)
    assert run(m).shape == (2, 3, 5, 5)


@pytest.mark.parametrize(('cls', 'train', 'test'), [(Dropout, 1.0, 0.8), (InvertedDropout, 1 / 0.8, 1.0)])
def test_dropout(cls, train, test):
    m = cls('m', [data('x', np.ones((20, 30)))], Data('z', (1, 30)), 0.8)
    np.random.seed(5)
    value = run(m)
    np.random.seed(5)
    mask = np.random.rand(20, 30) < 0.8
    same(value, train * mask)
    m.set_mode('test')
    same(run(m), np.full((20, 30), test))


@pytest.mark.parametrize('cls', [Conv2D, MaxPool])
def test_a_window_needs_its_size(cls):
    with pytest.raises(ValueError, match='filter'):
        cls('m', [Data('v', (1, 2, 5, 5))], Data('z', (1, 2, 3, 3)))


def test_modules_refuse_inputs_that_are_no_list_of_data():
    x, z = Data('x', (1, 3)), Data('z', (1, 3))
    for inputs, output in ((x, z), ([X], z), ([x], X), ([], z), ([x, None], z), ('x', z)):
        with pytest.raises(ValueError, match="'m'"):
            Relu('m', inputs, output)
    assert (x.outputs, z.input) == ([], None)


# -- Random numbers -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(('name', 'scale'), [('Random', 0.01), ('Xavier', np.sqrt(1 / 3)), ('He', np.sqrt(2 / 3))])
def test_initial_weights_are_drawn_as_003_draws_them(name, scale):
    with use_precision('float64'):
        np.random.seed(1)
        m = MatMul('m', [Data('x', (1, 3))], Data('z', (1, 4)), weight_init_type=name)
        after = np.random.rand()
        np.random.seed(1)
        same(m.W.val, scale * np.random.randn(3, 4), rtol=1e-14)
        same(m.b.val, np.zeros((1, 4)))
        assert after == np.random.rand()


def test_a_convolutions_fan_in_is_channels_times_window():
    with use_precision('float64'):
        for name, square in (('He', 2 / 18), ('Xavier', 1 / 18), ('Random', 1e-4)):
            np.random.seed(1)
            m = Conv2D('m', [Data('x', (1, 2, 5, 5))], Data('z', (1, 4, 3, 3)), 3, 4, weight_init_type=name)
            np.random.seed(1)
            filters = [np.sqrt(square) * np.random.randn(2, 3, 3) for _ in range(4)]
            same(m.F.val, filters, rtol=1e-14)
            same(m.b.val, np.zeros((4, 1)))


def sparse(shape):
    """A tenth of the entries 0.01 N(0, 1): the places first, then the values."""
    value = np.zeros(int(np.prod(shape)))
    places = np.random.choice(value.size, int(value.size * 0.1), replace=False)
    value[places] = 0.01 * np.random.randn(len(places))
    return value.reshape(shape)


def test_sparse_and_zero_weights():
    with use_precision('float64'):
        x, v = Data('x', (1, 10)), Data('v', (1, 5, 5, 5))
        np.random.seed(1)
        m = MatMul('m', [x], Data('z', (1, 6)), weight_init_type='Sparse')
        c = Conv2D('c', [v], Data('w', (1, 4, 3, 3)), 3, 4, weight_init_type='Sparse')
        np.random.seed(1)
        same(m.W.val, sparse((10, 6)), rtol=1e-14)
        same(c.F.val, [sparse((5, 3, 3)) for _ in range(4)], rtol=1e-14)
        assert np.count_nonzero(host(m.W.val)) == 6
        assert not host(MatMul('m', [x], Data('z', (1, 6)), weight_init_type='Zero').W.val).any()


def test_recurrent_weights_are_drawn_in_order():
    with use_precision('float64'):
        np.random.seed(1)
        cell = RNN1('m', [Data('a', (1, 4)), Data('x', (1, 3))], Data('z', (1, 4)), weight_init_type='Xavier')
        head = RNN2('h', [cell.output], Data('o', (1, 2)))
        np.random.seed(1)
        same(cell.Waa.val, np.random.randn(4, 4) * np.sqrt(1 / 4), rtol=1e-14)
        same(cell.Wax.val, np.random.randn(3, 4) * np.sqrt(1 / 3), rtol=1e-14)
        same(head.Way.val, np.random.randn(4, 2) * np.sqrt(2 / 4), rtol=1e-14)


def test_weights_do_not_depend_on_the_precision_but_for_rounding():
    found = []
    for precision in ('float32', 'float64'):
        with use_precision(precision):
            np.random.seed(1)
            found.append(host(MatMul('m', [Data('x', (1, 3))], Data('z', (1, 4))).W.val))
    np.testing.assert_array_equal(found[0], found[1].astype(np.float32))


def test_nothing_else_draws():
    state = np.random.get_state()[1:3]
    s = regression(optimizer_details=SGD)
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    x, v = data('x', X), Data('v', (1, 2, 4, 4), val=np.ones((2, 2, 4, 4)))
    for m in (Relu('r', [x]), PRelu('p', [x]), BatchNorm('b', [x]), LayerNorm('l', [x]), MaxPool('m', [v], None, 2)):
        m.forward()
        m.output.deriv = np.ones(m.output.val.shape)
        m.backward()
    drop = Dropout('d', [x])
    drop.set_mode('test')
    drop.forward()
    drop.backward()
    step(s.net, 2)
    s.net.set_optimizer(ADAM)
    s.net.freeze()
    s.net.unfreeze()
    assert np.random.rand() == expected
    assert state is not None


def test_an_unknown_initializer_is_refused_with_the_known_ones():
    x, z = Data('x', (1, 3)), Data('z', (1, 2))
    with pytest.raises(ValueError, match='Xavier') as caught:
        MatMul('m', [x], z, weight_init_type='Xaver')
    assert '\n' not in str(caught.value)
    assert (x.outputs, z.input) == ([], None)


# -- Modules of one's own -----------------------------------------------------------------------------------------

class Scale(Module):
    """In the manner of 0.0.3: its parameter made by hand, both passes written out."""

    different_at_train_test = False
    is_regularizable = False

    def __init__(self, ID, inputs, output, learning_rate=1e-6, is_frozen=False, optimizer_details=ADAM):
        self.s = Data(ID=ID + '_s', shape=(1, 3), val=np.full((1, 3), 2.0), is_frozen=is_frozen,
                      optimizer_details=optimizer_details)
        super().__init__(ID, inputs, output, parameter_list=[self.s], learning_rate=learning_rate,
                         is_frozen=is_frozen, optimizer_details=optimizer_details)

    def forward(self):
        """s x."""
        self.output.val = self.inputs[0].val * self.s.val

    def backward(self):
        """To the input and to s."""
        self.inputs[0].deriv += self.output.deriv * self.s.val
        self.s.deriv += (self.output.deriv * self.inputs[0].val).sum(axis=0, keepdims=True)


class SeedingLoss(Module):
    """A loss that starts its own derivative, as those of 0.0.3 do."""

    different_at_train_test = False
    is_regularizable = False

    def forward(self):
        """The mean of the squares."""
        xp = array_module(self.inputs[0].val)
        self.output.val = (self.inputs[0].val ** 2).sum() / self.inputs[0].val.shape[0]
        self.output.deriv = xp.array([1.0])

    def backward(self):
        """2 x / B."""
        self.inputs[0].deriv += 2 * self.inputs[0].val * self.output.deriv / self.inputs[0].val.shape[0]


class Noisy(Module):
    """A user's module that differs between training and test."""

    different_at_train_test = True
    is_regularizable = False

    def __init__(self, ID, inputs, output):
        super().__init__(ID, inputs, output)
        self.mode = 'train'

    def forward(self):
        """Add 1 in training."""
        self.output.val = self.inputs[0].val + (1.0 if self.mode == 'train' else 0.0)

    def backward(self):
        """The identity."""
        self.inputs[0].deriv += self.output.deriv

    def set_mode(self, mode):
        """Keep it."""
        self.mode = mode


def own_net():
    """x -> Scale -> z -> SeedingLoss -> loss."""
    x, z, loss = Data('x', (1, 3), val=X), Data('z', (1, 3)), Data('loss', (1, 1))
    scale = Scale('scale', [x], z, learning_rate=0.01, optimizer_details=SGD)
    SeedingLoss('lossf', [z], loss)
    return Net('net', [loss]), scale


def test_a_users_module_and_loss_learn():
    net, scale = own_net()
    assert scale.parameter_list == [scale.s]
    assert (scale.is_frozen, scale.s.learning_rate) == (False, 0.01)
    assert [p.ID for p in net.parameters()] == ['scale_s']
    net.forward()
    same(net.root_nodes[0].val, (4 * X ** 2).sum() / 2)
    for times in (1, 2):                                        # a seed counts once, however often backward runs
        net.backward()
        same(scale.s.deriv, times * (4 * X ** 2).sum(axis=0, keepdims=True) / 2)
        same(net.get_node('x').deriv, times * 8 * X / 2)
    net.update()
    same(scale.s.val, 2 - 0.01 * 2 * (4 * X ** 2).sum(axis=0, keepdims=True) / 2)
    same(scale.s.deriv, np.zeros((1, 3)))
    scale.freeze()
    kept = host(scale.s.val)
    step(net)
    same(scale.s.val, kept)


def test_a_users_module_among_ours_uses_data_several_times():
    x = Data('x', (1, 3), val=X)
    a = Relu('relu', [x]).output
    z = Data('z', (1, 3))
    Scale('scale', [a], z)
    total = Add('add', [z, a, z]).output
    net = Net('net', [SumLoss('sum', [total]).output])
    for times in (1, 2):
        net.forward()
        net.backward()
        same(x.deriv, times * 5 * (X > 0) / 2)
        same(a.deriv, np.full((2, 3), 2.5))


def test_a_users_module_with_a_mode():
    x, z = Data('x', (1, 3), val=X), Data('z', (1, 3))
    noisy = Noisy('noisy', [x], z)
    net = Net('net', [SumLoss('sum', [z]).output])
    net.forward()
    same(z.val, X + 1)
    net.set_mode('test')
    assert noisy.mode == 'test'
    net.forward()
    same(z.val, X)


class Cube(Module):
    """In the base class's manner: maths only, a declared parameter."""

    is_regularizable = True

    def __init__(self, ID, inputs, output=None, power=3, **learning):
        self.power = power
        super().__init__(ID, inputs, output, **learning)

    def output_shape(self, shape):
        return shape

    def declare_parameters(self, shape):
        self.add_parameter('s', (1, *shape[1:]), init=2.0, regularizable=True)

    def compute(self, xp, x):
        return self.s.val * x ** self.power, (x,)

    def differentiate(self, xp, deriv, x):
        return (self.power * deriv * self.s.val * x ** (self.power - 1),), {'s': deriv * x ** self.power}


def test_the_base_class_checks_unbroadcasts_and_accumulates():
    x = Data('x', (1, 3), val=X)
    cube = Cube('cube', [x], learning_rate=0.1, is_regularized=True, regularizer_details=L2)
    assert (cube.output.ID, cube.output.shape, cube.s.ID, cube.s.is_regularized) == (
        'cube_out', (1, 3), 'cube_s', True)
    net = Net('net', [SumLoss('sum', [cube.output]).output])
    net.forward()
    same(cube.output.val, 2 * X ** 3)
    net.backward()
    net.backward()
    same(x.deriv, 2 * 6 * X ** 2 / 2, rtol=1e-5)
    same(cube.s.deriv, 2 * (X ** 3).sum(axis=0, keepdims=True) / 2, rtol=1e-5)
    with pytest.raises(ValueError, match="Cube 'other'.*shape"):
        Cube('other', [x], Data('z', (1, 4)))
    assert x.outputs == [cube]


def test_a_parameter_can_be_declared_with_a_fan_in():
    class Weighted(Cube):
        def declare_parameters(self, shape):
            self.add_parameter('s', (1, 3), init='He', fan_in=8)

    with use_precision('float64'):
        np.random.seed(0)
        m = Weighted('w', [Data('x', (1, 3))])
        np.random.seed(0)
        same(m.s.val, np.random.randn(1, 3) * np.sqrt(2 / 8), rtol=1e-14)
