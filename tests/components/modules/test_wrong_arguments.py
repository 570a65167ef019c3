"""Arguments in the wrong place, or under a wrong name, are answered by a sentence before anything is wired."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, MatMul, Module, Reshape, Resize, Transpose
from deepfusion.components.modules.activation_functions import CELU, ELU, PRelu, Relu
from deepfusion.components.modules.dropout import Dropout, GaussianNoise
from deepfusion.components.modules.loss_functions import (
    DiceLoss,
    FocalLoss,
    HingeLoss,
    HuberLoss,
    LogisticLoss,
    SmoothL1Loss,
    TripletLoss,
    TverskyLoss,
)
from deepfusion.components.modules.normalizations import BatchNorm, LocalResponseNorm
from deepfusion.errors import NodeTypeError, OptionError, UnknownNameError


@pytest.mark.parametrize(('module', 'options', 'message'), [
    (Conv2D, {'filtersize': 3, 'filter_count': 4},
     "Conv2D 'm': expected options that Conv2D has; found 'filtersize'. Did you mean 'filter_size'"),
    (MatMul, {'outfeatures': 3}, "MatMul 'm': expected options that MatMul has; found 'outfeatures'. Did you mean "),
    (Dropout, {'keep': 0.5}, "found 'keep'. Did you mean 'p_keep'"),
    (Relu, {'qqq': 1}, "found 'qqq'. Choose from 'ID', 'inputs', 'output'")])
def test_misspelt_option(module, options, message):
    x = Data('x', (1, 3, 8, 8))
    with pytest.raises(UnknownNameError) as error:
        module('m', [x], **options)
    assert message in str(error.value)
    assert not x.outputs


def test_options_of_own_modules():
    class Own(Module):
        def __init__(self, ID, inputs, output=None, **options):
            super().__init__(ID, inputs, output, **options)

        def output_shape(self, shape):
            return shape

    assert Own('m', inputs=[Data('x', (1, 3))], is_frozen=True).is_frozen


@pytest.mark.parametrize(('output', 'message'), [
    (3, 'found int 3. Give the options after ID, inputs and output by their names.'),
    (Relu('r', [Data('y', (1, 3))]), "found Relu 'r'. Use its output."),
    ('x', "found str 'x'.")])
def test_no_data(output, message):
    x = Data('x', (1, 3))
    with pytest.raises(NodeTypeError, match="Relu 'm': expected inputs and output to be Data; ") as error:
        Relu('m', [x], output) if isinstance(output, int) else Relu('m', [x, output])
    assert message in str(error.value)
    assert not x.outputs


def test_rate_in_place_of_parameters():
    x = Data('x', (1, 3))
    with pytest.raises(NodeTypeError, match="Module 'm': expected parameter_list to be a list of Data; found 0.1. "):
        Module('m', [x], Data('y', (1, 3)), 0.1)
    assert not x.outputs


@pytest.mark.parametrize('width', [0, -3, 3.5])
def test_widths_are_whole_numbers_above_0(width):
    with pytest.raises(OptionError, match=f"'m': expected out_features to be an integer of at least 1; .* {width}"):
        MatMul('m', [Data('x', (1, 3))], out_features=width)


@pytest.mark.parametrize(('module', 'options', 'message'), [
    (Reshape, {'shape': 6}, "Reshape 'm': expected shape to be a tuple of integers; found 6."),
    (Reshape, {'shape': '6'}, "Reshape 'm': expected shape to be a tuple of integers; found '6'."),
    (Reshape, {'shape': (2.0, 3)}, "found (2.0, 3)."),
    (Transpose, {'axes': 3}, "Transpose 'm': expected axes to be a tuple of integers; found 3."),
    (Transpose, {'axes': (0, 'a', 2)}, "found (0, 'a', 2)."),
    (Resize, {'scale': float('inf')}, "Resize 'm': expected scale to be a positive number, or 1 of them; found inf."),
    (PRelu, {'alpha': [1, 2]}, "Parameter 'm_alpha': expected to start at a number, or at an array of numbers of "
                               'shape (); found [1, 2].'),
    (PRelu, {'alpha': None}, 'found None. Give one of them, or the name of an initializer.'),
    (ELU, {'alpha': float('nan')}, 'found nan.')])
def test_values_of_the_wrong_kind(module, options, message):
    x = Data('x', (1, 2, 3))
    with pytest.raises(OptionError) as error:
        module('m', [x], **options)
    assert message in str(error.value)
    assert not x.outputs


def test_a_slope_for_each_channel():
    module = PRelu('m', [Data('x', (1, 2, 3))], alpha=[[[0.5], [0.25]]], per_channel=True)
    assert module.alpha.val.tolist() == [[[0.5], [0.25]]]


@pytest.mark.parametrize('value', ['a', None, True, float('nan'), float('inf'), [1.0]])
@pytest.mark.parametrize(('module', 'option', 'inputs'), [
    (HuberLoss, 'delta', 2), (SmoothL1Loss, 'beta', 2), (FocalLoss, 'gamma', 2), (DiceLoss, 'smooth', 2),
    (TverskyLoss, 'alpha', 2), (TripletLoss, 'margin', 3), (HingeLoss, 'margin', 2), (CELU, 'alpha', 1),
    (LogisticLoss, 'label_smoothing', 2), (GaussianNoise, 'std', 1), (Dropout, 'p_keep', 1), (BatchNorm, 'epsilon', 1),
    (LocalResponseNorm, 'beta', 1)])
def test_options_that_are_no_numbers(module, option, inputs, value):
    x = Data('x', (1, 2, 3, 3))
    with pytest.raises(OptionError, match=rf"{module.__name__} 'm': expected {option} to be a number.*; found "):
        module('m', [x] * inputs, **{option: value})
    assert not x.outputs


@pytest.mark.parametrize(('module', 'options', 'words'), [
    (HuberLoss, {'delta': 0}, 'a number above 0; found 0'), (SmoothL1Loss, {'beta': -1}, 'of at least 0; found -1'),
    (LogisticLoss, {'label_smoothing': 1.5}, 'a number of at least 0 and at most 1; found 1.5'),
    (LogisticLoss, {'pos_weight': -3}, 'pos_weight to be a number of at least 0, or an array of such; found -3'),
    (LogisticLoss, {'weight': 'a'}, "weight to be a number of at least 0, or an array of such; found 'a'"),
    (FocalLoss, {'alpha': 2}, 'alpha to be a number of at least 0 and at most 1; found 2')])
def test_numbers_out_of_range(module, options, words):
    x = Data('x', (1, 2, 3, 3))
    with pytest.raises(OptionError, match=words):
        module('m', [x, x], **options)
    assert not x.outputs


@pytest.mark.parametrize('make', [lambda flag: Data('x', (1, 3), is_frozen=flag),
                                  lambda flag: MatMul('x', [Data('y', (1, 3))], out_features=2, is_frozen=flag)])
def test_a_string_is_no_flag(make):
    for flag in ('False', 'no', None, 2):
        with pytest.raises(OptionError, match=f"'x': expected is_frozen to be True or False; found {flag!r}"):
            make(flag)
    assert make(0).is_frozen is False
