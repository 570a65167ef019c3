"""Transformer layers against PyTorch's with the same weights."""

import numpy as np
import pytest

from deepfusion.blocks import transformer_decoder_layer, transformer_encoder_layer
from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import GELU, Relu
from deepfusion.components.net import Net
from deepfusion.utils.backend import to_host, use_backend, use_precision

WIDTH, HEADS, HIDDEN = 8, 2, 16
PARTS = {'attention': 'self_attn', 'memory': 'multihead_attn'}


def torch_state(net, torch, norms):
    """Our parameters under PyTorch's names."""
    def value(path, name):
        return torch.tensor(net.get_node(path).parameter_lookup[name].val)

    state = {}
    for path in (node for node in net.node_lookup if node.endswith('/heads')):
        part = PARTS[path.split('/')[1]]
        state |= {
            f'{part}.in_proj_weight': torch.cat([value(path, f'W{n}').T for n in 'qkv']),
            f'{part}.in_proj_bias': torch.cat([value(path, f'b{n}')[0] for n in 'qkv']),
            f'{part}.out_proj.weight': value(path, 'Wo').T, f'{part}.out_proj.bias': value(path, 'bo')[0]}
    for linear, path in (('linear1', 'layer/net/widen'), ('linear2', 'layer/net/narrow')):
        state |= {f'{linear}.weight': value(path, 'W').T, f'{linear}.bias': value(path, 'b')[0]}
    for i, part in enumerate(norms):
        path = f'layer/{part}/norm'
        state |= {f'norm{i + 1}.weight': value(path, 'gamma').ravel(),
                  f'norm{i + 1}.bias': value(path, 'beta').ravel()}
    return state


def scrambled(net):
    rng = np.random.default_rng(0)
    for parameter in net.parameters():
        parameter.val = parameter.val + 0.3 * rng.standard_normal(parameter.shape)


@pytest.mark.parametrize('norm_first', [False, True])
@pytest.mark.parametrize(('activation', 'name'), [(Relu, 'relu'), (GELU, 'gelu')])
def test_encoder_layer(norm_first, activation, name):
    torch = pytest.importorskip('torch')
    values = np.random.default_rng(1).standard_normal((3, 5, WIDTH))
    present = np.arange(5) < np.array([5, 2, 4])[:, None]
    with use_precision('float64'):
        x, mask = Data('x', (1, 5, WIDTH), val=values), Data('mask', (1, 5), val=present)
        y = transformer_encoder_layer('layer', x, HEADS, HIDDEN, activation=activation, norm_first=norm_first,
                                      masks=[mask])
        net = Net('net', [y])
        scrambled(net)
        net.set_mode('test')
        net.forward()
        net.backward()
    theirs = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, activation=name, norm_first=norm_first,
                                              batch_first=True, dropout=0.0, dtype=torch.float64)
    theirs.load_state_dict(torch_state(net, torch, ('attention', 'net')))
    given = torch.tensor(values, requires_grad=True)
    expected = theirs(given, src_key_padding_mask=torch.tensor(~present))
    expected.sum().backward()
    assert np.allclose(y.val, expected.detach().numpy(), rtol=0, atol=1e-12)
    assert np.allclose(x.deriv, given.grad.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize('norm_first', [False, True])
def test_decoder_layer(norm_first):
    torch = pytest.importorskip('torch')
    values, told = np.random.default_rng(1).standard_normal((2, 3, 5, WIDTH))
    with use_precision('float64'):
        x, memory = Data('x', (1, 5, WIDTH), val=values), Data('memory', (1, 5, WIDTH), val=told)
        y = transformer_decoder_layer('layer', x, memory, HEADS, HIDDEN, norm_first=norm_first, p_keep=1)
        net = Net('net', [y])
        scrambled(net)
        net.forward()
        net.backward()
    theirs = torch.nn.TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, norm_first=norm_first, batch_first=True,
                                              dropout=0.0, dtype=torch.float64)
    theirs.load_state_dict(torch_state(net, torch, ('attention', 'memory', 'net')))
    given = [torch.tensor(v, requires_grad=True) for v in (values, told)]
    expected = theirs(*given, tgt_mask=torch.triu(torch.ones(5, 5, dtype=torch.bool), 1))
    expected.sum().backward()
    assert np.allclose(y.val, expected.detach().numpy(), rtol=0, atol=1e-12)
    assert np.allclose(x.deriv, given[0].grad.numpy(), rtol=0, atol=1e-10)
    assert np.allclose(memory.deriv, given[1].grad.numpy(), rtol=0, atol=1e-10)


def test_dropout_and_options_reach_the_modules():
    y = transformer_encoder_layer('layer', Data('x', (1, 5, WIDTH)), HEADS, HIDDEN, p_keep=0.8, learning_rate=0.1)
    net = Net('net', [y])
    dropping = [node.p_keep for node in net.node_lookup.values() if hasattr(node, 'p_keep')]
    assert dropping == [0.8] * 4
    assert {parameter.learning_rate for parameter in net.parameters()} == {0.1}


def test_another_device_gives_the_same(device):
    values, told = np.random.default_rng(1).standard_normal((2, 3, 5, WIDTH))
    found = []
    with use_precision('float64'):
        for backend in ('cpu', device):
            with use_backend(backend):
                np.random.seed(0)
                x, memory = Data('x', (1, 5, WIDTH), val=values), Data('memory', (1, 5, WIDTH), val=told)
                y = transformer_encoder_layer('one', x, HEADS, HIDDEN, activation=GELU, block_size=2, rotary_base=10.0)
                net = Net('net', [transformer_decoder_layer('two', y, memory, HEADS, HIDDEN)])
                net.forward()
                net.backward()
                found.append([to_host(node.deriv) for node in (x, memory, *net.parameters())])
    for host, other in zip(*found, strict=True):
        assert np.allclose(other, host, rtol=0, atol=1e-10)
