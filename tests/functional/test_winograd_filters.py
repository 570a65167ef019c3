"""Transformed filters are used again exactly as long as the filters stay the same."""

import copy

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.functional import winograd_filters
from deepfusion.functional.convolution import use_algorithm
from deepfusion.functional.winograd_filters import Filters
from deepfusion.utils.backend import use_precision

SIZES = [(16, 20), (140, 130), (128, 192)]       # few filters, transformed at once; many, in slabs; in panels


def make(channels=16, filters=20, normed=False, **options):
    """A net with one convolution, and perhaps a batch norm that is folded into it, which gives 'out'."""
    rng = np.random.default_rng(0)
    x = Data('x', (1, channels, 9, 8), val=rng.standard_normal((6, channels, 9, 8)))
    out = Data('out', (1, filters, 9, 8))
    conv = Conv2D('conv', [x], None if normed else out, filter_size=3, filter_count=filters, padding=1, **options)
    if normed:
        BatchNorm('norm', [conv.output], out)
    net = Net('net', [SumLoss('loss', [out]).output])
    net.set_mode('test')
    return net, conv


def kept(conv):
    return conv._kept._found is not None


def exact(net, conv):
    """The output by another way, the filters being what they are."""
    with use_algorithm('im2col'):
        net.forward()
        return conv.output.val.copy()


def assert_right(net, conv):
    net.forward()
    found = conv.output.val.copy()
    expected = exact(net, conv)
    assert abs(found - expected).max() < 1e-4 * abs(expected).max()


@pytest.mark.parametrize(('channels', 'filters'), SIZES)
def test_from_the_second_pass_on(channels, filters):
    net, conv = make(channels, filters)
    states = []
    for _ in range(4):
        net.forward()
        states.append(kept(conv))
    assert states == [False, True, True, True]
    assert_right(net, conv)


def change_one(F):
    F[2, 1, 0, 1] += 100.0


def swap_filters(F):
    F[[0, 1]] = F[[1, 0]]


def scale_all(F):
    F *= 2


@pytest.mark.parametrize('change', [change_one, swap_filters, scale_all])
@pytest.mark.parametrize(('channels', 'filters'), SIZES)
def test_changes_in_place_are_noticed(channels, filters, change):
    net, conv = make(channels, filters)
    F = conv.F.val
    for _ in range(3):
        net.forward()
    before = conv.output.val.copy()
    change(F)
    assert_right(net, conv)
    net.forward()
    assert abs(conv.output.val - before).max() > 1e-3


def drop(conv):
    """Writes, and holds nothing afterwards."""
    change_one(conv.F.val)


def assign(conv):
    F = conv.F.val.copy()
    change_one(F)
    conv.F.val = F


def step(conv):
    """One number moves, by an update."""
    conv.unfreeze()
    conv.set_learning_rate(1.0)
    conv.F.deriv[2, 1, 0, 1] = 100.0
    conv.F.update()


def write_by_a_view(conv):
    conv.F.val.reshape(-1)[100:101] += 7.0


@pytest.mark.parametrize('change', [drop, assign, step, write_by_a_view])
@pytest.mark.parametrize('normed', [False, True])
def test_whoever_may_have_written_is_not_trusted(change, normed):
    net, conv = make(normed=normed, optimizer_details={'optimizer_name': 'SGD'})
    for _ in range(2):
        for _ in range(4):
            net.forward()
        assert kept(conv)
        before = net.get_node('out').val.copy()
        change(conv)
        net.forward()
        assert abs(net.get_node('out').val - before).max() > 1e-3 * abs(before).max()
        assert_right(net, net.get_node('out').input)


def test_a_view_taken_long_ago_may_write():
    net, conv = make()
    part = conv.F.val[2, 1]
    for _ in range(4):
        net.forward()
    before = conv.output.val.copy()
    part[0, 1] += 100.0
    del part
    net.forward()
    assert abs(conv.output.val - before).max() > 1


