"""Verdicts: what is right passes, what is wrong does not, kinks and noise are called what they are."""

import math

import numpy as np
import pytest

from deepfusion.checking.numeric import Line, Scale, compare, measure_amplification
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu, Sigmoid, Tanh
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.errors import NodeTypeError, OptionError
from deepfusion.utils.grad_check import check_module, check_net, gradient_checker

SCALE = Scale(tolerance=1e-5, largest=1.0, zero=1e-7)


def line_of(function, point):
    """A function of one number as a line through a point."""
    return Line(lambda t: [np.asarray(function(point + t))], [np.asarray(function(point))], [np.asarray(1.0)])


@pytest.mark.parametrize(('function', 'point', 'slope'), [
    (np.sin, 0.3, math.cos(0.3)), (np.exp, -3.0, math.exp(-3.0)), (np.abs, 1e-9, 1.0), (np.square, 1e4, 2e4),
    (np.log, 1e-4, 1e4), (np.tanh, 15.0, 4 * math.exp(-30.0)), (lambda x: 1e6 + x ** 3, 2.0, 12.0),
    (lambda x: 0 * x, 1.0, 0.0),
])
def test_one_derivative(function, point, slope):
    assert compare(line_of(function, point), slope, 1e-6, SCALE).verdict == 'ok'
    for wrong in (slope * 1.001, -slope, 2 * slope) if abs(slope) > 1e-7 else (0.1,):
        assert compare(line_of(function, point), wrong, 1e-6, SCALE).verdict == 'wrong'


@pytest.mark.parametrize(('analytic', 'verdict'), [(-1.0, 'kink'), (0.0, 'ok'), (0.7, 'kink'), (1.0, 'kink'),
                                                   (1.1, 'wrong'), (-2.0, 'wrong')])
def test_at_a_kink_any_slope_between_both_is_accepted(analytic, verdict):
    found = compare(line_of(abs, 0.0), analytic, 1e-6, SCALE)
    assert found.verdict in (verdict, 'kink' if verdict == 'ok' else verdict)
    assert found.is_kink or verdict == 'ok'


def test_noise_is_called_noise():
    rng = np.random.default_rng(0)
    noisy = line_of(lambda x: np.sin(x) + 1e-3 * rng.standard_normal(), 0.3)
    noisy.amplification = lambda: measure_amplification(noisy)
    assert 1e11 < noisy.amplification() < 1e14
    assert compare(noisy, math.cos(0.3), 1e-6, SCALE).verdict == 'inconclusive'
    assert compare(noisy, 0.5, 1e-6, SCALE).verdict == 'inconclusive'


def test_noise_is_measured():
    def rough(x):
        return float(np.float32(1.0 + x))       # a function that rounds to float32

    assert 1e7 < measure_amplification(line_of(rough, 0.3)) < 1e10 or measure_amplification(line_of(rough, 0.3)) == 1.0
    assert measure_amplification(line_of(np.sin, 0.3)) < 100


class Single(Module):
    """Computes in float32 whatever it is given."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return xp.sin(x.astype('float32')).astype(x.dtype), (x,)

    def differentiate(self, xp, deriv, x):
        return (deriv * xp.cos(x),), {}


def test_a_module_that_computes_in_float32_is_not_wrong():
    report = check_module(Single('m', [Data('x', (1, 4))]), verbose=False)
    assert report.verdict in ('ok', 'inconclusive')


# -- Kinks ------------------------------------------------------------------------------------------------------------

def test_a_few_kinks_pass_and_are_counted():
    value = np.random.default_rng(0).standard_normal((4, 6))
    value[0, 0] = value[2, 3] = 0
    report = check_module(Relu('m', [Data('x', (1, 6), val=value)]), verbose=False)
    assert report.verdict == 'kink'
    assert report.tensors[0].kinks == 2
    assert report.tensors[0].checked == 24
    assert report


def test_too_many_kinks_are_inconclusive():
    report = check_module(Relu('m', [Data('x', (1, 6), val=np.zeros((4, 6)))]), verbose=False)
    assert report.verdict == 'inconclusive'
    assert not report
    assert not report.faults


class SteepAtZero(Module):
    """max(x, 0), with the slope 5 at 0."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return xp.maximum(x, 0), (x,)

    def differentiate(self, xp, deriv, x):
        return (deriv * ((x > 0) + 5 * (x == 0)),), {}


def test_a_wrong_slope_at_a_kink():
    value = np.random.default_rng(0).standard_normal((4, 6))
    value[1, 2] = 0
    report = check_module(SteepAtZero('m', [Data('x', (1, 6), val=value)]), verbose=False)
    assert report.verdict == 'wrong'
    assert report.tensors[0].index == (1, 2)


