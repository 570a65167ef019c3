"""Fusion blocks against their formulas in PyTorch, and the parameter counts that the literature gives."""

import pytest

from deepfusion.blocks import (
    adaptive_spatial_fusion,
    add,
    align,
    attentional_fusion,
    bilinear,
    channel_softmax_attention,
    concatenate,
    dynamic_feature_fusion,
    feature_fusion,
    fuse,
    gated_multimodal_unit,
    iterative_attentional_fusion,
    level_gates,
    maximum,
    multiply,
    selective_kernel,
    weighted_sum,
)
from deepfusion.blocks.fusion import WAYS
from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.errors import GraphError, NodeTypeError, OptionError, ShapeError, UnknownNameError
from tests.support.blocks import Block, BlockTests

C, VOLUME, VECTOR = 8, (1, 8, 4, 4), (1, 8)


def apply(torch, x, w, path, bias=True):
    """The channel map at `path`: a linear layer or a 1x1 convolution."""
    if x.ndim == 2:
        return x @ w(path, 'W') + (w(path, 'b')[0] if bias else 0)
    y = torch.einsum('oi,bihw->bohw', w(path, 'F').flatten(1), x)
    return y + w(path, 'b')[None, :, :, None] if bias else y


def norm(torch, x, w, path):
    return torch.nn.functional.batch_norm(x, None, None, w(path, 'gamma').flatten(), w(path, 'beta').flatten(), True)


def map_norm(torch, x, w, path, bias=True):
    return norm(torch, apply(torch, x, w, f'{path}/map', bias), w, f'{path}/norm')


def gmu(torch, x, w):
    h = [apply(torch, v, w, f'f/map{i}', False).tanh() for i, v in enumerate(x)]
    z = apply(torch, torch.cat(h, 1), w, 'f/gate/map', False).sigmoid()
    return z * h[0] + (1 - z) * h[1]


def gmu3(torch, x, w):
    h = [apply(torch, v, w, f'f/map{i}', False).tanh() for i, v in enumerate(x)]
    return sum(apply(torch, torch.cat(h, 1), w, f'f/gate{i}/map', False).sigmoid() * h[i] for i in range(3))


def gates(torch, x, w):
    return sum(v * apply(torch, v.mean((2, 3)), w, f'f/gate{i}').sigmoid()[:, :, None, None] for i, v in enumerate(x))


def channel_softmax(torch, x, w, single=False):
    v = torch.cat(x, 1)
    a = apply(torch, apply(torch, v.mean((2, 3)), w, 'f/reduce').relu(), w, 'f/expand').softmax(1)[:, :, None, None]
    return (v * a).sum(1, keepdim=True) if single else v * a * v.shape[1]


def attention(torch, x, w, path):
    def branch(name, v):
        v = map_norm(torch, v, w, f'{path}/{name}/reduce').relu()
        return map_norm(torch, v, w, f'{path}/{name}/expand')
    return (branch('local', x) + branch('global', x.mean((2, 3), keepdim=True))).sigmoid()


def aff(torch, x, w):
    a = attention(torch, x[0] + x[1], w, 'f')
    return 2 * (a * x[0] + (1 - a) * x[1])


def iaff(torch, x, w):
    a = attention(torch, x[0] + x[1], w, 'f/first')
    b = attention(torch, a * x[0] + (1 - a) * x[1], w, 'f/second')
    return b * x[0] + (1 - b) * x[1]


def sk(torch, x, w):
    h = map_norm(torch, sum(x).mean((2, 3)), w, 'f/reduce', False).relu()
    a = apply(torch, h, w, 'f/expand', False).reshape(len(h), len(x), -1).softmax(1)[..., None, None]
    return sum(a[:, i] * v for i, v in enumerate(x))


def asff(torch, x, w):
    h = torch.cat([map_norm(torch, v, w, f'f/compress{i}', False).relu() for i, v in enumerate(x)], 1)
    a = apply(torch, h, w, 'f/levels').softmax(1)
    return sum(a[:, i:i + 1] * v for i, v in enumerate(x))


def dynamic(torch, x, w):
    x = [torch.nn.functional.interpolate(v, size=(2, 4), mode='nearest') for v in x]
    m = apply(torch, apply(torch, torch.cat(x, 1), w, 'f/reduce').relu(), w, 'f/expand').sigmoid()
    return sum(m[:, i:i + 1] * v for i, v in enumerate(x))


