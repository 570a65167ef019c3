"""Wrong arguments of blocks are named before any node is made, and a block that fails leaves nothing behind."""

import inspect
from itertools import count

import pytest

import deepfusion.blocks as blocks
from deepfusion.blocks import cbam, fuse, residual_block, split, transformer_decoder_layer, transformer_encoder_layer
from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.errors import NodeTypeError, UnknownNameError

X = Data('x', (1, 16, 8, 8))
BLOCKS = [function for _, function in inspect.getmembers(blocks, inspect.isfunction)]
each_block = pytest.mark.parametrize('function', BLOCKS, ids=lambda function: function.__name__)


@each_block
def test_swapped_arguments(function):
    with pytest.raises(NodeTypeError, match=f'^Block {function.__name__}: expected ID .* as the first argument'):
        function(X, 'name')


@each_block
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


# -- Every block, called rightly but for one thing --------------------------------------------------------------------

OPTIONS = {'filter_count': 8, 'width': 8, 'parts': 2, 'heads': 2}


def arguments(function):
    """Two Data, and the ID, Data and options to call the block with."""
    shape = (1, 4, 16) if function in (transformer_encoder_layer, transformer_decoder_layer) else (1, 16, 8, 8)
    x, y = Data('x', shape), Data('y', shape)
    given = OPTIONS | {'ID': 'f', 'x': x, 'memory': y, 'context': y, 'inputs': [x, y], 'levels': [x, y]}
    return (x, y), {name: given[name] for name in inspect.signature(function).parameters if name in given}


@each_block
def test_an_option_that_nobody_has(function):
    (x, y), given = arguments(function)
    match = rf"^Block (fuse|{function.__name__}) 'f'.*: expected options that it has; found 'qqq'\. Ch(?!.*inputs)"
    with pytest.raises(UnknownNameError, match=match):
        function(**given, qqq=1)
    assert x.outputs == y.outputs == []


def failing_after(limit, usual=Module.__init__):
    """The constructor of modules as it would be if one failed, already wired, after so many of them."""
    made = count()

    def limited(self, *args, **options):
        usual(self, *args, **options)
        if next(made) == limit:
            raise KeyboardInterrupt

    return limited


@each_block
def test_a_block_leaves_nothing_behind_whichever_of_its_modules_fails(function, monkeypatch):
    for limit in count():
        (x, y), given = arguments(function)
        x.outputs.append('a module of before')
        monkeypatch.setattr(Module, '__init__', failing_after(limit))
        try:
            function(**given)
            break
        except KeyboardInterrupt:
            assert (x.outputs, y.outputs) == (['a module of before'], [])
    assert limit > 0
    assert len(x.outputs) > 1
