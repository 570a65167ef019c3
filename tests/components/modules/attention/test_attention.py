"""ScaledDotProductAttention and MultiHeadAttention, against PyTorch's."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules.attention import MultiHeadAttention, ScaledDotProductAttention
from deepfusion.errors import OptionError, ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, run


def seen(rng, shape):
    """Which keys are there: never none of them."""
    return np.arange(shape[-1]) <= np.arange(len(shape) * shape[0])[-shape[0]:, None] % shape[-1]


def some(rng, shape):
    """Booleans that leave each query a key."""
    mask = rng.random(shape) < 0.6
    mask[..., 0] = True
    return mask


def numbers(rng, shape):
    """The same as integers, for one example only."""
    return some(rng, (1, *shape[1:])).astype(int)


def biases(torch, masks, dtype):
    """Masks in our form as one that is added to (B, heads, Tq, Tk)."""
    total = 0
    for mask in masks:
        if mask.dtype != dtype:
            mask = torch.zeros(mask.shape, dtype=dtype).masked_fill(mask == 0, -torch.inf)
        total = total + (mask[:, None, None] if mask.ndim == 2 else mask[:, None] if mask.ndim == 3 else mask)
    return total if len(masks) else None


def sdpa(causal=False, p_keep=1.0, scale=None):
    def reference(torch, inputs, parameters, mode):
        q, k, v = (x if x.ndim == 4 else x[:, None] for x in inputs[:3])
        if p_keep < 1 and mode == 'train':
            weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1)
            np.random.seed(3)
            y = (weights * torch.tensor(np.random.rand(*weights.shape) < p_keep) / p_keep) @ v
        else:
            bias = biases(torch, inputs[3:], q.dtype)
            y = torch.nn.functional.scaled_dot_product_attention(q, k, v, bias, is_causal=causal, scale=scale)
        return y if inputs[0].ndim == 4 else y[:, 0]
    return reference


def case(name, shapes, draws=(), p_keep=1.0, no_gradient=(), **options):
    reference = {k: v for k, v in options.items() if k != 'block_size'}
    return Case(name, lambda inputs: ScaledDotProductAttention('m', inputs, p_keep=p_keep, **options), shapes,
                sdpa(p_keep=p_keep, **reference), draws=draws, no_gradient=no_gradient,
                modes=('train', 'test') if p_keep < 1 else ('train',))


QKV = [(1, 3, 4), (1, 5, 4), (1, 5, 2)]
HEADS = [(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 2)]
MASKS = [(1, 5), (1, 3, 5), (1, 2, 1, 5)]
DRAWS = (None, None, None, seen, some, None)


class TestScaledDotProductAttention(ModuleTests):
    cases = (
        case('plain', QKV),
        case('causal', HEADS, causal=True, scale=0.3),
        case('dropout', QKV, p_keep=0.7),
        case('masks', [*HEADS, *MASKS], DRAWS, no_gradient=(3, 4)),
        case('additive', [*QKV, (1, 3, 5), (1, 1, 1, 5)], (None, None, None, numbers), no_gradient=(3,)),
        case('blocks', QKV, block_size=2),
        case('blocks_causal', HEADS, causal=True, block_size=2),
        case('blocks_masks', [*HEADS, *MASKS], DRAWS, no_gradient=(3, 4), block_size=2),
    )


def multi_head(heads, own=False, causal=False, rotary=False):
    """PyTorch's multi-head attention on our parameters; rotation is written out with complex numbers."""
    def project(torch, x, parameters, name):
        bias = parameters[f'b{name}'][0] if f'b{name}' in parameters else None
        return torch.nn.functional.linear(x, parameters[f'W{name}'].T, bias)

    def turned(torch, x):
        places = torch.arange(x.shape[2], dtype=x.dtype)
        angles = torch.outer(places, 100.0 ** (-torch.arange(0, x.shape[3], 2, dtype=x.dtype) / x.shape[3]))
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) * torch.polar(torch.ones_like(angles), angles)
        return torch.view_as_real(pairs).reshape(x.shape)

    def reference(torch, inputs, parameters, mode):
        inputs = [inputs[2]] * 3 if own else inputs
        q, k, v = (project(torch, x, parameters, name).unflatten(-1, (heads, -1)).transpose(1, 2)
                   for x, name in zip(inputs[:3], 'qkv', strict=True))
        if rotary:
            q, k = turned(torch, q), turned(torch, k)
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, biases(torch, inputs[3:], q.dtype),
                                                             is_causal=causal)
        return project(torch, y.transpose(1, 2).flatten(2), parameters, 'o')
    return reference


