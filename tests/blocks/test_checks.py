"""Wrong arguments of blocks are named before any node is made."""

import inspect

import pytest

import deepfusion.blocks as blocks
from deepfusion.blocks import cbam, fuse, residual_block, split, transformer_decoder_layer
from deepfusion.components.data import Data
from deepfusion.errors import NodeTypeError, UnknownNameError

X = Data('x', (1, 16, 8, 8))
BLOCKS = [function for _, function in inspect.getmembers(blocks, inspect.isfunction)]


@pytest.mark.parametrize('function', BLOCKS, ids=lambda function: function.__name__)
def test_swapped_arguments(function):
    with pytest.raises(NodeTypeError, match=f'^Block {function.__name__}: expected ID .* as the first argument'):
        function(X, 'name')


@pytest.mark.parametrize('function', BLOCKS, ids=lambda function: function.__name__)
def test_one_for_several_and_several_for_one(function):
    second = list(inspect.signature(function).parameters)[1]
    wrong = [X] if second == 'x' else X
    with pytest.raises(NodeTypeError, match=rf"^Block {function.__name__} 'name': expected {second} .*\. Pass "):
        function('name', wrong)
    assert X.outputs == []


@pytest.mark.parametrize(('call', 'error', 'words'), [
    (lambda: split('s', X, part=2), UnknownNameError, "found 'part'. Did you mean 'parts'"),
    (lambda: fuse('f', [X, 'y']), NodeTypeError, 'expected inputs to be a list of Data; found list'),
    (lambda: fuse('f', inputs=X), NodeTypeError, 'expected inputs to be a list of Data; found Data'),
    (lambda: cbam('c', x='x'), NodeTypeError, "found str 'x'"),
    (lambda: transformer_decoder_layer('t', Data('d', (1, 3, 4)), None, 2), NodeTypeError, 'expected memory to be'),
    (lambda: residual_block('', X, 8), NodeTypeError, "found ''"),
])
def test_other_mistakes(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
    assert X.outputs == []
