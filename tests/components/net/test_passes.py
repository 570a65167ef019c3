"""Forward and backward: order, seeds, what is skipped, and what stops them."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module, Multiply
from deepfusion.components.modules.activation_functions import Relu, Tanh
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.net import Net
from deepfusion.errors import GraphError, MissingValueError, NonFiniteError, OptionError, ShapeError
from tests.support.nets import two_layers


def test_unfrozen_computes_only_what_update_needs(monkeypatch):
    net = two_layers()
    net.forward()
    net.backward()
    full = {p.ID: p.deriv.copy() for p in net.parameters()}
    net.clear_grads()
    net.get_node('m1').freeze()
    calls = []
    original = MatMul.differentiate

    def watched(self, xp, deriv, *saved):
        calls.append((self.ID, self.needs_input(0), self.needs_parameter('W')))
        return original(self, xp, deriv, *saved)

    monkeypatch.setattr(MatMul, 'differentiate', watched)
    net.backward(wrt='unfrozen')
    assert calls == [('m2', False, True)]
    np.testing.assert_array_equal(net.get_node('m2').W.deriv, full['m2_W'])
    assert not net.get_node('m1').W.deriv.any()


def test_input_optimization_needs_no_weight_gradients():
    net = two_layers()
    net.forward()
    net.backward()
    expected = net.get_node('x').deriv.copy()
    net.clear_grads()
    net.freeze()
    net.get_node('x').unfreeze()
    net.backward(wrt='unfrozen')
    np.testing.assert_array_equal(net.get_node('x').deriv, expected)
    assert all(p._deriv is None for p in net.parameters())


def test_listed_data_get_their_derivatives():
    net = two_layers()
    net.forward()
    net.backward()
    hidden, weight = net.get_node('r_out'), net.get_node('m1').W
    expected = hidden.deriv.copy(), weight.deriv.copy()
    for wanted in ([hidden, weight], hidden):
        net.clear_grads()
        net.backward(wrt=wanted)
        np.testing.assert_array_equal(hidden.deriv, expected[0])
    assert weight._deriv is None
    for wrong in ('frozen', [Data('x', (1, 3))], 3):
        with pytest.raises(OptionError, match='wrt'):
            net.backward(wrt=wrong)


def test_what_was_read_keeps_its_value():
    net = two_layers()
    net.forward()
    net.backward()
    held = {n.ID: (n.deriv, n.deriv.copy()) for n in net.parameters() + [net.get_node('x')]}
    inner = net.get_node('r_out').deriv
    kept = inner.copy()
    net.backward()
    for now, before in held.values():
        np.testing.assert_array_equal(now, before)
    np.testing.assert_array_equal(inner, kept)
    for p in net.parameters():
        np.testing.assert_allclose(p.deriv, 2 * held[p.ID][1], rtol=1e-6)


class Doubled(Module):
    """In 0.0.3's way, adding in place."""

    different_at_train_test = False
    is_regularizable = False

    def forward(self):
        self.output.val = 2 * self.inputs[0].val

    def backward(self):
        self.inputs[0].deriv += 2 * self.output.deriv


def test_adding_in_place_spares_others():
    """x feeds an Add, whose derivative is handed on as it is, and a module that does `deriv += ...`."""
    x, d = Data('x', (1, 2), np.ones((3, 2))), Data('d', (1, 2))
    Doubled('double', [x], d)
    total = Add('add', [x, d, x])
    net = Net('net', [SumLoss('sum', [total.output]).output])
    net.forward()
    net.backward()
    np.testing.assert_allclose(x.deriv, 4 / 3, rtol=1e-6)
    np.testing.assert_allclose(total.output.deriv, 1 / 3, rtol=1e-6)
    held = x.deriv
    net.backward()
    np.testing.assert_allclose(held, 4 / 3, rtol=1e-6)
    np.testing.assert_allclose(x.deriv, 8 / 3, rtol=1e-6)