ROUGH = 5e-4        # the derivative of bk is 0, but for rounding: the same is added to all scores of a query


def self_attention(**options):
    """Of the last input, three times over; the first two values set in it are replaced."""
    return lambda inputs: MultiHeadAttention('m', [inputs[2]] * 3, heads=2, **options)


def cross_attention(**options):
    return lambda inputs: MultiHeadAttention('m', inputs, heads=2, **options)


class TestMultiHeadAttention(ModuleTests):
    cases = (
        Case('self', self_attention(), [(1, 3, 4)] * 3, multi_head(2, own=True), modes=('train',), rough=ROUGH),
        Case('cross', cross_attention(bias=False), [(1, 3, 4), (1, 5, 3), (1, 5, 2)], multi_head(2), modes=('train',)),
        Case('masked', cross_attention(), [(1, 3, 4), (1, 5, 4), (1, 5, 4), *MASKS], multi_head(2), draws=DRAWS,
             no_gradient=(3, 4), modes=('train',), rough=ROUGH),
        Case('rotary', self_attention(causal=True, rotary_base=100.0), [(1, 3, 8)] * 3,
             multi_head(2, own=True, causal=True, rotary=True), modes=('train',), rough=ROUGH),
        Case('blocks', self_attention(causal=True, block_size=2), [(1, 3, 4)] * 3,
             multi_head(2, own=True, causal=True), modes=('train',), rough=ROUGH),
    )


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 3), heads=st.integers(1, 3), width=st.integers(1, 3), queries=st.integers(1, 5),
       keys=st.integers(1, 5), bias=st.booleans(), causal=st.booleans(), block_size=st.none() | st.integers(1, 4),
       masks=st.lists(st.sampled_from([2, 3, 4]), max_size=2))
def test_any_options(batch, heads, width, queries, keys, bias, causal, block_size, masks):
    pytest.importorskip('torch')
    shapes = [(1, queries, heads * width), (1, keys, 3), (1, keys, 2)]
    shapes += [{2: (1, keys), 3: (1, queries, keys), 4: (1, heads, queries, keys)}[rank] for rank in masks]
    options = {'heads': heads, 'bias': bias, 'causal': causal, 'block_size': block_size}
    reference = multi_head(heads, causal=causal and not masks)
    if causal and masks:        # PyTorch takes one or the other
        plain = reference

        def reference(torch, inputs, parameters, mode):
            seen = torch.ones(1, queries, keys, dtype=torch.int64).tril()
            return plain(torch, [*inputs, seen], parameters, mode)
    any_case = Case('any', lambda inputs: MultiHeadAttention('m', inputs, **options), shapes, reference)
    with use_precision('float64'):
        ModuleTests().check_reference(any_case, 'train', batch)


def test_weights_of_torch_can_be_copied():
    torch = pytest.importorskip('torch')
    theirs = torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    with use_precision('float64'):
        x, memory = np.random.default_rng(0).standard_normal((2, 4, 5, 6))
        inputs = [Data('x', (1, 5, 6), val=x), Data('memory', (1, 5, 6), val=memory)]
        ours = MultiHeadAttention('m', [inputs[0], inputs[1], inputs[1]], heads=3)
        state = {name: value.detach().numpy() for name, value in theirs.state_dict().items()}
        for name, W, b in zip('qkv', np.split(state['in_proj_weight'], 3), np.split(state['in_proj_bias'], 3),
                              strict=True):
            ours.parameter_lookup[f'W{name}'].val, ours.parameter_lookup[f'b{name}'].val = W.T, b[None]
        ours.Wo.val, ours.bo.val = state['out_proj.weight'].T, state['out_proj.bias'][None]
        ours.forward()
        memory = torch.tensor(memory)
        expected = theirs(torch.tensor(x), memory, memory, need_weights=False)[0]
    close(ours.output.val, expected.detach().numpy(), 1e-10, 'value')


def test_starts_as_torch_does():
    module = MultiHeadAttention('m', [Data('x', (1, 5, 64))] * 3, heads=2)
    bound = np.sqrt(6 / (64 + 3 * 64))
    for name in ('Wq', 'Wk', 'Wv'):
        assert 0.95 * bound < np.abs(module.parameter_lookup[name].val).max() <= bound
    assert 0.95 / 8 < np.abs(module.Wo.val).max() <= 1 / 8
    assert not module.bo.val.any()