def test_ties_of_a_maximum():
    picture = np.round(np.random.default_rng(0).random((2, 3, 6, 6)))
    x = Data('x', (1, 3, 6, 6), val=picture)
    pooled = MaxPool('pool', [x], filter_size=2, stride=2).output
    net = Net('net', [SumLoss('loss', [Tanh('t', [pooled]).output]).output])
    report = check_net(net, verbose=False)
    assert report['x'].kinks > 0
    assert not report.faults
    assert report.verdict in ('kink', 'inconclusive')


def test_kinks_near_the_point_are_no_trouble():
    value = np.random.default_rng(0).standard_normal((40, 30)) * 1e-5       # many closer to 0 than the first step
    assert check_module(Relu('m', [Data('x', (1, 30), val=value)]), method='full', verbose=False).verdict == 'ok'


# -- Scales -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('scale', [1e-4, 1.0, 1e4])
def test_inputs_of_any_scale(scale):
    class Halved(Tanh):
        def differentiate(self, xp, deriv, y):
            (dx,), _ = super().differentiate(xp, deriv, y)
            return (dx * 1.001,), {}

    for cls, verdict in ((Tanh, 'ok'), (Halved, 'wrong')):
        x = Data('x', (1, 3), val=scale * np.random.default_rng(0).standard_normal((4, 3)))
        y = Data('y', (1, 2), val=np.zeros((4, 2)))
        hidden = cls('hidden', [MatMul('first', [x], out_features=5).output]).output
        net = Net('net', [MSELoss('loss', [MatMul('last', [hidden], out_features=2).output, y]).output])
        report = check_net(net, verbose=False)
        assert report.first_faulty == (None if verdict == 'ok' else 'hidden')
        if scale <= 1:
            assert report.verdict == verdict


def test_a_derivative_that_is_zero_but_for_rounding():
    x = Data('x', (1, 2, 5, 5), val=np.random.default_rng(0).standard_normal((4, 2, 5, 5)))
    conv = Conv2D('conv', [x], filter_size=3, filter_count=3)
    net = Net('net', [SumLoss('loss', [Sigmoid('s', [BatchNorm('norm', [conv.output]).output]).output]).output])
    for method in ('full', 'directional'):
        report = check_net(net, method=method, verbose=False)
        assert report.verdict == 'ok', str(report)
        assert report['conv_b'].is_zero
    assert gradient_checker(net, conv.b, verbose=False)


def test_a_saturated_point_does_not_hide_a_mistake():
    class Wrong(Sigmoid):
        def differentiate(self, xp, deriv, *saved):
            (dx,), _ = super().differentiate(xp, deriv, *saved)
            return (2 * dx,), {}

    value = 1e3 * np.ones((2, 3))           # where every derivative is 0
    assert check_module(Sigmoid('m', [Data('x', (1, 3), val=value)]), verbose=False)
    assert not check_module(Wrong('m', [Data('x', (1, 3), val=value)]), verbose=False)


# -- Methods ----------------------------------------------------------------------------------------------------------

class Slightly(MatMul):
    """3 % too much in the weight's derivative."""

    def differentiate(self, xp, deriv, *saved):
        derivs, parameters = super().differentiate(xp, deriv, *saved)
        return derivs, parameters | {'W': 1.03 * parameters['W']}


def two_layers(cls):
    """A small smooth net."""
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    hidden = Tanh('hidden', [cls('first', [x], out_features=5).output]).output
    return Net('net', [SumLoss('loss', [MatMul('last', [hidden], out_features=2).output]).output])


@pytest.mark.parametrize('method', ['full', 'directional', 'taylor', 'complex', 'auto'])
def test_every_method_tells_right_from_wrong(method):
    np.random.seed(0)
    right, wrong = two_layers(MatMul), two_layers(Slightly)
    assert check_net(right, method=method, verbose=False).verdict == 'ok'
    report = check_net(wrong, method=method, verbose=False)
    assert report.verdict == 'wrong'
    assert report.first_faulty == 'first'
    assert report['first_W'].verdict == 'wrong'
    assert report['last_W'].verdict == 'ok'


def test_taylor_tells_orders():
    np.random.seed(0)
    assert gradient_checker(two_layers(MatMul), 'first_W', method='taylor', verbose=False).tensors[0].order > 1.9
    assert gradient_checker(two_layers(Slightly), 'first_W', method='taylor', verbose=False).tensors[0].order < 1.1
    linear = gradient_checker(two_layers(MatMul), 'last_W', method='taylor', verbose=False).tensors[0]
    assert linear.verdict == 'ok'
    assert linear.order is None             # no remainder at all


