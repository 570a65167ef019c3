"""Data: shapes, ownership of arrays, updates."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.errors import BackendError, MissingValueError, NodeTypeError, OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_backend, use_precision
from tests.support.nets import step, two_layers


@pytest.mark.parametrize(('shape', 'value'), [
    ((1, 3), np.ones((5, 4))), ((1, 3), np.ones(3)), ((1, 3, 2, 2), np.ones((1, 3, 2))), ((), np.ones(2)),
])
def test_a_value_of_another_shape_is_refused(shape, value):
    data = Data('x', shape)
    with pytest.raises(ShapeError, match=r"Data 'x': expected a value of shape"):
        data.val = value
    assert data.val is None


@pytest.mark.parametrize('value', [np.float32(2), 2.0, [[2.0]], np.ones((7, 1))])
def test_a_loss_takes_numbers_and_batches(value):
    data = Data('loss', (1, 1))
    data.val = value
    assert isinstance(data.val, np.ndarray | np.floating)      # a number where it has no axes, as in 0.0.3
    assert f'{data.val.mean():11.6f}'


def test_a_loss_formats_as_a_number():
    loss = Data('loss', (1, 1), val=1.25)
    assert f'{loss.val:11.6f}' == '   1.250000'


def test_floats_take_the_precision_and_integers_stay():
    assert Data('a', (1, 2), [[1.0, 2.0]]).val.dtype == np.float32
    assert Data('a', (1, 2), [[1, 2]]).val.dtype.kind == 'i'
    assert Data('a', (1, 2), [[True, False]]).val.dtype == bool
    with use_precision('float64'):
        assert Data('a', (1, 2), np.ones((1, 2), np.float32)).val.dtype == np.float64


def test_values_go_to_the_current_device():
    with use_backend('strict'):
        data = Data('a', (1, 2), np.ones((3, 2)))
        assert not isinstance(data.val, np.ndarray)
        data.deriv += 1
        data.unfreeze()
        data.update()
        assert data.val.get().shape == (3, 2)
    moved = Data('b', (1, 2))
    moved.val = data.val
    assert isinstance(moved.val, np.ndarray)


@pytest.mark.parametrize('value', ['text', [[1, 2], [3]], np.array(['a']), np.ones(2, complex), object()])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(BackendError, match="The value of Data 'x' should"):
        Data('x', (1, 2), value)


def test_a_derivative_takes_the_shape_of_the_value():
    data = Data('x', (1, 3), np.ones((4, 3)))
    assert data.deriv.shape == (4, 3)
    data.deriv += np.ones((4, 3))
    data.deriv += 1
    np.testing.assert_array_equal(data.deriv, np.full((4, 3), 2))
    data.deriv = 5
    np.testing.assert_array_equal(data.deriv, np.full((4, 3), 5))
    with pytest.raises(ShapeError, match='derivative'):
        data.deriv = np.ones((2, 3))
    data.val = np.ones((2, 3))
    assert not data.deriv.any()
    assert data.deriv.shape == (2, 3)


def test_contributions_add_up_without_spoiling_one_another():
    data = Data('x', (1, 2), np.ones((3, 2)))
    first, second = np.ones((3, 2), np.float32), np.full((3, 2), 2, np.float32)
    data.add_deriv(first)
    data.add_deriv(second)
    data.add_deriv(second)
    assert (data.deriv == 5).all()
    assert (first == 1).all()
    assert (second == 2).all()


def test_a_broadcast_derivative_is_summed():
    data = Data('x', (1, 2), np.ones((1, 2)))
    data.add_deriv(np.ones((5, 2), np.float32))
    np.testing.assert_array_equal(data.deriv, [[5, 5]])


def test_one_number_in_many_places_lies_as_the_value_does():
    values = np.ones((2, 4, 4, 3), np.float32).transpose(0, 3, 1, 2)
    data = Data('x', (1, 3, 4, 4), values)
    for _ in range(2):
        data.add_deriv(np.broadcast_to(np.arange(3, dtype=np.float32)[:, None, None], values.shape))
        assert data.deriv.strides == values.strides
    np.testing.assert_array_equal(data.deriv[1, :, 2, 3], [0, 2, 4])


def test_one_number_in_many_places_of_integers():
    data = Data('x', (1, 4), np.ones((3, 4), int))
    data.add_deriv(np.broadcast_to(np.float32(0.5), (3, 4)))
    np.testing.assert_array_equal(data.deriv, np.full((3, 4), 0.5))


def test_large_contributions_are_added_on_all_cores():
    data = Data('x', (1, 1 << 20), np.ones((2, 1 << 20)))
    contributions = [np.full(data.val.shape, k, np.float32) for k in (1, 2, 4)]
    for contribution in contributions:
        data.add_deriv(contribution)
    assert (data.deriv == 7).all()
    assert [contribution.max() for contribution in contributions] == [1, 2, 4]


def test_frozen_data_only_clear():
    data = Data('x', (1, 2), np.ones((1, 2)))
    data.deriv += 1
    data.update()
    assert (data.val == 1).all()
    assert not data.deriv.any()


def test_not_a_number_does_not_survive_clearing():
    data = Data('x', (1, 2), np.ones((1, 2)))
    data.deriv = np.nan
    data.clear_grads()
    assert (data.deriv == 0).all()


def test_freezing_keeps_the_optimizer_until_another_is_given():
    data = Data('x', (1, 2), np.ones((1, 2)), is_frozen=False,
                optimizer_details={'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.5}})
    data.deriv += 1
    data.update()
    optimizer = data.optimizer
    data.freeze()
    data.unfreeze()
    assert data.optimizer is optimizer
    data.unfreeze({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.5}})
    assert data.optimizer is optimizer
    data.unfreeze({'optimizer_name': 'SGD', 'hyperparameters': {}})
    assert str(data.optimizer) == 'SGD'


def test_an_update_without_a_value_is_refused():
    with pytest.raises(MissingValueError, match=r"Data 'x'.*Set .val"):
        Data('x', (1, 2), is_frozen=False).update()
    with pytest.raises(MissingValueError, match='int64'):
        Data('x', (1, 2), [[1, 2]], is_frozen=False).update()


@pytest.mark.parametrize(('options', 'error', 'match'), [
    ({'ID': ''}, NodeTypeError, 'ID'),
    ({'ID': 3}, NodeTypeError, 'ID'),
    ({'shape': 3}, ShapeError, 'tuple'),
    ({'shape': (1, 2.5)}, ShapeError, 'whole numbers'),
    ({'shape': (1, -2)}, ShapeError, 'whole numbers'),
    ({'learning_rate': -1}, OptionError, 'learning rate'),
    ({'learning_rate': 'fast'}, OptionError, 'learning rate'),
    ({'is_regularized': True}, OptionError, 'regularizer_details'),
    ({'regularizer_details': {'reg_name': 'L3', 'reg_strength': 1}}, UnknownNameError, "'L1'"),
    ({'regularizer_details': {'reg_name': 'L2'}}, OptionError, 'reg_strength'),
    ({'optimizer_details': {'optimizer_name': 'Adm'}}, UnknownNameError, 'Adam'),
])
def test_bad_options(options, error, match):
    with pytest.raises(error, match=match):
        Data(**{'ID': 'x', 'shape': (1, 2)} | options)


def test_printing_lists_the_attributes():
    text = str(Data('x', (1, 2), np.ones((3, 2))))
    for word in ('ID', 'shape', 'is_frozen', 'optimizer', 'learning_rate', 'regularizer', 'input', 'outputs', 'val',
                 'deriv'):
        assert word in text


class Named(np.ndarray):
    """Somebody's own kind of array."""