def block_fusion(torch, x, w):
    conv = torch.nn.functional.conv2d
    parts = []
    for i, v in enumerate(x):
        for size in (1, 3):
            for stride in (1, 2):
                path = f'f/input{i}/kernel{size}_stride{stride}/conv'
                y = conv(v, w(path, 'F'), w(path, 'b')[:, 0], stride=stride, padding=size // 2).relu()
                parts.append(torch.nn.functional.interpolate(y, size=(2, 2), mode='nearest'))
    y = apply(torch, torch.cat(parts, 1), w, 'f/mix').relu()
    return conv(y, w('f/refine0/conv', 'F'), w('f/refine0/conv', 'b')[:, 0], padding=1).relu()


def aligned(torch, x, w):
    x = [apply(torch, v, w, f'f/level{i}/reduce').relu() for i, v in enumerate(x)]
    shrunk = torch.nn.functional.adaptive_max_pool2d(x[0], (4, 4))
    path = 'f/level2/resize'
    grown = torch.nn.functional.conv_transpose2d(x[2], w(path, 'F'), w(path, 'b')[:, 0], stride=2)
    return torch.cat([shrunk, x[1], grown], 1)


def strided(torch, x, w):
    path = 'f/level0/resize'
    y = torch.nn.functional.conv2d(x[0], w(path, 'F'), w(path, 'b')[:, 0], stride=2, padding=1)
    return torch.cat([y, x[1]], 1)


def joined(inputs, **options):
    return concatenate('join', align('f', inputs, **options))


class TestFusion(BlockTests):
    blocks = (
        Block('concat', lambda x: concatenate('f', x), [VOLUME, (1, 3, 4, 4)], 0, lambda t, x, w: t.cat(x, 1)),
        Block('concat_map', lambda x: concatenate('f', x, width=8), [VOLUME] * 2, 2 * C * 8 + 8,
              lambda t, x, w: apply(t, t.cat(x, 1), w, 'f/map')),
        Block('concat_space', lambda x: concatenate('f', x, axis=2), [VOLUME, VOLUME], 0, lambda t, x, w: t.cat(x, 2)),
        Block('sum_relu', lambda x: add('f', x, then='Relu'), [VECTOR] * 3, 0, lambda t, x, w: sum(x).relu()),
        Block('product', lambda x: multiply('f', x), [VOLUME] * 2, 0, lambda t, x, w: x[0] * x[1]),
        Block('maximum', lambda x: maximum('f', x), [VOLUME] * 2, 0, lambda t, x, w: t.maximum(*x)),
        Block('softmax_weights', lambda x: weighted_sum('f', x), [VOLUME] * 3, 3,
              lambda t, x, w: sum(a * v for a, v in zip(w('f/weighted', 'logits').softmax(0), x, strict=True))),
        Block('bilinear', lambda x: bilinear('f', x), [(1, 3, 4, 4), (1, 2, 4, 4)], 0,
              lambda t, x, w: t.einsum('bihw,bjhw->bij', *x).flatten(1) / 16),
        Block('gmu', lambda x: gated_multimodal_unit('f', x, width=5), [(1, 8), (1, 6)], 8 * 5 + 6 * 5 + 2 * 25, gmu),
        Block('gmu_volumes', lambda x: gated_multimodal_unit('f', x), [VOLUME, (1, 6, 4, 4)], 8 * 8 + 6 * 8 + 128, gmu),
        Block('gmu_three', lambda x: gated_multimodal_unit('f', x, width=4), [(1, 3), (1, 5), (1, 2)],
              10 * 4 + 3 * 12 * 4, gmu3),
        Block('level_gates', lambda x: level_gates('f', x), [VOLUME] * 3, 3 * (C + 1), gates),
        Block('channel_softmax', lambda x: channel_softmax_attention('f', x), [VOLUME, (1, 4, 4, 4)],
              12 * 3 + 3 + 3 * 12 + 12, channel_softmax),
        Block('channel_softmax_map', lambda x: channel_softmax_attention('f', x, single_map=True),
              [VOLUME, (1, 4, 4, 4)], 12 * 3 + 3 + 3 * 12 + 12, lambda t, x, w: channel_softmax(t, x, w, True)),
        Block('aff', lambda x: attentional_fusion('f', x), [VOLUME] * 2, 2 * (2 * C * 2 + 3 * 2 + 3 * C), aff),
        Block('iaff', lambda x: iterative_attentional_fusion('f', x), [VOLUME] * 2,
              4 * (2 * C * 2 + 3 * 2 + 3 * C), iaff),
        Block('selective_kernel', lambda x: selective_kernel('f', x), [VOLUME] * 3, C * 8 + 16 + 3 * C * 8, sk),
        Block('asff', lambda x: adaptive_spatial_fusion('f', x), [VOLUME] * 3, 3 * (16 * C + 32) + 147, asff),
        Block('dynamic', lambda x: dynamic_feature_fusion('f', x), [(1, 8, 4, 4), (1, 8, 2, 8)],
              2 * C * 1 + 1 + 2 + 2, dynamic),
        Block('feature_fusion', lambda x: feature_fusion('f', x, 4, filter_sizes=(1, 3), strides=(1, 2)),
              [(1, 3, 8, 8), (1, 5, 4, 4)], (3 + 5) * 4 * 2 * 10 + 8 * 4 + 32 * 4 + 4 + 4 * 4 * 9 + 4, block_fusion),
        Block('align', lambda x: joined(x, width=3, to='x1', down='max_pool', up='transposed', relu=True),
              [(1, 8, 8, 8), (1, 6, 4, 4), (1, 2, 2, 2)], 16 * 3 + 9 + 3 * 3 * 4 + 3, aligned),
        Block('align_strided', lambda x: joined(x, to='smallest', down='strided'), [(1, 2, 8, 7), (1, 2, 4, 4)],
              2 * 2 * 9 + 2, strided),
    )


def test_counts_of_the_literature():
    """The table of parameter counts at C = 64."""
    def count(build, shapes):
        inputs = [Data(f'x{i}', shape) for i, shape in enumerate(shapes)]
        return Net('net', [build(inputs)]).parameter_count

    volumes = [(1, 64, 4, 4)] * 2
    assert count(lambda x: concatenate('f', x, width=64), volumes) == 8_256
    assert count(lambda x: attentional_fusion('f', x), volumes) == 4_576
    assert count(lambda x: iterative_attentional_fusion('f', x), volumes) == 9_152
    assert count(lambda x: selective_kernel('f', x), volumes) == 1_552
    assert count(lambda x: adaptive_spatial_fusion('f', x), volumes[:1] * 3) == 3_315
    assert count(lambda x: dynamic_feature_fusion('f', x), [(1, 256, 4, 4)] * 4) == 32_932


OPTIONS = {'compact_bilinear': {'compact': 16}}
PAIRS = {'bilinear', 'compact_bilinear'}


@pytest.mark.parametrize('way', WAYS)
def test_every_way_fuses_levels_of_any_size_and_width_in_one_line(way):
    shallow, middle, deep = Data('a', (1, 8, 8, 8)), Data('b', (1, 16, 4, 4)), Data('c', (1, 12, 2, 2))
    inputs = [shallow, deep] if way in PAIRS else [shallow, middle, deep]
    fused = fuse('f', inputs, way=way, width=16, **OPTIONS.get(way, {}))
    assert len(fused.shape) == (2 if way in PAIRS else 4)
    if way not in PAIRS:
        assert fused.shape[2:] == (2, 2)


@pytest.mark.parametrize('way', sorted(set(WAYS) - {'attention'}))
def test_every_way_fuses_vectors(way):
    inputs = [Data('a', (1, 16)), Data('b', (1, 12))]
    assert len(fuse('f', inputs, way=way, width=16, **OPTIONS.get(way, {})).shape) == 2


@pytest.mark.parametrize('way', sorted(set(WAYS)))
def test_every_way_fuses_volumes_of_three_axes(way):
    inputs = [Data('a', (1, 16, 4, 4, 4)), Data('b', (1, 12, 2, 2, 2))]
    assert len(fuse('f', inputs, way=way, width=16, **OPTIONS.get(way, {})).shape) in (2, 5)


def test_a_function_can_be_the_way():
    inputs = [Data('a', (1, 4, 8, 8)), Data('b', (1, 6, 4, 4))]
    fused = fuse('f', inputs, way=lambda ID, levels: add(f'{ID}/mine', levels), to='largest')
    assert fused.shape == (1, 4, 8, 8)


A, B = (1, 8, 8, 8), (1, 4, 4, 4)


@pytest.mark.parametrize(('build', 'error', 'match'), [
    (lambda a, b: fuse('f', []), GraphError, 'at least 2 inputs to fuse; found 0'),
    (lambda a, b: fuse('f', [a]), GraphError, 'found 1'),
    (lambda a, b: fuse('f', a), NodeTypeError, 'list of Data'),
    (lambda a, b: fuse('f', [a, b], way='softmx'), UnknownNameError, "Did you mean 'softmax'"),
    (lambda a, b: fuse('f', [a, b], to='deepest'), UnknownNameError, 'size to align to'),
    (lambda a, b: fuse('f', [a, b], down='bilinaer'), UnknownNameError, "'bilinear'"),
    (lambda a, b: fuse('f', [a, Data('v', (1, 4))]), ShapeError, 'one rank'),
    (lambda a, b: align('f', [b, Data('c', (1, 4, 7, 9))], to='largest', up='transposed'), ShapeError, 'whole factor'),
    (lambda a, b: attentional_fusion('f', [a, b]), ShapeError, 'one shape.*fuse'),
    (lambda a, b: attentional_fusion('f', [b, b], reduction=8), ShapeError, 'leaves no channel'),
    (lambda a, b: bilinear('f', [a, a, a]), GraphError, 'expected 2 inputs'),
    (lambda a, b: add('f', [a, a], then='Rellu'), UnknownNameError, "'Relu'"),
    (lambda a, b: feature_fusion('f', [a, b], 4, filter_sizes=(2,)), OptionError, 'odd'),
    (lambda a, b: dynamic_feature_fusion('f', [a, b]), ShapeError, 'one channel count'),
])
def test_wrong_use_gets_one_sentence(build, error, match):
    with pytest.raises(error, match=match):
        build(Data('a', A), Data('b', B))


@pytest.mark.parametrize(('way', 'option', 'meant'), [('sum', 'widht', 'width'),
                                                      ('compact_bilinear', 'compct', 'compact')])
def test_a_misspelt_option_of_fuse_is_refused_before_a_node_is_made(way, option, meant):
    x, y = Data('x', (1, 4)), Data('y', (1, 3))
    with pytest.raises(UnknownNameError, match=f"'f' by '{way}': .* found '{option}'. Did you mean '{meant}'"):
        fuse('f', [x, y], way=way, **{option: 8})
    assert not x.outputs
