"""What the contract says of Data."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add
from deepfusion.components.modules.activation_functions import PRelu
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.net import Net
from deepfusion.components.optimizers import get_optimizer
from deepfusion.utils.backend import Backend, array_module, use_precision
from tests.contract.nets import ADAM, L2, SGD, host, regression, same


def parameter(value, **options):
    """An unfrozen Data of that value whose derivative is then set by the test."""
    return Data('p', np.shape(value), val=value, is_frozen=False, **options)


# -- Attributes ---------------------------------------------------------------------------------------------------

def test_attributes_of_a_new_data():
    x = Data(ID='x', shape=(1, 3))
    assert (x.ID, x.shape, x.is_frozen, x.optimizer, x.learning_rate) == ('x', (1, 3), True, None, 1e-6)
    assert (x.is_regularized, x.regularizer, x.input, x.outputs) == (False, None, None, [])


def test_attributes_of_an_unfrozen_regularized_data():
    p = Data('p', (2, 2), None, False, SGD, 0.5, True, {'reg_name': 'L1', 'reg_strength': 0.1})
    assert (p.is_frozen, type(p.optimizer).__name__, p.learning_rate, p.is_regularized) == (False, 'SGD', 0.5, True)
    assert (p.regularizer.reg_name, p.regularizer.reg_strength) == ('L1', 0.1)
    same(p.regularizer.reg_fn(np.array([1.0, -2.0])), 3.0)
    same(p.regularizer.reg_fn_deriv(np.array([3.0, -2.0])), [1.0, -1.0])


def test_input_and_outputs_are_the_modules_around_it():
    s = regression()
    assert (s.x.input, s.x.outputs) == (None, [s.Matmul1])
    assert (s.a.input, s.a.outputs) == (s.ActF, [s.Matmul2])
    assert (s.loss.input, s.loss.outputs) == (s.LossF, [])


def test_printing_lists_the_attributes():
    text = str(regression().a)
    for name in ('ID', 'shape', 'val', 'deriv', 'is_frozen', 'optimizer', 'learning_rate', 'is_regularized',
                 'regularizer', 'input', 'outputs'):
        assert name in text
    assert 'ActF' in text
    assert 'Matmul2' in text


def test_regularized_without_details_is_refused():
    with pytest.raises(ValueError, match=r"'p'.*regularizer_details"):
        Data('p', (1, 2), is_regularized=True)


@pytest.mark.parametrize('shape', [(1, 2.5), 'ab', None, (-1, 2), 3])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ValueError, match='shape'):
        Data('x', shape)


# -- Values -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('precision', ['float32', 'float64'])
def test_floats_take_the_current_precision(dtype, precision):
    with use_precision(precision):
        x = Data('x', (1, 2), val=np.ones((3, 2), dtype))
        assert x.val.dtype == precision
        x.val = [[1.0, 2.0]]
        assert x.val.dtype == precision
        assert array_module(x.val) is Backend.get_array_module()


@pytest.mark.parametrize('dtype', [np.int64, np.int32, np.uint8, bool])
def test_integers_and_booleans_keep_their_type(dtype):
    assert Data('x', (1, 2), val=np.ones((3, 2), dtype)).val.dtype == dtype


@pytest.mark.parametrize('value', ['text', np.array(['a', 'b']), object(), np.array([1 + 2j])])
def test_what_holds_no_numbers_is_refused_and_changes_nothing(value):
    x = Data('x', (1, 2), val=np.ones((3, 2)))
    with pytest.raises(ValueError, match="'x'"):
        x.val = value
    same(x.val, np.ones((3, 2)))


@pytest.mark.parametrize('shape', [(1, 2), (7, 2), (0, 2)])
def test_any_batch_size_fits(shape):
    assert Data('x', (1, 2), val=np.zeros(shape)).val.shape == shape


@pytest.mark.parametrize('shape', [(3,), (1, 3), (3, 3), (3, 2, 1), (2, 3, 2)])
def test_a_value_that_does_not_fit_the_shape_is_refused_at_once(shape):
    x = Data('x', (1, 2), val=np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"'x'.*shape"):
        x.val = np.zeros(shape)
    same(x.val, np.ones((3, 2)))
    with pytest.raises(ValueError, match='shape'):
        Data('x', (1, 2), val=np.zeros(shape))


def test_a_parameter_has_exactly_its_shape():
    W = regression().Matmul1.W
    with pytest.raises(ValueError, match='Matmul1_W'):
        W.val = np.zeros((4, 5))
    W.val = np.zeros((3, 5))


def test_an_assigned_array_is_never_written_into():
    given = np.ones((4, 3), dtype=Backend.get_precision())
    p = Data('x', (1, 3), val=given, is_frozen=False, optimizer_details=SGD, learning_rate=1.0)
    for _ in range(3):
        p.deriv = np.ones((4, 3))
        p.update()
    same(given, np.ones((4, 3)))
    same(p.val, np.full((4, 3), -2.0))


def test_an_assigned_parameter_is_never_written_into():
    s = regression(optimizer_details=SGD, learning_rate=0.1)
    given = np.ones((3, 5), dtype=Backend.get_precision())
    s.Matmul1.W.val = given
    for _ in range(3):
        s.net.forward()
        s.net.backward()
        s.net.update()
    same(given, np.ones((3, 5)))
    assert not np.allclose(host(s.Matmul1.W.val), 1)


def test_an_assigned_derivative_is_never_written_into():
    s = regression()
    given = np.ones((4, 3), dtype=Backend.get_precision())
    s.x.deriv = given
    s.net.forward()
    s.net.backward()
    s.x.deriv += 1
    s.net.update()
    same(given, np.ones((4, 3)))


def test_what_was_read_keeps_its_value_through_later_passes():
    s = regression(optimizer_details=SGD, learning_rate=0.1)
    s.net.forward()
    s.net.backward()
    nodes = [s.x, s.z1, s.a, s.z2, s.loss]
    arrays = [array for node in nodes for array in (node.val, node.deriv)]
    arrays += [p.deriv for p in s.net.parameters()]
    copies = [host(array) for array in arrays]
    s.net.update()
    for batch in (4, 6):
        s.x.val, s.y.val = np.ones((batch, 3)), np.zeros((batch, 1))
        for _ in range(2):
            s.net.forward()
            s.net.backward()
            s.net.backward()
            s.net.update()
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(host(array), copy)


def test_parameters_are_updated_in_place():
    s = regression(optimizer_details=SGD, learning_rate=0.1)
    W = s.Matmul1.W.val
    before = host(W)
    s.net.forward()
    s.net.backward()
    s.net.update()
    same(W, s.Matmul1.W.val)
    assert np.abs(host(W) - before).max() > 0


def test_a_parameter_without_axes_is_an_array_that_can_be_written_into():
    alpha = PRelu('m', [Data('x', (1, 3))]).alpha
    alpha.val[...] = 0.5
    same(alpha.val.reshape(-1), [0.5])
    d = Data('d', (), val=2.0)
    d.val[...] = 3.0
    assert float(d.val) == 3.0


# -- Derivatives --------------------------------------------------------------------------------------------------

def test_an_absent_derivative_reads_as_zeros_of_the_values_shape():
    same(Data('x', (1, 3)).deriv, np.zeros((1, 3)))
    x = Data('x', (1, 3), val=np.ones((5, 3)))
    same(x.deriv, np.zeros((5, 3)))
    x.val = np.ones((2, 3))
    same(x.deriv, np.zeros((2, 3)))


def test_derivatives_add_up_by_hand():
    x = Data('x', (1, 3), val=np.ones((2, 3)))
    x.deriv += x.val
    x.deriv += x.val
    same(x.deriv, np.full((2, 3), 2.0))
    x.clear_grads()
    same(x.deriv, np.zeros((2, 3)))


def test_a_derivative_of_another_shape_is_refused():
    x = Data('x', (1, 3), val=np.ones((2, 3)))
    with pytest.raises(ValueError, match="'x'"):
        x.deriv = np.ones((3, 3))
    same(x.deriv, np.zeros((2, 3)))


def test_clearing_removes_nan():
    for clear in (Data.clear_grads, Data.update):
        x = Data('x', (1, 2), val=np.ones((2, 2)))
        x.deriv = np.full((2, 2), np.nan)
        clear(x)
        same(x.deriv, np.zeros((2, 2)))


def test_a_batch_of_one_broadcasts_and_its_derivative_is_summed():
    x, bias = Data('x', (1, 3), val=np.ones((4, 3))), Data('bias', (1, 3), val=np.ones((1, 3)))
    total = Add('add', [x, bias]).output
    target = Data('y', (1, 3), val=np.array([[1.0, 2.0, 3.0]]))
    net = Net('net', [MSELoss('mse', [total, target]).output])
    net.forward()
    net.backward()
    same(x.deriv, np.tile([[0.25, 0.0, -0.25]], (4, 1)))
    same(bias.deriv, [[1.0, 0.0, -1.0]])
    same(target.deriv, [[-1.0, 0.0, 1.0]])
    same(net.root_nodes[0].val, 0.5 * 2)


# -- Steps --------------------------------------------------------------------------------------------------------

G = [np.array([[0.3, -1.0]]), np.array([[0.1, 2.0]]), np.array([[-0.5, 0.0]])]


def moving(name, **h):
    """The steps that an optimizer should take for the derivatives G, by the papers' formulas."""
    V, S, total, steps = 0.0, 0.0, 0.0, []
    for t, g in enumerate(G, start=1):
        if name == 'SGD':
            steps.append(g)
        elif name == 'Momentum':
            V = h.get('beta', 0.9) * V + (1 - h.get('beta', 0.9)) * g
            steps.append(V / (1 - h.get('beta', 0.9) ** t))
        elif name == 'AdaGrad':
            total = total + g ** 2
            steps.append(g / (np.sqrt(total) + 1e-8))
        elif name == 'RMSprop':
            S = h.get('beta', 0.9) * S + (1 - h.get('beta', 0.9)) * g ** 2
            steps.append(g / (np.sqrt(S / (1 - h.get('beta', 0.9) ** t)) + 1e-8))
        else:
            beta1, beta2 = h.get('beta1', 0.9), h.get('beta2', 0.999)
            V, S = beta1 * V + (1 - beta1) * g, beta2 * S + (1 - beta2) * g ** 2
            steps.append(V / (1 - beta1 ** t) / (np.sqrt(S / (1 - beta2 ** t)) + 1e-8))
    return steps