@pytest.mark.parametrize('assigned', [lambda array: array, memoryview, lambda array: array.view(Named)])
def test_a_parameter_never_writes_into_what_was_assigned(assigned):
    module = MatMul('m', [Data('x', (1, 2))], out_features=2, learning_rate=1,
                    optimizer_details={'optimizer_name': 'SGD'})
    array = np.ones((2, 2), np.float32)
    module.W.val = assigned(array)
    held = module.W.val
    module.W.deriv = array
    module.update()
    np.testing.assert_array_equal(array, 1)
    assert type(held) is np.ndarray
    assert module.W.val is held
    assert not held.any()


def test_a_value_taken_from_another_net_stays():
    net, other = two_layers(), two_layers()
    other.get_node('m1').W.val = net.get_node('m1').W.val
    before = other.get_node('m1').W.val.copy()
    step(net)
    np.testing.assert_array_equal(other.get_node('m1').W.val, before)


def test_details_that_are_changed_later_are_other_details():
    details = {'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 0.9}}
    x = Data('x', (1, 3), is_frozen=False, optimizer_details=details)
    first = x.optimizer
    x.unfreeze(details)
    assert x.optimizer is first
    details['hyperparameters']['beta1'] = 0.5
    x.unfreeze(details)
    assert x.optimizer.beta1 == 0.5


def test_numbers_of_numpy_are_numbers():
    x = Data('x', (1, 2), np.ones((1, 2)), is_frozen=False, learning_rate=np.float64(0.5), is_regularized=True,
             optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {'momentum': np.float32(0.5)}},
             regularizer_details={'reg_name': 'L2', 'reg_strength': np.float32(0.25)})
    x.update()
    np.testing.assert_array_equal(x.val, [[0.75, 0.75]])
    assert type(x.regularizer.reg_strength) is type(x.optimizer.momentum) is float


def test_a_node_that_is_no_longer_frozen_learns():
    x = Data('x', (1, 2), np.ones((1, 2)), learning_rate=0.5,
             optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
    x.is_frozen = False                 # in place of x.unfreeze()
    x.deriv = np.ones((1, 2))
    x.update()
    np.testing.assert_array_equal(x.val, [[0.5, 0.5]])