class Assigning(Doubled):
    """Adds to the derivative by assigning it anew."""

    def backward(self):
        self.inputs[0].deriv = self.inputs[0].deriv + 2 * self.output.deriv


def test_what_a_module_assigns_in_backward_is_no_start_of_the_next():
    x, d = Data('x', (1, 2), np.ones((1, 2))), Data('d', (1, 2))
    hidden = Relu('r', [x]).output
    Assigning('double', [hidden], d)
    net = Net('net', [hidden, d])
    net.forward()
    for times in (1, 2):
        net.backward()
        np.testing.assert_array_equal(hidden.deriv, [[3, 3]])
        np.testing.assert_array_equal(x.deriv, [[3 * times, 3 * times]])


def test_roots_start_at_ones_or_what_was_assigned():
    net = two_layers()
    loss, x = net.root_nodes[0], net.get_node('x')
    net.forward()
    net.backward()
    base = x.deriv.copy()
    net.clear_grads()
    loss.deriv = 3.0
    net.backward()
    np.testing.assert_allclose(x.deriv, 3 * base, rtol=1e-5)
    net.clear_grads()
    net.backward()
    np.testing.assert_allclose(x.deriv, base, rtol=1e-6)
    net.clear_grads()
    loss.deriv = 3.0
    net.forward()
    net.backward()
    np.testing.assert_allclose(x.deriv, base, rtol=1e-6)


def test_a_root_that_other_nodes_use():
    x = Data('x', (1, 2), np.ones((1, 2)))
    first = SumLoss('a', [x]).output
    second = Tanh('t', [first]).output
    net = Net('net', [first, second])
    net.forward()
    net.backward()
    np.testing.assert_allclose(x.deriv, 1 + 1 - np.tanh(2) ** 2, rtol=1e-5)


def test_user_arrays_are_never_written_into():
    net = two_layers()
    X = np.ones((5, 3), np.float32)
    W = np.ones((3, 8), np.float32)
    x = net.get_node('x')
    x.val, net.get_node('m1').W.val = X, W
    x.unfreeze()
    net.set_learning_rate(0.1)
    for _ in range(3):
        net.forward()
        net.backward()
        net.update()
    assert (X == 1).all()
    assert (W == 1).all()
    assert not (net.get_node('m1').W.val == 1).all()


def test_integers_become_floats_of_the_precision():
    x = Data('x', (1, 3), np.arange(6).reshape(2, 3))
    m = MatMul('m', [x], out_features=2)
    m.forward()
    assert x.val.dtype.kind == 'i'
    assert m.output.val.dtype == np.float32


@pytest.mark.parametrize('spoiled', ['input', 'weight'])
def test_check_finite_names_the_place(spoiled):
    net = two_layers()
    net.check_finite = True
    net.forward()
    before = net.get_node('r_out').val
    if spoiled == 'input':
        net.get_node('x').val = np.full((5, 3), np.nan)
        with pytest.raises(NonFiniteError, match="input 'x'"):
            net.forward()
        assert net.get_node('r_out').val is before
    else:
        net.get_node('m2').W.val = np.full((8, 1), np.nan)
        with pytest.raises(NonFiniteError, match="MatMul 'm2'"):
            net.forward()


def test_check_finite_in_backward():
    net = two_layers()
    net.check_finite = True
    net.forward()
    net.root_nodes[0].deriv = np.nan
    with pytest.raises(NonFiniteError, match="MSELoss 'mse'"):
        net.backward()


def test_missing_value_changes_nothing():
    net = two_layers()
    net.forward()
    before = net.get_node('r_out').val
    net.get_node('y').val = None
    with pytest.raises(MissingValueError, match=r"Data 'y'.*MSELoss 'mse'.*Set y.val"):
        net.forward()
    assert net.get_node('r_out').val is before