OPTIMIZERS = [('SGD', {}), ('Momentum', {}), ('Momentum', {'beta': 0.5}), ('AdaGrad', {}), ('RMSprop', {}),
              ('RMSprop', {'beta': 0.5}), ('Adam', {}), ('Adam', {'beta1': 0.5, 'beta2': 0.6})]


@pytest.mark.parametrize(('name', 'hyperparameters'), OPTIMIZERS)
@pytest.mark.parametrize('regularizer', [None, 'L1', 'L2'])
def test_update_takes_the_step_of_the_contract(name, hyperparameters, regularizer):
    with use_precision('float64'):
        value = np.array([[2.0, -3.0]])
        p = parameter(value, optimizer_details={'optimizer_name': name, 'hyperparameters': hyperparameters},
                      learning_rate=0.1, is_regularized=regularizer is not None,
                      regularizer_details=regularizer and {'reg_name': regularizer, 'reg_strength': 0.5})
        for g, optimizer_step in zip(G, moving(name, **hyperparameters), strict=True):
            penalty = {None: 0.0, 'L1': 0.5 * np.sign(value), 'L2': 0.5 * 2 * value}[regularizer]
            value = value - 0.1 * (optimizer_step + penalty)
            p.deriv = g
            p.update()
            same(p.val, value, rtol=1e-12)
            same(p.deriv, np.zeros((1, 2)))


