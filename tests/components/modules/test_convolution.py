"""Convolution modules against PyTorch, their errors, and what they save and skip."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.convolution import Conv1D, Conv2D, Conv3D
from deepfusion.errors import OptionError, ShapeError
from deepfusion.functional.convolution import use_algorithm
from tests.support.cases import Case, ModuleTests, run

KINDS = {1: Conv1D, 2: Conv2D, 3: Conv3D}


def case(name, shape, pad=None, **options):
    """A case whose reference pads by hand (pairs, last axis first, as PyTorch wants them)."""
    rank = len(shape) - 2
    stride, dilation, groups = (options.get(k, 1) for k in ('stride', 'dilation', 'groups'))

    def reference(torch, x, p, mode):
        F = torch.nn.functional
        bias = p['b'].reshape(-1) if 'b' in p else None
        return getattr(F, f'conv{rank}d')(F.pad(x[0], pad or (0, 0)), p['F'], bias, stride, 0, dilation, groups)

    return Case(name, lambda inputs: KINDS[rank]('m', inputs, **options), [shape], reference)


class TestConvolution(ModuleTests):
    cases = [
        case('plain', (1, 2, 5, 4), filter_size=3, filter_count=3),
        case('padded', (1, 2, 4, 5), (1, 1, 1, 1), filter_size=3, filter_count=2, padding=1),
        case('point', (1, 3, 3, 2), filter_size=1, filter_count=2),
        case('strided point', (1, 2, 5, 4), filter_size=1, filter_count=2, stride=2),
        case('sides', (1, 2, 4, 3), (0, 1, 2, 1), filter_size=(3, 2), filter_count=2, padding=((2, 1), (0, 1)),
             stride=(2, 1)),
        case('same', (1, 1, 4, 5), (1, 2, 2, 2), filter_size=(3, 4), filter_count=2, padding='same',
             dilation=(2, 1), bias=False),
        case('groups', (1, 4, 4, 3), (1, 1, 1, 1), filter_size=3, filter_count=6, groups=2, padding=1),
        case('depthwise', (1, 3, 4, 4), (1, 1, 1, 1), filter_size=3, filter_count=3, groups=3, padding=1, stride=2),
        case('depthwise twice', (1, 2, 4, 3), filter_size=2, filter_count=4, groups=2),
        case('sequence', (1, 2, 7), (2, 2), filter_size=3, filter_count=3, padding=2, stride=2, dilation=2),
        case('film', (1, 2, 3, 3, 4), (1, 1, 0, 0, 1, 1), filter_size=(3, 2, 3), filter_count=2,
             padding=(1, 0, 1)),
    ]


@pytest.mark.parametrize('algorithm', ['winograd2', 'winograd4'])
def test_winograd_gives_the_same_derivatives(algorithm):
    x = np.random.randn(2, 3, 9, 5)
    module = Conv2D('m', [Data('x', (1, 3, 9, 5))], filter_size=3, filter_count=4, padding=1, bias_init_type='One')
    with use_algorithm('im2col'):
        plain = run(module, [x])
    with use_algorithm(algorithm):
        fast = run(module, [x], plain.seed)
    for a, b in zip([plain.value, plain.inputs[0], *plain.parameters.values()],
                    [fast.value, fast.inputs[0], *fast.parameters.values()], strict=True):
        assert abs(a - b).max() < 1e-4 * abs(a).max()


def test_weights_are_those_of_the_first_release():
    np.random.seed(0)
    module = Conv2D('m', [Data('x', (1, 3, 8, 8))], filter_size=3, filter_count=2, weight_init_type='Xavier')
    np.random.seed(0)
    expected = [np.random.randn(3, 3, 3) * np.sqrt(1 / 27) for _ in range(2)]
    assert np.array_equal(module.F.val, np.float32(expected))
    assert module.F.shape == (2, 3, 3, 3)
    assert module.b.shape == (2, 1)


def test_derivatives_nobody_needs_are_skipped():
    module = Conv2D('m', [Data('x', (1, 2, 4, 4))], filter_size=3, filter_count=2)
    x = np.random.randn(1, 2, 4, 4).astype('float32')
    deriv = np.ones((1, 2, 2, 2), 'float32')
    for name in ('im2col', 'winograd4'):
        with use_algorithm(name):
            _, saved = module.compute(np, x)
        module._needs = ({0}, set())
        (dx,), parameters = module.differentiate(np, deriv, *saved)
        assert dx.shape == x.shape
        assert not parameters
        module._needs = (set(), {'F'})
        (dx,), parameters = module.differentiate(np, deriv, *saved)
        assert dx is None
        assert list(parameters) == ['F']


@pytest.mark.parametrize(('shape', 'options', 'error', 'words'), [
    ((1, 3), {}, ShapeError, 'rank 4'),
    ((1, 3, 2, 8), {}, ShapeError, 'smaller than the window'),
    ((1, 3, 8, 8), {'groups': 2}, ShapeError, 'multiples of groups=2'),
    ((1, 3, 8, 8), {'groups': 0}, OptionError, 'groups'),
    ((1, 3, 8, 8), {'filter_count': None}, OptionError, 'filter_count'),
    ((1, 3, 8, 8), {'filter_size': (3, 3, 3)}, OptionError, 'filter_size'),
    ((1, 3, 8, 8), {'filter_size': 2.5}, OptionError, 'filter_size'),
    ((1, 3, 8, 8), {'padding': 'some'}, OptionError, 'padding'),
    ((1, 3, 8, 8), {'padding': ((1, 2, 3), (0, 0))}, OptionError, 'padding'),
    ((1, 3, 8, 8), {'padding': -1}, OptionError, 'padding'),
    ((1, 3, 8, 8), {'padding': 'same', 'stride': 2}, OptionError, 'stride of 1'),
    ((1, 3, 8, 8), {'stride': 0}, OptionError, 'stride'),
    ((1, 3, 8, 8), {'dilation': 5}, ShapeError, 'window'),
])
def test_refuses_wrong_options(shape, options, error, words):
    x = Data('x', shape)
    with pytest.raises(error, match=rf"^Conv2D 'bad': .*{words}.*\.$"):
        Conv2D('bad', [x], **{'filter_size': 3, 'filter_count': 2} | options)
    assert not x.outputs


def test_refuses_an_output_of_other_channels():
    with pytest.raises(ShapeError, match=r'\(1, 2, 6, 6\)'):
        Conv2D('m', [Data('x', (1, 3, 8, 8))], Data('y', (1, 3, 6, 6)), 3, 2)
