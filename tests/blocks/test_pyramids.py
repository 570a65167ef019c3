"""Pyramids against their formulas in PyTorch."""

import pytest

from deepfusion.blocks import bidirectional_pyramid, feature_pyramid, path_aggregation, three_level_fusion
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat
from deepfusion.components.net import Net
from deepfusion.errors import GraphError
from tests.blocks.test_fusion import apply, norm
from tests.support.blocks import Block, BlockTests

LEVELS = [(1, 3, 8, 8), (1, 5, 4, 4), (1, 2, 2, 2)]


def flat(levels):
    """All levels as one vector, so that one root shows them all."""
    from deepfusion.components.modules import Flatten
    return Concat('all', [Flatten(f'flat{i}', [level]).output for i, level in enumerate(levels)], axis=1).output


def joined(torch, levels):
    return torch.cat([level.flatten(1) for level in levels], 1)


def conv(torch, x, w, path, **options):
    return torch.nn.functional.conv2d(x, w(path, 'F'), w(path, 'b')[:, 0], **options)


def resized(torch, x, like):
    return torch.nn.functional.interpolate(x, size=like.shape[2:], mode='nearest')


def fpn(torch, x, w, flow, ID='f'):
    outputs, above = [], None
    for i in (2, 1, 0):
        total = conv(torch, x[i], w, f'{ID}/level{i}/lateral')
        if above is not None:
            total = total + resized(torch, above, total)
        outputs.insert(0, conv(torch, total, w, f'{ID}/level{i}/conv', padding=1))
        above = outputs[0] if flow == 'after' else total
    return outputs


def pan(torch, x, w):
    pyramid = fpn(torch, x, w, 'before', 'f/fpn')
    outputs = pyramid[:1]
    for i in (1, 2):
        shrunk = conv(torch, outputs[-1], w, f'f/level{i}/shrink/level1/resize', stride=2, padding=1).relu()
        outputs.append(conv(torch, pyramid[i] + shrunk, w, f'f/level{i}/conv', padding=1).relu())
    return joined(torch, outputs)


def bifpn(torch, x, w):
    functional = torch.nn.functional
    p = [norm(torch, conv(torch, v, w, f'f/enter{i}/conv'), w, f'f/enter{i}/norm') for i, v in enumerate(x)]

    def node(path, *sources):
        a = w(f'{path}/sum', 'w').relu()
        z = functional.silu(sum(b * s for b, s in zip(a / (a.sum() + 1e-4), sources, strict=True)))
        z = functional.conv2d(z, w(f'{path}/depthwise', 'F'), padding=1, groups=4)
        return norm(torch, conv(torch, z, w, f'{path}/pointwise'), w, f'{path}/norm')

    for r in range(2):
        cell = f'f/cell{r}'
        t1 = node(f'{cell}/up1', p[1], resized(torch, p[2], p[1]))
        o0 = node(f'{cell}/up0', p[0], resized(torch, t1, p[0]))
        o1 = node(f'{cell}/down1', p[1], t1, functional.adaptive_max_pool2d(o0, (4, 4)))
        o2 = node(f'{cell}/down2', p[2], functional.adaptive_max_pool2d(o1, (2, 2)))
        p = [o0, o1, o2]
    return joined(torch, p)


def three(torch, x, w):
    x = [resized(torch, v, x[-1]) for v in x]
    return apply(torch, torch.cat(x, 1), w, 'f/conv').relu()


CHANNELS = 3 + 5 + 2
FPN_COUNT = 4 * CHANNELS + 3 * 4 + 3 * (9 * 16 + 4)


class TestPyramids(BlockTests):
    blocks = (
        Block('fpn_after', lambda x: flat(feature_pyramid('f', x, 4)), LEVELS, FPN_COUNT,
              lambda t, x, w: joined(t, fpn(t, x, w, 'after'))),
        Block('fpn_before', lambda x: flat(feature_pyramid('f', x, 4, flow='before')), LEVELS, FPN_COUNT,
              lambda t, x, w: joined(t, fpn(t, x, w, 'before'))),
        Block('pan', lambda x: flat(path_aggregation('f', x, 4)), LEVELS, FPN_COUNT + 4 * (9 * 16 + 4), pan),
        Block('bifpn', lambda x: flat(bidirectional_pyramid('f', x, 4, repeats=2)), LEVELS,
              4 * CHANNELS + 3 * 4 + 3 * 8 + 2 * (4 * (16 + 48) + 9), bifpn),
        Block('three_levels', lambda x: three_level_fusion('f', x, 6), LEVELS, 6 * CHANNELS + 6, three),
    )


def test_counts_of_the_literature():
    def count(block, shapes, *args, **options):
        levels = block('f', [Data(f'x{i}', shape) for i, shape in enumerate(shapes)], *args, **options)
        return Net('net', levels).parameter_count

    sizes = (32, 16, 8, 4, 2)
    assert count(feature_pyramid, [(1, c, 4, 4) for c in (64, 128, 256, 512)]) == 2_607_104
    assert count(bidirectional_pyramid, [(1, 64, n, n) for n in sizes]) == 38_931
    for width in (16, 40):
        expected = 8 * (width ** 2 + 12 * width) + 19
        assert count(bidirectional_pyramid, [(1, width, n, n) for n in sizes], width) == expected


def test_learned_weights_in_three_level_fusion():
    levels = [Data(f'x{i}', shape) for i, shape in enumerate(LEVELS)]
    net = Net('net', [three_level_fusion('f', levels, 6, way='softmax')])
    assert net.get_node('f/weighted').logits.shape == (3,)


def test_no_levels():
    with pytest.raises(GraphError, match='at least one level'):
        feature_pyramid('f', [])
    with pytest.raises(GraphError, match='at least 2'):
        bidirectional_pyramid('f', [Data('x', LEVELS[0])])
