"""Pad, against PyTorch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules import Pad
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests


def case(name, shape, padding, pairs, **options):
    def reference(torch, x, p, m):
        flat = [n for pair in reversed(pairs) for n in pair]
        return torch.nn.functional.pad(x[0], flat, **options)
    return Case(name, lambda i: Pad('p', i, padding=padding, **options), [shape], reference)


MAP = (1, 2, 3, 4)


class TestPad(ModuleTests):
    cases = (
        case('constant', MAP, 1, [(1, 1), (1, 1)]),
        case('value', MAP, ((0, 2), (1, 0)), [(0, 2), (1, 0)], value=-1.5),
        case('reflect', MAP, ((2, 1), (0, 3)), [(2, 1), (0, 3)], mode='reflect'),
        case('replicate', MAP, (3, 2), [(3, 3), (2, 2)], mode='replicate'),
        case('line', (1, 2, 3), ((2, 1),), [(2, 1)], mode='reflect'),
        case('block', (1, 1, 2, 2, 3), 1, [(1, 1)] * 3, mode='replicate'),
        case('nothing', MAP, 0, [(0, 0)] * 2, mode='reflect'),
    )


@settings(max_examples=25, deadline=None)
@given(mode=st.sampled_from(['constant', 'reflect', 'replicate']),
       size=st.lists(st.integers(1, 4), min_size=1, max_size=3), data=st.data())
def test_any_size_and_sides(mode, size, data):
    pytest.importorskip('torch')
    most = {'reflect': lambda n: n - 1}.get(mode, lambda n: 3)
    pairs = [tuple(data.draw(st.integers(0, most(n))) for _ in range(2)) for n in size]
    with use_precision('float64'):
        ModuleTests().check_reference(case('any', (1, 2, *size), tuple(pairs), pairs, mode=mode), 'train', 2)


@pytest.mark.parametrize(('options', 'error', 'words'), [
    ({'padding': (1, 2, 3)}, OptionError, r'padding to be .* 2 of them'),
    ({'padding': -1}, OptionError, 'at least 0'),
    ({'padding': 'same'}, OptionError, "found 'same'"),
    ({'padding': ((3, 0), (0, 0)), 'mode': 'reflect'}, ShapeError, 'more than 3 entries to reflect'),
    ({'mode': 'reflekt'}, UnknownNameError, "'reflect'"),
])
def test_refused(options, error, words):
    x = Data('x', MAP)
    with pytest.raises(error, match=words):
        Pad('p', [x], **options)
    assert not x.outputs


def test_needs_spatial_axes():
    with pytest.raises(ShapeError, match=r"Pad 'p': expected an input with axes behind the channels"):
        Pad('p', [Data('x', (1, 3))])