@pytest.mark.parametrize('block_size', [None, 2])
def test_a_query_that_sees_no_key_gives_zero(block_size):
    q, mask = Data('q', (1, 3, 4), val=np.ones((2, 3, 4))), Data('mask', (1, 3), val=[[True, False, True], [False] * 3])
    module = ScaledDotProductAttention('m', [q, q, q, mask], block_size=block_size)
    result = run(module, [q.val, q.val, q.val, mask.val])
    assert np.allclose(result.value[0], 1)
    assert not result.value[1].any()
    assert np.isfinite(result.inputs[0]).all()


@pytest.mark.parametrize('block_size', [None, 2])
def test_scores_of_any_size(block_size):
    with use_precision('float64'):
        q = Data('q', (1, 3, 1), val=[[[1e4], [-1e4], [1.]]])
        module = ScaledDotProductAttention('m', [q, q, q], block_size=block_size)
        module.forward()
    assert np.allclose(module.output.val, [[[1e4], [-1e4], [1e4]]])


def test_a_query_for_the_whole_batch():
    """A Data of one example serves all of them; its derivative is the sum."""
    rng = np.random.default_rng(0)
    one, many = rng.standard_normal((1, 3, 4)), rng.standard_normal((5, 6, 4))
    with use_precision('float64'):
        found = []
        for query in (one, np.repeat(one, 5, axis=0)):
            np.random.seed(0)
            q, k = Data('q', (1, 3, 4)), Data('k', (1, 6, 4))
            found.append(run(MultiHeadAttention('m', [q, k, k], heads=2), [query, many, many]))
    close(found[0].value, found[1].value, 1e-12, 'value')
    close(found[0].inputs[0], found[1].inputs[0].sum(axis=0, keepdims=True), 1e-12, 'query')
    for name, value in found[0].parameters.items():
        close(value, found[1].parameters[name], 1e-12, name)


def test_dropout_in_blocks_is_the_same_in_both_passes():
    """The derivative of v is that of a linear map, whatever was dropped; and one seed makes one result."""
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((3, 2, 7, 4))
    with use_precision('float64'):
        nodes = [Data(name, (1, 7, 4)) for name in 'qkv']
        module = ScaledDotProductAttention('m', nodes, p_keep=0.5, block_size=3)
        first, again = run(module, [q, k, v]), run(module, [q, k, v])
        assert np.array_equal(first.value, again.value)
        assert np.isclose((first.seed * first.value).sum(), (first.inputs[2] * v).sum())
        module.set_mode('test')
        assert not np.allclose(run(module, [q, k, v]).value, first.value)


def test_memory_is_linear_in_the_length_when_asked():
    def peak(length, block_size):
        x = Data('x', (1, length, 4), val=np.ones((1, length, 4)))
        module = ScaledDotProductAttention('m', [x, x, x], block_size=block_size)
        tracemalloc.start()
        module.forward()
        module.output.deriv = x.val
        module.backward()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used
    peak(600, 64)                       # imports what threads need
    assert peak(1500, 64) < 2.3 * peak(750, 64)
    assert peak(750, None) > 5 * peak(750, 64)


def data(*shape):
    return Data('x' + 'x'.join(map(str, shape)), shape)


@pytest.mark.parametrize(('make', 'error', 'message'), [
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 3), OptionError, 'heads to be an integer of at least 1'),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 3, heads=4), ShapeError, 'a multiple of heads=4'),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 2, heads=2), ShapeError, r'inputs=\[query, key, value\]'),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6), data(1, 4, 6), data(1, 5, 6)], heads=2), ShapeError, 'key'),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 3 + [data(1, 4)], heads=2), ShapeError,
     r"masks of shape \(1, 5\) for keys, .* found 'x1x4' of shape \(1, 4\)"),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 3, heads=2, rotary_base=100.0), OptionError, 'even width'),
    (lambda: MultiHeadAttention('m', [data(1, 5, 6)] * 3, heads=2, block_size=0), OptionError, 'block_size'),
    (lambda: ScaledDotProductAttention('m', [data(1, 5, 6)] * 3, p_keep=0), OptionError, 'p_keep'),
    (lambda: ScaledDotProductAttention('m', [data(1, 5, 6), data(1, 5, 4), data(1, 5, 4)]), ShapeError, 'Tk, d'),
    (lambda: ScaledDotProductAttention('m', [data(1, 5, 6)]), ShapeError, r'inputs=\[q, k, v\]'),
])
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
