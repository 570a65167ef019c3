"""The report: names, words, JSON and pictures."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from deepfusion.checking.diagnosis import diagnose
from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu, Tanh
from deepfusion.components.modules.loss_functions import CosineEmbeddingLoss, LogisticLoss, MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.grad_check import GradCheckReport, check_module, check_net, gradient_checker


class Scaled(MatMul):
    """The weight's derivative is not the mean over the batch."""

    factor = 4.0

    def differentiate(self, xp, deriv, *saved):
        derivs, parameters = super().differentiate(xp, deriv, *saved)
        return derivs, parameters | {'W': self.factor * parameters['W']}


def net_with(cls):
    np.random.seed(0)
    rng = np.random.default_rng(0)
    x, y = Data('x', (1, 3), val=rng.standard_normal((4, 3))), Data('y', (1, 2), val=rng.standard_normal((4, 2)))
    h = Tanh('tanh', [MatMul('first', [x], out_features=3).output]).output
    return Net('net', [MSELoss('loss', [cls('last[1]', [h], out_features=2).output, y]).output])


@pytest.fixture
def wrong():
    return check_net(net_with(Scaled), verbose=False)


def test_names(wrong):
    assert isinstance(wrong, GradCheckReport)
    assert (bool(wrong), wrong.passed, wrong.verdict, wrong.first_faulty) == (False, False, 'wrong', 'last[1]')
    tensor = wrong['last[1]_W']
    assert tensor in wrong.tensors
    assert (tensor.ID, tensor.shape, tensor.method, tensor.verdict) == ('last[1]_W', (3, 2), 'full', 'wrong')
    assert tensor.max_error == pytest.approx(0.75, rel=1e-4)
    assert tensor.analytic == pytest.approx(4 * tensor.numeric, rel=1e-4)
    assert tensor.analytic_values[tensor.index] == tensor.analytic
    assert tensor.ratio == pytest.approx(4, rel=1e-4)
    assert tensor.cosine == pytest.approx(1, abs=1e-6)
    assert 'a factor of the batch size (4) too large' in tensor.diagnosis
    assert (tensor.checked, tensor.kinks, tensor.seed) == (6, 0, 0)
    assert tensor.steps[0] == 1e-6
    assert tensor.seconds > 0
    assert not tensor
    assert wrong['x']
    with pytest.raises(KeyError, match="Did you mean 'last"):
        wrong['last_W']


def test_a_report_that_passed():
    report = check_net(net_with(MatMul), verbose=False)
    assert (bool(report), report.verdict, report.first_faulty, report.faults) == (True, 'ok', None, [])
    assert all(tensor.max_error < 1e-5 for tensor in report.tensors)
    assert len(report.tensors) == 6


def test_text(wrong):
    text = str(wrong)
    assert text.splitlines()[0] == "Gradients of net 'net': wrong"
    assert "FAULT in Scaled 'last[1]', parameter W: backward is not the derivative of forward" in text
    assert 'too large' in text
    assert 'test_report.py:' in text
    assert '\x1b' not in text
    assert len(text.splitlines()) < 20


def test_only_what_matters_is_shown():
    x = Data('x', (1, 2), val=[[1., 2.]])
    h = x
    for k in range(20):
        h = MatMul(f'm{k}', [h], out_features=2).output
    text = str(check_net(Net('net', [h]), verbose=False))
    assert 'and 29 ok more' in text
    assert len(text.splitlines()) < 20


def test_printing(capsys):
    np.random.seed(0)
    net = net_with(MatMul)
    gradient_checker(net, net.get_node('x'))
    shown = capsys.readouterr().out
    assert "Gradients of 'x' in net 'net': ok" in shown
    assert 'analytic derivative of' not in shown
    gradient_checker(net, 'x', arrays=True)
    assert "analytic derivative of 'x'\n[[" in capsys.readouterr().out
    check_net(net)
    check_module(net.get_node('tanh'))
    assert capsys.readouterr().out.count('Gradients of') == 2
    gradient_checker(net, 'x', verbose=False)
    check_net(net, verbose=False)
    assert capsys.readouterr().out == ''


