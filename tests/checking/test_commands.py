"""`deepfusion check FILE.py:NAME` and its exit codes."""

import json
import sys

import pytest
from click.testing import CliRunner

from deepfusion.cli import cli

FILE = '''
import numpy as np
from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net


class Power(Module):
    def __init__(self, ID, inputs, output=None, power=2):
        self.power = power
        super().__init__(ID, inputs, output)

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return x ** self.power, (x,)

    def differentiate(self, xp, deriv, x):
        return (2 * x * deriv,), {}


class Needy(Power):
    def __init__(self, ID, inputs, gate):
        super().__init__(ID, inputs)


class Gather(Module):
    index_inputs = (1,)

    def forward(self):
        self.output.val = self.inputs[0].val[self.inputs[1].val[:, 0]]

    def backward(self):
        d = np.zeros_like(self.inputs[0].val)
        np.add.at(d, self.inputs[1].val[:, 0], self.output.deriv)
        self.inputs[0].deriv += d


x = Data('x', (1, 3), val=np.ones((2, 3)))
net = Net('mine', [SumLoss('loss', [Power('square', [x]).output]).output])
square = net.get_node('square')


class Raises(Power):
    def forward(self):
        raise IndexError('too far')


def wrong_net():
    return Net('wrong', [SumLoss('loss', [Power('cube', [x], power=3).output]).output])


number = 5
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / 'some_modules_of_mine.py').write_text(FILE)
    (tmp_path / 'broken.py').write_text('1 / 0')
    monkeypatch.chdir(tmp_path)

    def call(*words):
        before = list(sys.path)
        result = CliRunner().invoke(cli, ['check', *words])
        assert sys.path == before
        return result.exit_code, result.output

    yield call
    for name in ('some_modules_of_mine', 'broken'):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(('words', 'code', 'part'), [
    ([':Power', '--input', '2,3,4'], 0, "Gradients of Power 'module': ok"),
    ([':Power', '--input', '2,3', '--option', 'power=3'], 1, "FAULT in Power 'module', input 0"),
    ([':Gather', '--input', '2,3', '--input', '2,1:2', '--output', '2,3', '--seed', '1'], 0, 'ok'),
    ([':net'], 0, "Gradients of net 'mine': ok"), ([':square', '--method', 'taylor'], 0, 'order'),
    ([':wrong_net'], 1, "FAULT in Power 'cube', input 0"), ([':net', '--arrays'], 0, "numeric derivative of 'x'"),
    ([':Powr', '--input', '2,3'], 2, "Did you mean 'Power'?"), ([':Power'], 2, 'Add --input 2,3,8,8'),
    ([':Power', '--input', '2,a'], 2, "found '2,a'"), ([':Power', '--input', '2,3:x'], 2, "found '2,3:x'"),
    ([':Power', '--input', '2,3', '--option', 'powr=3'], 2, "found 'powr'"),
    ([':Needy', '--input', '2,3'], 2, "missing 1 required positional argument: 'gate'. Give them by --option"),
    ([':net', '--plot', 'report.xyz'], 2, "No form of picture is called 'xyz'"),
    (['broken.py:net'], 2, "expected a file that runs; it stops with ZeroDivisionError"),
    ([':Raises', '--input', '2,3'], 2, 'expected code that runs; it stops with IndexError: too far. The lines above'),
    ([':number'], 2, 'found int'), (['x:'], 2, 'FILE.py:NAME'), (['/nowhere.py:net'], 2, 'There is no file'),
])
def test_what_it_answers(run, words, code, part):
    target = words[0] if not words[0].startswith(':') else 'some_modules_of_mine.py' + words[0]
    found, output = run(target, *words[1:])
    assert part in output
    assert found == code


def test_files_are_written_on_request(run, tmp_path):
    code, _ = run('some_modules_of_mine.py:net', '--json', 'report.json', '--plot', 'report.png')
    assert code == 0
    assert json.loads((tmp_path / 'report.json').read_text())['passed']
    assert (tmp_path / 'report.png').exists()