def test_hyperparameters_may_be_left_out_and_a_regularizer_switched_off():
    p = parameter([[1.0]], optimizer_details={'optimizer_name': 'SGD'}, learning_rate=1.0, regularizer_details=L2)
    p.deriv = [[0.25]]
    p.update()
    same(p.val, [[0.75]])


def test_update_of_a_frozen_data_only_clears():
    x = Data('x', (1, 2), val=np.ones((2, 2)), learning_rate=1.0)
    x.deriv = np.ones((2, 2))
    x.update()
    same(x.val, np.ones((2, 2)))
    same(x.deriv, np.zeros((2, 2)))


def test_an_unfrozen_input_of_any_batch_size_moves():
    for batch in (1, 5):
        x = Data('x', (1, 2), val=np.ones((batch, 2)))
        x.unfreeze()
        x.set_learning_rate(0.1)
        net = Net('net', [SumLoss('sum', [x]).output])
        net.forward()
        net.backward()
        net.update()
        same(x.val, np.full((batch, 2), 0.9), rtol=1e-5)


def test_the_setters_and_their_keywords():
    p = parameter([[1.0, 2.0]])
    p.set_learning_rate(learning_rate=0.25)
    p.set_optimizer(optimizer_details={'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.25}})
    p.set_regularization(regularizer_details=L2)
    assert (p.learning_rate, p.optimizer.beta, p.is_regularized, p.regularizer.reg_name) == (0.25, 0.25, True, 'L2')
    p.freeze()
    assert p.is_frozen
    p.unfreeze(optimizer_details=SGD)
    assert not p.is_frozen
    assert type(p.optimizer).__name__ == 'SGD'


def test_freezing_keeps_the_optimizers_state_until_other_details_come():
    with use_precision('float64'):
        p, q = parameter([[1.0, 2.0]], learning_rate=0.1), parameter([[1.0, 2.0]], learning_rate=0.1)
        for i, g in enumerate(G):
            for data in (p, q):
                data.deriv = g
                data.update()
            if i < 2:
                p.freeze()
                p.deriv = np.ones((1, 2))
                p.update()                                  # nothing but clearing
                p.unfreeze(*[ADAM] * i)
        same(p.val, q.val, rtol=1e-14)
        p.freeze()
        p.unfreeze({'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 0.5}})
        assert p.optimizer.t == 0


def test_get_optimizer():
    optimizer = get_optimizer((1, 2), {'optimizer_name': 'RMSprop', 'hyperparameters': {'beta': 0.75}})
    assert (type(optimizer).__name__, optimizer.beta, tuple(optimizer.data_shape)) == ('RMSprop', 0.75, (1, 2))
    same(get_optimizer(data_shape=(1, 2), optimizer_details=SGD).step(G[0]), G[0])


# -- Bad options --------------------------------------------------------------------------------------------------

BAD = {
    'optimizer': (lambda: Data('p', (1,), optimizer_details={'optimizer_name': 'Adan', 'hyperparameters': {}}), 'Adam'),
    'hyperparameter': (lambda: get_optimizer((1,), {'optimizer_name': 'Adam', 'hyperparameters': {'bta': 1}}), 'bta'),
    'beta': (lambda: get_optimizer((1,), {'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 1.5}}), 'beta1'),
    'no dictionary': (lambda: get_optimizer((1,), 'Adam'), 'optimizer_name'),
    'regularizer': (lambda: Data('p', (1,), regularizer_details={'reg_name': 'L3', 'reg_strength': 1}), 'L2'),
    'no strength': (lambda: Data('p', (1,), regularizer_details={'reg_name': 'L2'}), 'reg_strength'),
    'strength': (lambda: Data('p', (1,), regularizer_details={'reg_name': 'L2', 'reg_strength': -1}), 'reg_strength'),
    'rate': (lambda: Data('p', (1,), learning_rate=-1), 'learning rate'),
    'rate of text': (lambda: Data('p', (1,), learning_rate='fast'), 'learning rate'),
    'rate nan': (lambda: Data('p', (1,), learning_rate=float('nan')), 'learning rate'),
    'ID': (lambda: Data(3, (1,)), 'ID'),
    'empty ID': (lambda: Data('', (1,)), 'ID'),
}


@pytest.mark.parametrize('case', BAD)
def test_bad_options_get_one_sentence(case):
    make, word = BAD[case]
    with pytest.raises(ValueError, match=word) as caught:
        make()
    assert '\n' not in str(caught.value)


def test_a_refused_setter_changes_nothing():
    p = parameter([[1.0, 2.0]], regularizer_details=L2)
    optimizer = p.optimizer
    for change in (lambda: p.set_optimizer({'optimizer_name': 'Adan', 'hyperparameters': {}}),
                   lambda: p.unfreeze({'optimizer_name': 'Adan', 'hyperparameters': {}}),
                   lambda: p.set_regularization({'reg_name': 'L3', 'reg_strength': 1}),
                   lambda: p.set_learning_rate(-1)):
        with pytest.raises(ValueError, match='.'):
            change()
    assert p.optimizer is optimizer
    assert (p.is_frozen, p.is_regularized, p.regularizer.reg_name, p.learning_rate) == (False, False, 'L2', 1e-6)
