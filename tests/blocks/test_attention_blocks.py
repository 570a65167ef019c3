"""Blocks that weigh channels and places, against their formulas in PyTorch."""

import pytest

from deepfusion.blocks import (
    cbam,
    coordinate_attention,
    effective_squeeze_excitation,
    efficient_channel_attention,
    non_local,
    squeeze_excitation,
)
from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.errors import ShapeError
from tests.blocks.test_fusion import apply, map_norm, norm
from tests.support.blocks import Block, BlockTests

VOLUME = (1, 8, 4, 6)


def gate(torch, scores):
    return scores[:, :, None, None]


def se(torch, x, w, bias=False):
    h = apply(torch, x[0].mean((2, 3)), w, 'f/reduce', bias).relu()
    return x[0] * gate(torch, apply(torch, h, w, 'f/expand', bias).sigmoid())


def se_vector(torch, x, w):
    return x[0] * apply(torch, apply(torch, x[0], w, 'f/reduce').relu(), w, 'f/expand').sigmoid()


def ese(torch, x, w):
    return x[0] * gate(torch, torch.nn.functional.hardsigmoid(apply(torch, x[0].mean((2, 3)), w, 'f/excite')))


def eca(torch, x, w):
    pooled = x[0].mean((2, 3))[:, None]
    return x[0] * gate(torch, torch.nn.functional.conv1d(pooled, w('f/excite', 'F'), padding=1)[:, 0].sigmoid())


def cbam_reference(torch, x, w):
    x = x[0]

    def mlp(v):
        return apply(torch, apply(torch, v, w, 'f/channels/average/reduce').relu(), w, 'f/channels/average/expand')
    x = x * gate(torch, (mlp(x.mean((2, 3))) + mlp(x.amax((2, 3)))).sigmoid())
    views = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    score = torch.nn.functional.conv2d(views, w('f/places/conv', 'F'), padding=3)
    return x * norm(torch, score, w, 'f/places/norm').sigmoid()


def coordinate(torch, x, w):
    x = x[0]
    rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
    mixed = torch.nn.functional.hardswish(map_norm(torch, torch.cat([rows, columns], 2), w, 'f/mix'))
    rows, columns = mixed[:, :, :4], mixed[:, :, 4:].transpose(2, 3)
    return x * apply(torch, rows, w, 'f/rows_conv').sigmoid() * apply(torch, columns, w, 'f/columns_conv').sigmoid()


def non_local_reference(torch, x, w):
    context = x[-1]
    theta, phi, g = (apply(torch, v, w, f'f/{name}/map', name != 'phi').flatten(2)
                     for name, v in (('theta', x[0]), ('phi', context), ('g', context)))
    y = (theta.transpose(1, 2) @ phi).softmax(-1) @ g.transpose(1, 2)
    return x[0] + apply(torch, y.transpose(1, 2).reshape(len(y), -1, 4, 6), w, 'f/out')


class TestAttentionBlocks(BlockTests):
    blocks = (
        Block('se', lambda x: squeeze_excitation('f', x[0], reduction=4), [VOLUME], 2 * 64 // 4, se),
        Block('se_bias', lambda x: squeeze_excitation('f', x[0], reduction=4, bias=True), [VOLUME], 2 * 16 + 2 + 8,
              lambda t, x, w: se(t, x, w, True)),
        Block('se_vector', lambda x: squeeze_excitation('f', x[0], reduction=2, bias=True), [(1, 8)], 64 + 4 + 8,
              se_vector),
        Block('ese', lambda x: effective_squeeze_excitation('f', x[0]), [VOLUME], 64 + 8, ese),
        Block('eca', lambda x: efficient_channel_attention('f', x[0]), [VOLUME], 3, eca),
        Block('cbam', lambda x: cbam('f', x[0], reduction=2), [VOLUME], 2 * 64 // 2 + 4 + 8 + 100, cbam_reference),
        Block('coordinate', lambda x: coordinate_attention('f', x[0]), [VOLUME], 3 * 8 * 8 + 3 * 8 + 2 * 8, coordinate),
        Block('non_local', lambda x: non_local('f', x[0]), [VOLUME], 4 * 8 * 4 + 2 * 4 + 8, non_local_reference),
        Block('non_local_context', lambda x: non_local('f', x[0], context=x[1]), [VOLUME, (1, 3, 2, 2)],
              2 * 8 * 4 + 2 * 3 * 4 + 2 * 4 + 8, non_local_reference),
    )


def test_counts_of_the_literature():
    """The table of parameter counts at C = 64."""
    def count(block, **options):
        return Net('net', [block('f', Data('x', (1, 64, 8, 8)), **options)]).parameter_count

    assert count(squeeze_excitation) == 512
    assert count(squeeze_excitation, bias=True) == 512 + 4 + 64
    assert count(cbam) == 680
    assert count(efficient_channel_attention) == 3


@pytest.mark.parametrize('block', [squeeze_excitation, cbam])
def test_a_reduction_that_leaves_no_channel(block):
    with pytest.raises(ShapeError, match="'f.*leaves no channel"):
        block('f', Data('x', VOLUME), reduction=9)