def test_json(wrong, tmp_path):
    text = wrong.to_json(tmp_path / 'report.json')
    found = json.loads(text)
    assert json.loads((tmp_path / 'report.json').read_text()) == found
    assert (found['verdict'], found['passed'], found['first_faulty']) == ('wrong', False, 'last[1]')
    tensor = next(t for t in found['tensors'] if t['ID'] == 'last[1]_W')
    assert tensor['verdict'] == 'wrong'
    assert tensor['shape'] == [3, 2]
    assert len(tensor['analytic_values']) == 3
    assert found['faults'][0]['part'] == 'parameter W'


def test_json_of_what_is_not_finite():
    class Bad(Relu):
        def differentiate(self, xp, deriv, *saved):
            return (deriv * np.nan,), {}

    report = check_module(Bad('m', [Data('x', (1, 3))]), verbose=False)
    assert report.verdict == 'wrong'
    assert 'NaN' not in report.to_json()
    assert str(report)


def test_pictures(wrong, tmp_path):
    report = gradient_checker(net_with(Scaled), 'last[1]_W', verbose=False)
    assert len(report.tensors[0].curve) > 4
    figure = report.plot(tmp_path / 'report.png')
    assert isinstance(figure, Figure)
    assert (tmp_path / 'report.png').stat().st_size > 1000
    assert len(figure.axes) == 2
    assert len(wrong.plot().axes) == 2          # errors against steps of what is wrong
    assert len(check_module(Relu('m', [Data('x', (1, 3))]), verbose=False).plot().axes) == 1


@pytest.mark.parametrize(('ratio', 'words'), [
    (0.5, 'a factor of 2 too small'), (2, 'a factor of 2 too large'), (-1, 'wrong sign'),
    (7, 'a factor of the batch size (7) too large'), (1 / 7, 'a factor of the batch size (7) too small'),
    (25, 'a factor of the number of positions (25) too large'), (-2, 'a factor of 2 too large, with the wrong sign'),
    (3.3, '3.3 times'), (1.001, '1.001 times'),
])
def test_ratios_in_words(ratio, words):
    assert words in diagnose(ratio, 1.0 if ratio > 0 else -1.0, 7, (7, 9, 5, 5))


def test_a_direction_in_words():
    assert 'another direction' in diagnose(0.9, 0.8, 2, (3,))
    assert diagnose(None, None, 2, (3,)) == ''


def test_labels_that_get_no_derivative_are_left_out():
    a, b, y = Data('a', (1, 4)), Data('b', (1, 4)), Data('y', (1, 1))
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), [[1.0], [-1.0], [1.0]]]
    report = check_module(CosineEmbeddingLoss('c', [a, b, y]), values, verbose=False)
    assert report.passed
    assert [tensor.ID for tensor in report.tensors] == ['a', 'b']


class WrongAtMarks(LogisticLoss):
    """Gives a derivative to targets that are to be ignored."""

    def differentiate(self, xp, deriv, x, y, w, *saved):
        (dx, dy), parameters = super().differentiate(xp, deriv, x, y, w, *saved)
        return (dx, dy + (w == 0)), parameters


@pytest.mark.parametrize('method', ['full', 'directional', 'taylor', 'complex'])
def test_entries_to_ignore_stay_and_have_no_derivative(method):
    values = [np.random.default_rng(0).standard_normal((4, 3)), [[0, 1, -1], [1, -1, 0], [-1, 0, 1], [0.5, 0, 1.0]]]

    def check(kind):
        inputs = [Data('x', (1, 3)), Data('y', (1, 3))]
        return check_module(kind('l', inputs, ignore_index=-1), values, method=method, verbose=False)

    assert [tensor.verdict for tensor in check(LogisticLoss).tensors] == ['ok', 'ok']
    assert [tensor.verdict for tensor in check(WrongAtMarks).tensors] == ['ok', 'wrong']
