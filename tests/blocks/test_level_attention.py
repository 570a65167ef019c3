"""Attention within and between levels, against PyTorch's multi-head attention."""

import pytest

from deepfusion.blocks import level_attention
from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.errors import ShapeError
from tests.support.blocks import Block, BlockTests

C = 8
LEVELS = [(1, C, 3, 4), (1, C, 2, 2), (1, C, 1, 2)]
ATTENTION = 4 * C * C + 4 * C


def attention(torch, query, context, w, path, heads):
    weight = torch.cat([w(path, f'W{n}').T for n in 'qkv'])
    bias = torch.cat([w(path, f'b{n}')[0] for n in 'qkv'])
    y, _ = torch.nn.functional.multi_head_attention_forward(
        query.transpose(0, 1), context.transpose(0, 1), context.transpose(0, 1), C, heads, weight, bias, None, None,
        False, 0.0, w(path, 'Wo').T, w(path, 'bo')[0], need_weights=False)
    return y.transpose(0, 1)


def reference(torch, x, w, query=0, heads=2, within=True):
    tokens = [v.flatten(2).transpose(1, 2) for v in x]
    if within:
        tokens = [t + attention(torch, t, t, w, f'f/level{i}/self', heads) for i, t in enumerate(tokens)]
    asking = tokens.pop(query)
    y = asking + attention(torch, asking, torch.cat(tokens, 1), w, 'f/cross', heads)
    return y.transpose(1, 2).reshape(x[query].shape)


class TestLevelAttention(BlockTests):
    # The bias of the keys moves a whole row of scores and so nothing: PyTorch's layer has it too.
    dead = ('_bk',)
    blocks = (
        Block('self_then_cross', lambda x: level_attention('f', x, heads=2), LEVELS, 4 * ATTENTION, reference),
        Block('another_query', lambda x: level_attention('f', x, query=1, heads=2), LEVELS, 4 * ATTENTION,
              lambda t, x, w: reference(t, x, w, query=1)),
        Block('cross_alone', lambda x: level_attention('f', x, heads=4, self_attention=False), LEVELS[:2], ATTENTION,
              lambda t, x, w: reference(t, x, w, heads=4, within=False)),
    )


def test_count_of_the_literature():
    levels = [Data(f'x{i}', (1, 64, 4, 4)) for i in range(2)]
    assert Net('net', [level_attention('f', levels, self_attention=False)]).parameter_count == 16_640


@pytest.mark.parametrize(('options', 'match'), [
    ({'query': 2}, 'index of one of 2 levels'), ({}, 'one channel count'), ({'width': 6, 'heads': 4}, 'heads'),
])
def test_wrong_use(options, match):
    with pytest.raises(ShapeError, match=match):
        level_attention('f', [Data('x', (1, 8, 4, 4)), Data('y', (1, 4, 4, 4))], **options)
