"""Pooling modules against PyTorch, and their errors."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.pooling import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool,
    GlobalMaxPool,
    LPPool2D,
    MaxPool,
    MaxPool1D,
    MaxPool3D,
)
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests, run


def case(kind, shape, function, *args, **options):
    """A case whose reference is a function of torch.nn.functional with those arguments after the input."""
    name = f'{kind.__name__} {" ".join(f"{k}={v}" for k, v in options.items())}'
    return Case(name, lambda inputs: kind('m', inputs, **options), [shape],
                lambda torch, x, p, mode: getattr(torch.nn.functional, function)(x[0], *args))


class TestMaxPool(ModuleTests):
    cases = [
        case(MaxPool, (1, 2, 4, 6), 'max_pool2d', 2, filter_size=2, stride=2),
        case(MaxPool, (1, 1, 5, 4), 'max_pool2d', 3, 1, 1, filter_size=3, padding=1),
        case(MaxPool, (1, 2, 5, 4), 'max_pool2d', (3, 2), (3, 2), (1, 0), 1, True,
             filter_size=(3, 2), padding=(1, 0), stride=None, ceil_mode=True),
        case(MaxPool, (1, 1, 5, 6), 'max_pool2d', 2, 2, 0, (2, 3), filter_size=2, stride=2, dilation=(2, 3)),
        case(MaxPool1D, (1, 3, 7), 'max_pool1d', 3, 2, 1, filter_size=3, padding=1, stride=2),
        case(MaxPool3D, (1, 1, 3, 4, 2), 'max_pool3d', 2, 2, 1, filter_size=2, padding=1, stride=2),
    ]


class TestAveragePool(ModuleTests):
    cases = [
        case(AvgPool2D, (1, 2, 4, 6), 'avg_pool2d', 2, filter_size=2, stride=2),
        case(AvgPool2D, (1, 1, 5, 4), 'avg_pool2d', 3, 2, 1, True, True,
             filter_size=3, padding=1, stride=2, ceil_mode=True),
        case(AvgPool2D, (1, 1, 5, 4), 'avg_pool2d', 3, 2, 1, True, False,
             filter_size=3, padding=1, stride=2, ceil_mode=True, count_include_pad=False),
        case(AvgPool1D, (1, 3, 7), 'avg_pool1d', 3, 1, 1, filter_size=3, padding=1),
        case(AvgPool3D, (1, 1, 3, 4, 2), 'avg_pool3d', (3, 2, 1), 1, filter_size=(3, 2, 1)),
    ]


class TestNormPool(ModuleTests):
    cases = [
        case(LPPool2D, (1, 2, 4, 5), 'lp_pool2d', 2, 2, 2, filter_size=2, stride=2),
        case(LPPool2D, (1, 2, 5, 5), 'lp_pool2d', 4, 3, 2, True, filter_size=3, stride=2, norm_type=4,
             ceil_mode=True),
        Case('odd norm', lambda inputs: LPPool2D('m', inputs, filter_size=2, norm_type=3), [(1, 2, 3, 4)],
             lambda torch, x, p, mode: torch.nn.functional.lp_pool2d(x[0].abs(), 3, 2, 1)),
    ]


class TestGlobalPool(ModuleTests):
    cases = [
        Case('average', lambda inputs: GlobalAvgPool('m', inputs), [(1, 3, 4, 2)],
             lambda torch, x, p, mode: x[0].mean((2, 3))),
        Case('average of a film', lambda inputs: GlobalAvgPool('m', inputs), [(1, 2, 3, 2, 2)],
             lambda torch, x, p, mode: x[0].mean((2, 3, 4))),
        Case('maximum', lambda inputs: GlobalMaxPool('m', inputs), [(1, 3, 4, 2)],
             lambda torch, x, p, mode: x[0].amax((2, 3))),
        Case('maximum of a sequence', lambda inputs: GlobalMaxPool('m', inputs), [(1, 3, 5)],
             lambda torch, x, p, mode: x[0].amax(2)),
    ]


class TestAdaptivePool(ModuleTests):
    cases = [
        case(AdaptiveAvgPool, (1, 2, 5, 7), 'adaptive_avg_pool2d', (2, 3), output_size=(2, 3)),
        case(AdaptiveAvgPool, (1, 2, 3), 'adaptive_avg_pool1d', 5, output_size=5),
        case(AdaptiveMaxPool, (1, 2, 5, 7), 'adaptive_max_pool2d', (2, 3), output_size=(2, 3)),
        case(AdaptiveMaxPool, (1, 2, 3, 2, 3), 'adaptive_max_pool3d', 2, output_size=2),
    ]


@pytest.mark.parametrize('module', [
    lambda x: MaxPool('m', [x], filter_size=2, stride=2), lambda x: MaxPool('m', [x], filter_size=2),
    lambda x: GlobalMaxPool('m', [x]), lambda x: AdaptiveMaxPool('m', [x], output_size=1)])
def test_the_first_of_equal_entries_gets_the_gradient(module):
    result = run(module(Data('x', (1, 1, 2, 2))), [np.array([[[[0., 1.], [1., 1.]]]])], np.ones((1, 1, 1, 1)))
    assert np.array_equal(result.inputs[0].reshape(2, 2), [[0, 1], [0, 0]])


def test_padding_is_never_the_maximum():
    result = run(MaxPool('m', [Data('x', (1, 1, 2, 2))], filter_size=2, padding=1, stride=2),
                 [-np.ones((1, 1, 2, 2))], np.ones((1, 1, 2, 2)))
    assert (result.value == -1).all()
    assert (result.inputs[0] == 1).all()


def test_norm_of_zeros_has_no_gradient():
    result = run(LPPool2D('m', [Data('x', (1, 1, 2, 2))], filter_size=2), [np.zeros((1, 1, 2, 2))],
                 np.ones((1, 1, 1, 1)))
    assert not result.inputs[0].any()


@pytest.mark.parametrize(('kind', 'shape', 'options', 'error', 'words'), [
    (MaxPool, (1, 4), {'filter_size': 2}, ShapeError, 'rank 4'),
    (MaxPool, (1, 1, 4, 4), {'filter_size': 5}, ShapeError, 'smaller than the window'),
    (MaxPool, (1, 1, 4, 4), {}, OptionError, 'filter_size'),
    (MaxPool, (1, 1, 4, 4), {'filter_size': 2, 'padding': 2}, OptionError, 'half the window'),
    (MaxPool1D, (1, 1, 4), {'filter_size': 2, 'stride': 0}, OptionError, 'stride'),
    (AvgPool3D, (1, 1, 4, 4), {'filter_size': 2}, ShapeError, 'rank 5'),
    (AvgPool2D, (1, 1, 4, 4), {'filter_size': 3, 'padding': 'full'}, OptionError, 'padding'),
    (LPPool2D, (1, 1, 4, 4), {'filter_size': 2, 'norm_type': 0.5}, OptionError, 'norm_type'),
    (GlobalAvgPool, (1, 4), {}, ShapeError, 'places'),
    (AdaptiveAvgPool, (1, 4), {'output_size': 1}, ShapeError, 'places'),
    (AdaptiveMaxPool, (1, 1, 4, 4), {'output_size': (1, 2, 3)}, OptionError, 'output_size'),
])
def test_refuses_wrong_options(kind, shape, options, error, words):
    x = Data('x', shape)
    with pytest.raises(error, match=rf"^{kind.__name__} 'bad': expected .*{words}.*\.$"):
        kind('bad', [x], **options)
    assert not x.outputs
