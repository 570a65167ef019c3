"""Multi-head attention (batch 32, 196 tokens, 256 wide, 8 heads) and an LSTM (100 steps, batch 64, 256 wide)."""

from typing import Any

import numpy as np

from benchmarks.cases import THINC, Step, Unavailable, torch_for


def values(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def attention(peer: str) -> Step:
    """Self-attention, forward and backward, with all gradients."""
    batch, tokens, width, heads = 32, 196, 256, 8
    x, seed = values((batch, tokens, width), 0), values((batch, tokens, width), 1)
    W = [values((width, width), 2 + i) / 16 for i in range(4)]
    if peer == 'deepfusion':
        from deepfusion.components.data import Data
        from deepfusion.components.modules.attention import MultiHeadAttention
        from deepfusion.components.net import Net
        node = Data('x', (1, tokens, width))
        module = MultiHeadAttention('attention', [node, node, node], heads=heads)
        for name, value in zip(('Wq', 'Wk', 'Wv', 'Wo'), W, strict=True):
            module.parameter_lookup[name].val = value
        return deepfusion_step(Net('net', [module.output]), node, x, seed)
    if peer == 'torch-channels-last':
        raise Unavailable('sequences have no memory format')
    torch = torch_for(peer)
    layer = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.tensor(np.concatenate([w.T for w in W[:3]])))
        layer.out_proj.weight.copy_(torch.tensor(W[3].T))
        layer.in_proj_bias.zero_()
        layer.out_proj.bias.zero_()
    return torch_step(layer, lambda v: layer(v, v, v, need_weights=False)[0], torch.tensor(x), torch.tensor(seed))


def lstm(peer: str) -> Step:
    """A whole sequence, forward and backward, with all gradients."""
    steps, batch, width = 100, 64, 256
    x, seed = values((batch, steps, width), 0), values((batch, steps, width), 1)
    Wx, Wh = values((width, 4 * width), 2) / 16, values((width, 4 * width), 3) / 16
    if peer == 'deepfusion':
        from deepfusion.components.data import Data
        from deepfusion.components.modules.rnn import LSTM
        from deepfusion.components.net import Net
        node = Data('x', (1, steps, width))
        module = LSTM('lstm', [node], hidden_size=width)
        for parameter in module.parameter_list:
            rows = parameter.shape[0]
            parameter.val = np.zeros(parameter.shape) if rows == 1 else (Wh if 'h' in parameter.ID[-3:] else Wx)
        return deepfusion_step(Net('net', [module.output]), node, x, seed)
    if peer == THINC:
        return _thinc_lstm(x, seed, Wx, Wh)
    if peer == 'torch-channels-last':
        raise Unavailable('sequences have no memory format')
    torch = torch_for(peer)
    layer = torch.nn.LSTM(width, width, batch_first=True)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(Wx.T))
        layer.weight_hh_l0.copy_(torch.tensor(Wh.T))
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    return torch_step(layer, lambda v: layer(v)[0], torch.tensor(x), torch.tensor(seed))


def _thinc_lstm(x: np.ndarray, seed: np.ndarray, Wx: np.ndarray, Wh: np.ndarray) -> Step:
    from thinc.api import LSTM
    from thinc.types import Padded
    batch, steps, width = x.shape
    layer = LSTM(width, width, bi=False)
    layer.initialize()
    order = [1, 0, 3, 2]                # its gates are f, i, o, g
    rows = [W.T.reshape(4, width, width)[order].reshape(-1) for W in (Wx, Wh)]
    zeros = np.zeros(4 * width, np.float32)
    layer.set_param('LSTM', np.concatenate([rows[0], zeros, rows[1], zeros]))
    sizes = np.full(steps, batch, 'i'), np.full(batch, steps, 'i'), np.arange(batch, dtype='i')
    values, deriv = (Padded(np.ascontiguousarray(a.swapaxes(0, 1)), *sizes) for a in (x, seed))

    def step() -> float:
        for name in layer.grad_names:
            layer.set_grad(name, 0 * layer.get_grad(name))
        y, backward = layer.begin_update(values)
        backward(deriv)
        return float(np.square(y.data[:, 0]).mean())

    return step


def deepfusion_step(net: Any, node: Any, x: np.ndarray, seed: np.ndarray) -> Step:
    """Forward and backward from a derivative of the output; the mean square of the first output stands for a loss."""
    root = net.root_nodes[0]

    def step() -> float:
        net.clear_grads()
        node.val = x
        net.forward()
        root.deriv = seed
        net.backward()
        return float(np.square(root.val[0]).mean())

    return step


def torch_step(layer: Any, forward: Any, x: Any, seed: Any) -> Step:
    """The same of tensors."""
    value, deriv = x.clone().requires_grad_(), seed

    def step() -> float:
        layer.zero_grad()
        value.grad = None
        y = forward(value)
        y.backward(deriv)
        return y.detach()[0].square().mean().item()

    return step