@pytest.mark.parametrize('normed', [False, True])
def test_filters_that_nobody_holds_are_compared_once(normed, monkeypatch):
    compared = []
    monkeypatch.setattr(winograd_filters, '_same', lambda *filters: compared.append(1) or True)
    net, conv = make(normed=normed)
    for _ in range(6):
        net.forward()
        net.backward(wrt=[net.get_node('x')])
    assert len(compared) == 0
    conv.F.val.mean()
    for _ in range(3):
        net.forward()
    assert len(compared) == 1
    held = conv.F.val
    for _ in range(3):
        net.forward()
    assert len(compared) == 4
    del held
    for _ in range(3):
        net.forward()
    assert len(compared) == 5


@pytest.mark.parametrize(('channels', 'filters'), SIZES)
def test_backward_is_the_same(channels, filters):
    net, conv = make(channels, filters)
    derivs = []
    for _ in range(2):
        net.clear_grads()
        net.forward()
        net.backward()
        derivs.append([data.deriv.copy() for data in (net.get_node('x'), conv.F, conv.b)])
    assert kept(conv)
    for first, second in zip(*derivs, strict=True):
        np.testing.assert_allclose(second, first, rtol=0, atol=2e-5 * abs(first).max())


def test_training_keeps_nothing():
    net, conv = make()
    net.set_learning_rate(1e-3)
    for _ in range(4):
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        assert not kept(conv)


def test_other_algorithm_and_precision():
    net, conv = make()
    for algorithm in ('winograd4', 'winograd2', 'winograd2', 'winograd4', 'winograd4'):
        with use_algorithm(algorithm):
            assert_right(net, conv)
            assert_right(net, conv)
    net.to(precision='float64')
    with use_algorithm('winograd4'):
        assert_right(net, conv)


def test_a_copy_keeps_its_own():
    net, conv = make()
    for _ in range(3):
        net.forward()
    twin = copy.deepcopy(net)
    assert not kept(twin.get_node('conv'))
    twin.get_node('conv').F.val *= 3
    twin.forward()
    assert kept(conv)
    assert_right(twin, twin.get_node('conv'))


# whole slabs of panels, a slab of one panel, a ragged slab, rows beyond those of narrow panels, too many for any
MANY = [(256, 128), (130, 160), (131, 150), (520, 128), (40, 520), (1400, 64)]


@pytest.mark.parametrize('transposed', [False, True])
@pytest.mark.parametrize(('channels', 'filters'), MANY)
@pytest.mark.parametrize(('places', 'by_image'), [(1, False), (64, True), (67, False), (130, True)])
def test_many_filters_times_points(channels, filters, places, by_image, transposed):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((filters, channels, 3, 3)).astype('float32')
    many = Filters(np, weight, 4, transposed)
    assert not many.few
    rows, _, columns = many.taps.shape
    shape = (places, 36, rows) if by_image else (36, places, rows)
    V = rng.standard_normal(shape).astype('float32')
    V = V.swapaxes(0, 1) if by_image else V
    found = many.times(V, np.empty((36, places, columns), 'float32'))
    expected = V @ np.einsum('pt,rtc->prc', many.G, many.taps)
    assert abs(found - expected).max() < 1e-5 * abs(expected).max()
    many.transform()
    by_image_too = np.empty((places, 36, columns), 'float32').swapaxes(0, 1)
    np.testing.assert_allclose(many.times(V, by_image_too), found, rtol=0, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize(('channels', 'filters'), [*MANY, (300, 300)])
@pytest.mark.parametrize('tiles', [1, 64, 130])
def test_derivatives_of_many_filters(channels, filters, tiles):
    """Few tiles meet some filters and channels at a time, more tiles all channels and as many filters as there is room
    for."""
    rng = np.random.default_rng(0)
    many = Filters(np, np.zeros((filters, channels, 3, 3), 'float32'), 4, transposed=True)
    dM, V = (rng.standard_normal((36, tiles, size), 'float32') for size in (filters, channels))
    expected = np.einsum('poc,pt->oct', np.swapaxes(dM, 1, 2) @ V, many.G)
    assert abs(many.derivative(dM, V) - expected).max() < 1e-5 * abs(expected).max()


def test_filters_of_another_precision_are_others():
    """Also when all their numbers are the same."""
    net, conv = make()
    with use_algorithm('winograd4'):
        for _ in range(3):
            net.forward()
        net.to(precision='float64')
        with use_precision('float64'):
            net.forward()
            found, expected = conv.output.val.copy(), exact(net, conv)
    assert abs(found - expected).max() < 1e-12 * abs(expected).max()
