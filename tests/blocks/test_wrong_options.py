"""Options of blocks that mean nothing: one sentence each, and Data as they were."""

import numpy as np
import pytest

from deepfusion.blocks import (
    add,
    bidirectional_pyramid,
    cbam,
    coordinate_attention,
    efficient_channel_attention,
    feature_fusion,
    feature_pyramid,
    fuse,
    level_attention,
    path_aggregation,
    selective_kernel,
    split,
    squeeze_excitation,
    three_level_fusion,
    weighted_sum,
)
from deepfusion.components.data import Data
from deepfusion.components.modules import Add
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.errors import GraphError, NodeTypeError, OptionError, ShapeError, UnknownNameError

WRONG = {
    'flow_of_another_case': (lambda a, b: feature_pyramid('f', [a, b], 4, flow='Before'), UnknownNameError,
                             "No flow in feature_pyramid 'f' is called 'Before'. Did you mean 'before'?"),
    'flow_none': (lambda a, b: feature_pyramid('f', [a, b], 4, flow=None), UnknownNameError, 'is called None'),
    'flow_of_pan': (lambda a, b: path_aggregation('f', [a, b], 4, flow='befor'), UnknownNameError, "mean 'before'?"),

    'way_a_class': (lambda a, b: fuse('f', [a, b], way=Add), NodeTypeError,
                    "Block 'f': expected way to return Data; found Add 'f'. Use its output."),
    'way_a_number': (lambda a, b: fuse('f', [a, b], way=lambda ID, d: 3), NodeTypeError,
                     "Block 'f': expected way to return Data; found 3. Return the output of a module."),
    'way_of_one': (lambda a, b: fuse('f', [a, b], way=lambda ID: a), NodeTypeError,
                   "Block 'f': expected way to be a function of (ID, Data); found <function"),
    'way_wants_more': (lambda a, b: fuse('f', [a, b], way=lambda ID, d, k: d[0]), NodeTypeError, "argument: 'k'"),
    'then_a_module': (lambda a, b: add('f', [a, a], then=lambda ID, d: Relu(ID, [d])), NodeTypeError,
                      "Block 'f': expected then to return Data; found Relu 'f/then'. Use its output."),
    'then_of_one': (lambda a, b: fuse('f', [a, b], then=lambda d: d), NodeTypeError, 'expected then to be a function'),
    'then_at_the_end': (lambda a, b: feature_fusion('f', [a, b], 4, then=lambda ID, d: None), NodeTypeError, 'None'),

    'then_unknown': (lambda a, b: fuse('f', [a, b], then='relu'), UnknownNameError, "'Relu'"),
    'too_few_weights': (lambda a, b: fuse('f', [a, b], way='weighted', weights=[1]), ShapeError, '2 weights'),
    'heads_do_not_divide': (lambda a, b: fuse('f', [a, b], way='attention', heads=3), ShapeError, 'heads=3'),
    'no_stride': (lambda a, b: feature_fusion('f', [a, b], 4, strides=(1, 0)), OptionError, 'found 0'),

    'no_repeats': (lambda a, b: bidirectional_pyramid('f', [a, b], 4, repeats=0), OptionError,
                   "Block 'f': expected repeats to be a whole number of at least 1; found 0."),
    'repeats_a_word': (lambda a, b: bidirectional_pyramid('f', [a, b], 4, repeats='a'), OptionError, "found 'a'"),
    'least_0': (lambda a, b: coordinate_attention('f', a, least=0), OptionError, 'expected least to be'),
    'reduction_none': (lambda a, b: coordinate_attention('f', a, reduction=None), OptionError, 'found None'),
    'reduction_of_kernels': (lambda a, b: selective_kernel('f', [a, a], reduction='a'), OptionError, 'reduction'),
    'reduction_0': (lambda a, b: squeeze_excitation('f', a, reduction=0), OptionError,
                    "Block 'f': expected reduction to be a whole number of at least 1; found 0."),
    'reduction_a_word': (lambda a, b: squeeze_excitation('f', a, reduction='a'), OptionError, "found 'a'"),
    'even_filter_of_cbam': (lambda a, b: cbam('f', a, reduction=2, filter_size=4), OptionError,
                            "Block 'f': expected filter_size to be odd, which keeps the size; found 4. Use 3 or 5."),
    'even_filter_of_eca': (lambda a, b: efficient_channel_attention('f', a, filter_size=4), OptionError, 'odd'),
    'filter_a_word': (lambda a, b: efficient_channel_attention('f', a, filter_size='a'), OptionError, "found 'a'"),
    'parts_a_word': (lambda a, b: split('f', a, 'a'), ShapeError, "found 'a' for shape (1, 8, 8, 8)"),
    'parts_half': (lambda a, b: split('f', a, [2.5, 5.5]), ShapeError, 'expected parts that add up to axis 1'),
    'axis_a_word': (lambda a, b: split('f', a, 2, axis='a'), ShapeError, 'to axis a'),
    'one_filter_size': (lambda a, b: feature_fusion('f', [a, b], 4, filter_sizes=3), OptionError,
                        "expected filter_sizes to be a list of at least one number; found 3. Write filter_sizes=[1,"),
    'filter_sizes_a_word': (lambda a, b: feature_fusion('f', [a, b], 4, filter_sizes='a'), OptionError, "found 'a'"),
    'even_filter_size': (lambda a, b: feature_fusion('f', [a, b], 4, filter_sizes=[3, 4]), OptionError, 'found 4'),
    'no_strides': (lambda a, b: feature_fusion('f', [a, b], 4, strides=()), OptionError, 'expected strides to be'),
    'refine_a_word': (lambda a, b: feature_fusion('f', [a, b], 4, refine='a'), OptionError, 'of at least 0'),
    'query_a_word': (lambda a, b: level_attention('f', [a, b], width=8, query='a'), ShapeError,
                     "Block 'f': expected query to be the index of one of 2 levels; found 'a'. Count from 0."),
    'one_weight': (lambda a, b: fuse('f', [a, b], way='weighted', weights=3), OptionError,
                   "Block 'f': expected weights to be a list of numbers, one for each input; found 3."),
    'weights_a_word': (lambda a, b: fuse('f', [a, b], way='weighted', weights='ab'), OptionError, "found 'ab'"),
    'no_levels': (lambda a, b: three_level_fusion('f', []), GraphError, 'at least 2 inputs'),

    'option_of_a_gate': (lambda a, b: squeeze_excitation('f', a, reducton=2), UnknownNameError,
                         "Block squeeze_excitation 'f': expected options that it has; found 'reducton'. Did you mean "
                         "'reduction'"),
    'option_of_no_way': (lambda a, b: fuse('f', [a, b], way='gates', foo=1), UnknownNameError,
                         "Block fuse 'f' by 'gates': expected options that it has; found 'foo'. Choose from 'width'"),
    'option_of_fuse': (lambda a, b: fuse('f', [a, b], way='gates', widht=4), UnknownNameError, "mean 'width'"),
}


