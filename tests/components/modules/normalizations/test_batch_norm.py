"""Batch normalization, against PyTorch: values, gradients, running statistics and what freezing does to them."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.errors import OptionError, ShapeError
from deepfusion.functional.batch_norm import channel_statistics
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, make, run


def reference(**options):
    def batch_norm(torch, x, p, mode):
        channels = x[0].shape[1]
        return torch.nn.functional.batch_norm(
            x[0], torch.zeros(channels).double(), torch.ones(channels).double(), p['gamma'].flatten(),
            p['beta'].flatten(), training=mode == 'train', **options)
    return batch_norm


class TestBatchNorm(ModuleTests):
    cases = (
        Case('vector', lambda inputs: BatchNorm('m', inputs), [(1, 4)], reference(), batches=(2, 5)),
        Case('1d', lambda inputs: BatchNorm('m', inputs), [(1, 3, 4)], reference()),
        Case('2d', lambda inputs: BatchNorm('m', inputs), [(1, 3, 2, 3)], reference()),
        Case('3d', lambda inputs: BatchNorm('m', inputs), [(1, 2, 2, 1, 3)], reference()),
        Case('epsilon', lambda inputs: BatchNorm('m', inputs, epsilon=0.1, momentum=0.5), [(1, 3, 2, 2)],
             reference(eps=0.1)),
    )


def layer(shape=(1, 3, 2, 2), **options):
    return BatchNorm('m', [Data('x', shape)], **options)


def step(module, value):
    module.inputs[0].val = value
    module.forward()
    return module.output.val


def test_running_statistics_are_pytorchs():
    torch = pytest.importorskip('torch')
    rng = np.random.default_rng(0)
    with use_precision('float64'):
        module, other = layer(momentum=0.3), torch.nn.BatchNorm2d(3, momentum=0.3).double()
        for _ in range(3):
            x = 5 + 2 * rng.standard_normal((4, 3, 2, 2))
            step(module, x)
            other(torch.tensor(x))
        close(module.running_mean, other.running_mean.numpy(), 1e-12, 'mean')
        close(module.running_var, other.running_var.numpy(), 1e-12, 'variance')
        module.set_mode('test')
        other.eval()
        close(step(module, x), other(torch.tensor(x)).detach().numpy(), 1e-12, 'value in testing')


@pytest.mark.parametrize(('is_frozen', 'freeze_statistics', 'moves'), [
    (False, None, True), (True, None, False), (True, False, True), (False, True, False)])
def test_what_freezes_the_statistics(is_frozen, freeze_statistics, moves):
    x = 3 + np.random.default_rng(0).standard_normal((4, 3, 2, 2)).astype(np.float32)
    module = layer(is_frozen=is_frozen, freeze_statistics=freeze_statistics)
    assert module.gamma.is_frozen == module.beta.is_frozen == is_frozen
    y = step(module, x)
    assert (module.running_mean != 0).all() == moves
    np.testing.assert_allclose(y.mean(), 0 if moves else x.mean(), atol=1e-4)
    module.set_mode('test')
    before = module.running_mean
    step(module, x)
    assert module.running_mean is before


def test_freezing_and_unfreezing_later():
    x = np.random.default_rng(0).standard_normal((4, 3, 2, 2))
    module = layer()
    module.freeze()
    step(module, x)
    assert (module.running_var == 1).all()
    module.freeze_statistics = False
    step(module, x)
    assert (module.running_var != 1).all()
    module.unfreeze()
    module.freeze_statistics = True
    before = module.running_var.copy()
    step(module, x)
    np.testing.assert_array_equal(module.running_var, before)


def test_frozen_statistics_have_the_derivative_of_testing():
    values = TestBatchNorm.cases[2].inputs(3)
    with use_precision('float64'):
        testing, frozen = make(TestBatchNorm.cases[2], 'test'), make(TestBatchNorm.cases[2], 'train')
        frozen.freeze_statistics = True
        expected, found = run(testing, values), run(frozen, values)
        np.testing.assert_array_equal(found.inputs[0], expected.inputs[0])
        frozen._needs = ({0}, set())        # as in a backward pass that asks for inputs alone
        np.testing.assert_array_equal(run(frozen, values).inputs[0], expected.inputs[0])


@pytest.mark.parametrize('shape', [(2, 4), (3, 70, 5), (2, 3, 40, 60), (64, 64, 8, 8)])
@pytest.mark.parametrize('last', [False, True])
def test_statistics_of_values_far_from_zero(shape, last):
    rng = np.random.default_rng(0)
    x = (1e4 + rng.standard_normal(shape)).astype(np.float32)
    if last:
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    mean, variance = channel_statistics(x)
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(mean, x.astype(float).mean(axes), rtol=2e-7)
    np.testing.assert_allclose(variance, x.astype(float).var(axes), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('last', [False, True])
def test_large_arrays_go_in_blocks_and_keep_their_order_of_memory(last):
    torch = pytest.importorskip('torch')
    rng = np.random.default_rng(0)
    x, d = rng.standard_normal((2, 24, 48, 20, 18))
    if last:
        x, d = (np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (x, d))
    with use_precision('float64'):
        module = layer((1, 48, 20, 18))
        result = run(module, [x], d)
        (dx,), _ = module.differentiate(np, d, *module._saved)
        assert module.output.val.strides == dx.strides == x.strides
    tensor = torch.tensor(x, requires_grad=True)
    gamma = torch.ones(48, requires_grad=True, dtype=torch.float64)
    y = torch.nn.functional.batch_norm(tensor, None, None, gamma, training=True)
    dx, dgamma = torch.autograd.grad(y, [tensor, gamma], torch.tensor(d))
    close(result.value, y.detach().numpy(), 1e-12, 'value')
    close(result.inputs[0], dx.numpy(), 1e-12, 'input')
    close(result.parameters['gamma'].ravel(), dgamma.numpy(), 1e-12, 'gamma')


@settings(deadline=None, max_examples=20)
@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=5), order=st.permutations(range(5)))
def test_any_shape_in_any_order_of_memory(shape, order):
    order = [i for i in order if i < len(shape)]
    x = np.random.default_rng(0).standard_normal(shape)
    view = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
    axes = (0, *range(2, x.ndim))
    mean, variance = channel_statistics(view)
    np.testing.assert_allclose(mean, x.mean(axes), atol=1e-12)
    np.testing.assert_allclose(variance, x.var(axes), atol=1e-12)


def test_one_value_per_channel_cannot_be_trained_on():
    module = layer((1, 3))
    with pytest.raises(ShapeError, match=r"BatchNorm 'm': expected more than one value per channel.*\(1, 3\)"):
        step(module, np.ones((1, 3)))
    assert (module.running_mean == 0).all()
    module.freeze_statistics = True
    assert step(module, np.ones((1, 3))).shape == (1, 3)


@pytest.mark.parametrize('batch', [0, 1])
def test_testing_takes_batches_of_any_size(batch):
    module = layer()
    module.set_mode('test')
    assert step(module, np.ones((batch, 3, 2, 2))).shape == (batch, 3, 2, 2)


@pytest.mark.parametrize(('options', 'sentence'), [
    ({'epsilon': 0}, 'expected epsilon to be a number above 0; found 0'),
    ({'epsilon': None}, 'expected epsilon to be a number above 0; found None'),
    ({'momentum': 1.5}, 'expected momentum from 0 to 1; found 1.5'),
    ({'momentum': None}, 'expected momentum from 0 to 1; found None'),
])
def test_refused_options(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        layer(**options)


@pytest.mark.parametrize('shape', [(3,), (1, 2, 2, 2, 2, 2)])
def test_refused_ranks(shape):
    with pytest.raises(ShapeError, match=r"BatchNorm 'm': expected an input of rank 2 to 5.*'x' of shape"):
        layer(shape)


@settings(deadline=None, max_examples=20)
@given(batch=st.integers(2, 5), channels=st.integers(1, 6), places=st.lists(st.integers(1, 4), max_size=3),
       momentum=st.floats(0, 1), epsilon=st.floats(1e-6, 1), frozen=st.sampled_from([None, True, False]),
       mode=st.sampled_from(['train', 'test']))
def test_options_and_sizes(batch, channels, places, momentum, epsilon, frozen, mode):
    torch = pytest.importorskip('torch')
    x, d = np.random.default_rng(0).standard_normal((2, batch, channels, *places))
    with use_precision('float64'):
        module = layer((1, channels, *places), momentum=momentum, epsilon=epsilon, freeze_statistics=frozen)
        module.set_mode(mode)
        result = run(module, [x], d)
    mean, variance = torch.zeros(channels).double(), torch.ones(channels).double()
    tensor = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.batch_norm(tensor, mean, variance, training=mode == 'train' and not frozen,
                                       momentum=momentum, eps=epsilon)
    close(result.value, y.detach().numpy(), 1e-10, 'value')
    close(result.inputs[0], torch.autograd.grad(y, tensor, torch.tensor(d))[0].numpy(), 1e-9, 'input')
    close(module.running_mean, mean.numpy(), 1e-12, 'mean')
    close(module.running_var, variance.numpy(), 1e-12, 'variance')


def test_the_switch_and_the_statistics_are_saved_and_copied(tmp_path):
    module = layer(freeze_statistics=True)
    net = Net('net', [module.output])
    module.freeze_statistics = False
    step(module, np.random.default_rng(0).standard_normal((4, 3, 2, 2)))
    net.save(tmp_path / 'net')
    for other in (Net.load(tmp_path / 'net'), copy.deepcopy(net)):
        twin = other.get_node('m')
        assert twin.freeze_statistics is False
        np.testing.assert_array_equal(twin.running_var, module.running_var)
        assert twin.running_var is not module.running_var
    net.to(precision='float64')
    assert module.running_mean.dtype == np.float64
    net.freeze()
    assert module.uses_batch
    module.freeze_statistics = None
    assert not module.uses_batch
