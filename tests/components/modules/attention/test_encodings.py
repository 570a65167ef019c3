"""Positional encodings, against their formulas."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.attention import LearnedEncoding, RotaryEncoding, SinusoidalEncoding
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests


def waves(torch, inputs, parameters, mode):
    x = inputs[0]
    places, columns = (torch.arange(n, dtype=x.dtype) for n in x.shape[1:])
    angles = places[:, None] * 50.0 ** (-2 * (columns // 2) / x.shape[2])
    return x + torch.where(columns % 2 == 0, angles.sin(), angles.cos())


def rotated(heads):
    def reference(torch, inputs, parameters, mode):
        """Equation 34 of the paper, one pair at a time."""
        x = inputs[0]
        x = x if heads is None else x.unflatten(-1, (heads, -1)).transpose(-3, -2)
        width, columns = x.shape[-1], []
        for i in range(0, width, 2):
            angle = torch.arange(x.shape[-2], dtype=x.dtype) * 10000.0 ** (-i / width)
            columns += [x[..., i] * angle.cos() - x[..., i + 1] * angle.sin(),
                        x[..., i] * angle.sin() + x[..., i + 1] * angle.cos()]
        y = torch.stack(columns, dim=-1)
        return y if heads is None else y.transpose(-3, -2).flatten(-2)
    return reference


class TestSinusoidalEncoding(ModuleTests):
    cases = (
        Case('even', lambda inputs: SinusoidalEncoding('m', inputs, base=50.0), [(1, 3, 4)], waves),
        Case('odd', lambda inputs: SinusoidalEncoding('m', inputs, base=50.0), [(1, 3, 5)], waves),
    )


class TestLearnedEncoding(ModuleTests):
    cases = (Case('added', lambda inputs: LearnedEncoding('m', inputs), [(1, 3, 4)],
                  lambda torch, x, p, mode: x[0] + p['P']),)


class TestRotaryEncoding(ModuleTests):
    cases = (
        Case('rows', lambda inputs: RotaryEncoding('m', inputs, heads=2), [(1, 3, 8)], rotated(2)),
        Case('heads', lambda inputs: RotaryEncoding('m', inputs), [(1, 2, 3, 4)], rotated(None)),
    )


@pytest.mark.parametrize('make', [
    lambda: SinusoidalEncoding('m', [Data('x', (1, 3))]),
    lambda: LearnedEncoding('m', [Data('x', (1, 3, 4, 4))]),
    lambda: RotaryEncoding('m', [Data('x', (1, 3, 6))], heads=2),
    lambda: RotaryEncoding('m', [Data('x', (1, 4))]),
])
def test_refused(make):
    with pytest.raises(ShapeError, match='expected one input'):
        make()


@pytest.mark.parametrize('base', [0, -1.0, float('nan')])
def test_the_base_of_angles_is_above_0(base):
    with pytest.raises(OptionError, match='expected a base above 0'):
        RotaryEncoding('m', [Data('x', (1, 3, 4))], base=base)