@pytest.mark.parametrize(('call', 'error', 'words'), WRONG.values(), ids=WRONG)
def test_one_sentence_and_nothing_left(call, error, words):
    a, b = Data('a', (1, 8, 8, 8)), Data('b', (1, 4, 4, 4))
    with pytest.raises(error) as caught:
        call(a, b)
    assert words in str(caught.value)
    assert a.outputs == b.outputs == []


def test_right_options_of_other_types_pass():
    a, b = Data('a', (1, 8, 4, 4)), Data('b', (1, 8, 4, 4))
    assert len(split('parts', a, np.int64(2))) == len(split('sizes', a, np.array([3, 5]))) == 2
    assert weighted_sum('weighted', [a, b], weights=np.array([1, 2])).shape == a.shape
    assert level_attention('attention', [a, b], query=np.int64(-1)).shape == b.shape
    assert feature_fusion('fusion', [a, b], 4, filter_sizes=range(1, 4, 2), strides=[(1, 2)]).shape == (1, 4, 4, 2)


def test_a_way_of_ones_own_takes_any_option():
    a, b = Data('a', (1, 8)), Data('b', (1, 8))

    def way(*given, name, **options):
        assert (name, options) == ('n', {'function': 1})
        return add(*given)

    assert fuse('f', [a, b], way=way, name='n', function=1).shape == a.shape
