"""Subtract, Divide, Power, Exp and Log, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Divide, Exp, Log, Power, Subtract
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests, run
from tests.support.cases import make as make_module


def positive(rng, shape):
    return rng.uniform(0.5, 2, shape)


PAIR, WIDE = [(1, 3), (1, 3)], [(1, 2, 3, 2), (1, 2, 1, 1)]


class TestSubtract(ModuleTests):
    cases = (
        Case('same', lambda i: Subtract('s', i), PAIR, lambda t, x, p, m: x[0] - x[1]),
        Case('broadcast', lambda i: Subtract('s', i), WIDE, lambda t, x, p, m: x[0] - x[1]),
    )


class TestDivide(ModuleTests):
    cases = (
        Case('same', lambda i: Divide('d', i), PAIR, lambda t, x, p, m: x[0] / x[1], draws=(None, positive)),
        Case('broadcast', lambda i: Divide('d', i), WIDE, lambda t, x, p, m: x[0] / x[1], draws=(None, positive)),
    )


class TestExp(ModuleTests):
    cases = (Case('exp', lambda i: Exp('e', i), [(1, 2, 3)], lambda t, x, p, m: x[0].exp()),)


class TestLog(ModuleTests):
    cases = (Case('log', lambda i: Log('l', i), [(1, 2, 3)], lambda t, x, p, m: x[0].log(), draws=(positive,)),)


class TestPower(ModuleTests):
    cases = (
        Case('square', lambda i: Power('p', i, exponent=2), [(1, 3)], lambda t, x, p, m: x[0] ** 2),
        Case('root', lambda i: Power('p', i, exponent=0.5), [(1, 3)], lambda t, x, p, m: x[0] ** 0.5,
             draws=(positive,)),
        Case('none', lambda i: Power('p', i, exponent=0), [(1, 3)], lambda t, x, p, m: x[0] ** 0),
        Case('input', lambda i: Power('p', i), WIDE, lambda t, x, p, m: x[0] ** x[1], draws=(positive, None)),
    )


@pytest.mark.parametrize(('x', 'p'), [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.0, 0.5), (-2.0, 2.0), (-2.0, 3.0),
                                      (-2.0, 0.0), (2.0, 0.0)])
def test_power_at_the_edges_is_pytorchs(x, p):
    torch = pytest.importorskip('torch')
    values = [np.array([[x]]), np.array([[p]])]
    with np.errstate(divide='ignore'):
        found = run(make_module(Case('p', lambda i: Power('p', i), [(1, 1)] * 2), 'train'), values, np.ones((1, 1)))
    tensors = [torch.tensor(v, dtype=torch.float32, requires_grad=True) for v in values]
    y = tensors[0] ** tensors[1]
    y.backward()
    for mine, theirs in zip([found.value, *found.inputs], [y.detach(), *(t.grad for t in tensors)], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(('build', 'error', 'words'), [
    (lambda a, b: Subtract('s', [a, b]), ShapeError, "Subtract 's': .*shapes that broadcast"),
    (lambda a, b: Divide('d', [a, b]), ShapeError, "Divide 'd': .*shapes that broadcast"),
    (lambda a, b: Power('p', [a, b]), ShapeError, "Power 'p': .*shapes that broadcast"),
    (lambda a, b: Power('p', [a]), OptionError, 'either a number as exponent or a second input'),
    (lambda a, b: Power('p', [a, a], exponent=2), OptionError, 'either a number as exponent or a second input'),
])
def test_refused(build, error, words):
    a, b = Data('a', (1, 2)), Data('b', (1, 3))
    with pytest.raises(error, match=words):
        build(a, b)
    assert not a.outputs
