"""Arguments in the wrong place, or under a wrong name, are answered by a sentence before anything is wired."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, MatMul, Module, Reshape, Resize, Transpose
from deepfusion.components.modules.activation_functions import ELU, PRelu, Relu
from deepfusion.components.modules.dropout import Dropout
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
