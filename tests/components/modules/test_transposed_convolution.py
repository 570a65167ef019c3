"""Transposed convolutions against PyTorch, and their errors."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.transposed_convolution import (
    ConvTranspose1D,
    ConvTranspose2D,
    ConvTranspose3D,
)
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests

KINDS = {1: ConvTranspose1D, 2: ConvTranspose2D, 3: ConvTranspose3D}


def case(name, shape, **options):
    """A case whose reference is PyTorch's function with the same options."""
    rank = len(shape) - 2
    same = {k: v for k, v in options.items() if k in ('stride', 'padding', 'output_padding', 'groups', 'dilation')}

    def reference(torch, x, p, mode):
        bias = p['b'].reshape(-1) if 'b' in p else None
        return getattr(torch.nn.functional, f'conv_transpose{rank}d')(x[0], p['F'], bias, **same)

    return Case(name, lambda inputs: KINDS[rank]('m', inputs, **options), [shape], reference)


class TestTransposedConvolution(ModuleTests):
    cases = [
        case('plain', (1, 2, 3, 4), filter_size=3, filter_count=3),
        case('doubling', (1, 3, 3, 2), filter_size=2, filter_count=2, stride=2),
        case('cut', (1, 2, 3, 4), filter_size=(4, 3), filter_count=2, stride=2, padding=1, output_padding=(0, 1)),
        case('dilated', (1, 1, 3, 3), filter_size=2, filter_count=2, dilation=3, output_padding=2, bias=False),
        case('dilated cut', (1, 1, 3, 2), filter_size=3, filter_count=1, dilation=2, padding=1, output_padding=1),
        case('groups', (1, 4, 3, 2), filter_size=3, filter_count=6, groups=2, padding=1, stride=2),
        case('depthwise', (1, 4, 3, 2), filter_size=3, filter_count=2, groups=2, padding=1, stride=2),
        case('sequence', (1, 2, 4), filter_size=3, filter_count=3, stride=3, output_padding=2),
        case('film', (1, 2, 2, 3, 2), filter_size=(2, 3, 2), filter_count=1, stride=(2, 1, 2), padding=(0, 1, 0)),
    ]


@pytest.mark.parametrize(('shape', 'options', 'error', 'words'), [
    ((1, 3), {}, ShapeError, 'rank 4'),
    ((1, 3, 1, 1), {'padding': 2}, ShapeError, 'at least one place'),
    ((1, 3, 4, 4), {'output_padding': 1}, OptionError, 'output_padding'),
    ((1, 3, 4, 4), {'output_padding': -1}, OptionError, 'output_padding'),
    ((1, 3, 4, 4), {'groups': 2}, ShapeError, 'groups=2'),
    ((1, 3, 4, 4), {'filter_count': 0}, OptionError, 'filter_count'),
])
def test_refuses_wrong_options(shape, options, error, words):
    with pytest.raises(error, match=rf"^ConvTranspose2D 'bad': expected .*{words}.*\.$"):
        ConvTranspose2D('bad', [Data('x', shape)], **{'filter_size': 3, 'filter_count': 2} | options)