def test_complex_steps_have_no_numeric_error_and_fall_back_where_they_must():
    np.random.seed(0)
    report = gradient_checker(two_layers(MatMul), 'first_W', method='complex', verbose=False)
    assert report.tensors[0].method == 'complex'
    assert report.tensors[0].max_error < 1e-13
    assert gradient_checker(two_layers(Slightly), 'first_W', method='complex', verbose=False).verdict == 'wrong'
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    net = Net('net', [SumLoss('loss', [Modulus('m', [x]).output]).output])
    report = gradient_checker(net, x, method='complex', verbose=False)
    assert report.verdict == 'ok'
    assert report.tensors[0].method == 'full'


class Modulus(Module):
    """|x|, whose complex version is not analytic."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return abs(x), (x,)

    def differentiate(self, xp, deriv, x):
        return (deriv * xp.sign(x),), {}


def test_the_step_is_that_of_the_contract():
    x = Data('x', (1, 3), val=100 * np.random.default_rng(0).standard_normal((4, 3)))
    net = Net('net', [SumLoss('loss', [x]).output])
    report = gradient_checker(net, x, h=1e-5, verbose=False)
    assert report.tensors[0].steps[0] == pytest.approx(1e-5 * np.sqrt(np.mean(x.val ** 2)))


def test_entries_can_be_sampled():
    x = Data('x', (1, 30), val=np.random.default_rng(0).standard_normal((4, 30)))
    net = Net('net', [SumLoss('loss', [Tanh('t', [x]).output]).output])
    assert gradient_checker(net, x, entries=7, verbose=False).tensors[0].checked == 7
    assert gradient_checker(net, x, verbose=False).tensors[0].checked == 120


class Root(Module):
    """sqrt(x), which refuses what is negative."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        if bool((x < 0).any()):
            raise ValueError('expected no negative numbers')
        return xp.sqrt(x), (x,)

    def differentiate(self, xp, deriv, x):
        return (deriv / (2 * xp.sqrt(x)),), {}


def test_where_a_function_ends():
    value = np.array([[1.0, 2.0], [3.0, 0.5]])
    assert check_module(Root('m', [Data('x', (1, 2), val=value)]), verbose=False).verdict == 'ok'
    for small, verdicts in ((1e-7, ['ok']), (1e-9, ['ok', 'inconclusive'])):
        value[0, 0] = small
        assert check_module(Root('m', [Data('x', (1, 2), val=value)]), verbose=False).verdict in verdicts
    value[0, 0] = 0.0
    report = check_module(Root('m', [Data('x', (1, 2), val=value)]), verbose=False)
    assert not report
    assert 'negative' in str(report) or 'finite' in str(report)


class Tied(Module):
    """x times another module's weight, which is none of its parameters, and a module among its attributes."""

    def __init__(self, ID, inputs, other):
        self.weight = other.W
        super().__init__(ID, inputs)

    def output_shape(self, shape):
        return (1, self.weight.shape[1])

    def compute(self, xp, x):
        return x @ self.weight.val, (self.weight.val,)

    def differentiate(self, xp, deriv, W):
        return (deriv @ W.T,), {}


def test_a_module_that_looks_at_another_ones_parameter():
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    first = MatMul('first', [x], out_features=3)
    end = Tanh('t', [Tied('tied', [first.output], first).output]).output
    report = check_net(Net('net', [SumLoss('loss', [end]).output]), verbose=False)
    assert report['x']
    assert report.faulty_modules == []
    assert report['first_W'].verdict in ('ok', 'wrong')


def test_a_loss_that_is_not_finite_is_said_to_be():
    x = Data('x', (1, 2), val=np.array([[1.0, np.inf]]))
    report = check_net(Net('net', [SumLoss('loss', [x]).output]), verbose=False)
    assert not report
    assert 'not finite' in report['x'].note


def test_arguments_of_the_wrong_kind():
    net = two_layers(MatMul)
    module = net.get_node('first')
    for check, message in [
            (lambda: gradient_checker(module, net.get_node('x')), "a net; found MatMul 'first'. Use check_module"),
            (lambda: check_net(None), 'expected a net; found None. Make a Net'),
            (lambda: check_module(module, batch=0), 'expected batch to be a whole number above 0; found 0'),
            (lambda: check_module(module, batch='a'), "found 'a'"),
            (lambda: check_net(net, h='a'), "expected h above 0; found 'a'"),
            (lambda: check_net(net, seed='a'), "expected seed to be a whole number; found 'a'")]:
        with pytest.raises((NodeTypeError, OptionError), match=message):
            check()