def test_batch_sizes_that_differ_change_nothing():
    net = two_layers()
    net.forward()
    before = net.get_node('r_out').val
    net.get_node('y').val = np.ones((4, 1))
    with pytest.raises(ShapeError, match=r"MSELoss 'mse'.*5 from 'x' and 4 from 'y'"):
        net.forward()
    assert net.get_node('r_out').val is before
    net.get_node('y').val = np.ones((1, 1))
    net.forward()
    net.backward()
    assert net.get_node('y').deriv.shape == (1, 1)


def test_forward_from_node_runs_what_depends_on_it():
    net = two_layers()
    net.forward()
    z = net.get_node('m1_out')
    before = z.val
    net.get_node('r_out').val = np.zeros((5, 8))
    net.forward_from_node(net.get_node('r_out'))
    assert z.val is before
    np.testing.assert_allclose(net.root_nodes[0].val, 0.5 * np.mean(net.get_node('y').val ** 2), rtol=1e-6)
    with pytest.raises(GraphError, match='Data node'):
        net.forward_from_node(net.get_node('r'))


def test_forward_from_node_refuses_other_batch_sizes():
    net = two_layers()
    net.forward()
    hidden = net.get_node('r_out')
    before = hidden.val
    net.get_node('x').val = np.ones((4, 3))
    with pytest.raises(ShapeError, match="5 from 'y' and 4 from 'x'"):
        net.forward_from_node(net.get_node('x'))
    assert hidden.val is before


def test_deep_nets_run():
    node = Data('x', (1, 2), np.ones((1, 2)))
    x = node
    for i in range(5000):
        node = Relu(f'r{i}', [node]).output
    net = Net('net', [node])
    net.forward()
    net.backward(wrt=[x])
    np.testing.assert_array_equal(x.deriv, np.ones((1, 2)))


def test_verbose_prints_times(capsys):
    net = two_layers()
    net.forward(verbose=True)
    net.backward(verbose=True)
    printed = capsys.readouterr().out
    assert 'Forward pass' in printed
    assert 'Backward pass' in printed
    assert 'mse' in printed
    assert '%' in printed


def test_two_losses_add_up():
    x = Data('x', (1, 2), np.array([[1., 2.]]))
    a, b = SumLoss('a', [x]).output, MSELoss('b', [x, Data('y', (1, 2), np.zeros((1, 2)))]).output
    net = Net('net', [a, b])
    net.forward()
    net.backward()
    np.testing.assert_allclose(x.deriv, [[2., 3.]])


def penalized(seed=0):
    """A layer whose bias, a parameter, is also the input of a penalty, the second loss."""
    np.random.seed(seed)
    x = Data('x', (1, 3), np.ones((4, 3)))
    layer = MatMul('m', [x], out_features=3, learning_rate=0.1, bias_init_type='One',
                   optimizer_details={'optimizer_name': 'Momentum'})
    square = Multiply('square', [layer.b, layer.b])
    return Net('net', [SumLoss('sum', [layer.output]).output, SumLoss('penalty', [square.output]).output])


@pytest.mark.parametrize('wrt', [None, 'unfrozen', 'listed'])
def test_a_parameter_may_be_an_input_too(wrt):
    net = penalized()
    b = net.get_node('m').b
    net.forward()
    net.backward(wrt=[b] if wrt == 'listed' else wrt)
    np.testing.assert_allclose(b.deriv, [[3, 3, 3]])        # 1 of the sum, 2 b of the penalty
    net.update()
    np.testing.assert_allclose(b.val, [[0.7, 0.7, 0.7]], rtol=1e-6)
    assert b.optimizer.t == 1


@pytest.mark.parametrize('spoil', [lambda y: setattr(y, 'val', None), lambda y: setattr(y, 'val', [[1]])])
def test_an_update_that_is_refused_changes_nothing(spoil):
    net = two_layers()
    net.forward()
    net.backward()
    y, before = net.get_node('y'), [p.val.copy() for p in net.parameters()]
    y.unfreeze()
    spoil(y)
    with pytest.raises(MissingValueError, match="'y'"):
        net.update()
    for p, value in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.val, value)
        assert p._deriv is not None
