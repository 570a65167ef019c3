"""Each heavy module alone, forward and backward with all gradients, in float32."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import Step, Unavailable, memory_format, torch_for
from benchmarks.cases.sequences import deepfusion_step, torch_step, values

Shape = tuple[int, ...]


class Layer(NamedTuple):
    """A module of DeepFusion, made from an input, and PyTorch's, made from `torch.nn`; and the input's shape."""

    shape: Shape
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]


def _module(place: str, **options: Any) -> Callable[[Any], Any]:
    def make(x: Any) -> Any:
        from importlib import import_module
        module, _, name = place.rpartition('.')
        return getattr(import_module(f'deepfusion.components.modules{module}'), name)('layer', [x], **options)

    return make


def _convolution(shape: Shape, filters: int, size: int, **options: Any) -> Layer:
    return Layer(shape, _module('.Conv2D', filter_count=filters, filter_size=size, **options),
                 lambda nn: nn.Conv2d(shape[1], filters, size, **options))


LAYERS: dict[str, Layer] = {
    'conv-3x3-64-channels': _convolution((64, 64, 16, 16), 64, 3, padding=1),
    'conv-3x3-256-channels': _convolution((64, 256, 8, 8), 256, 3, padding=1),
    'conv-3x3-stride-2': _convolution((32, 128, 32, 32), 128, 3, padding=1, stride=2),
    'conv-7x7-stride-2': _convolution((16, 3, 112, 112), 64, 7, padding=3, stride=2),
    'conv-1x1': _convolution((64, 256, 16, 16), 128, 1),
    'conv-depthwise': _convolution((64, 128, 16, 16), 128, 3, padding=1, groups=128),
    'matmul': Layer((4096, 1024), _module('.MatMul', out_features=1024), lambda nn: nn.Linear(1024, 1024)),
    'batch-norm': Layer((64, 64, 32, 32), _module('.normalizations.BatchNorm'), lambda nn: nn.BatchNorm2d(64)),
    'layer-norm': Layer((64, 196, 256), _module('.normalizations.LayerNorm'), lambda nn: nn.LayerNorm(256)),
    'max-pool': Layer((64, 64, 32, 32), _module('.pooling.MaxPool', filter_size=2, stride=2),
                      lambda nn: nn.MaxPool2d(2)),
    'relu': Layer((64, 64, 64, 64), _module('.activation_functions.Relu'), lambda nn: nn.ReLU()),
    'gelu': Layer((64, 196, 512), _module('.activation_functions.GELU'), lambda nn: nn.GELU()),
}


def run(peer: str, name: str) -> Step:
    """A forward and a backward pass."""
    layer = LAYERS[name]
    x = values(layer.shape, 0)
    if peer == 'deepfusion':
        from deepfusion.components.data import Data
        from deepfusion.components.net import Net
        node = Data('x', (1, *layer.shape[1:]))
        module = layer.ours(node)
        for parameter in module.parameter_list:
            if parameter.ID in ('layer_F', 'layer_W'):
                parameter.val = _weights(parameter.shape)
        seed = values((len(x), *module.output.shape[1:]), 1)
        return deepfusion_step(Net('net', [module.output]), node, _channels_last(x), _channels_last(seed))
    torch = torch_for(peer)
    if peer == 'torch-channels-last' and x.ndim < 4:
        raise Unavailable('no memory format')
    module = layer.theirs(torch.nn)
    order = partial(torch.Tensor.contiguous, memory_format=memory_format(torch, peer)) if x.ndim == 4 else lambda t: t
    with torch.no_grad():
        if x.ndim == 4:
            module.to(memory_format=memory_format(torch, peer))
        if hasattr(module, 'weight') and module.weight.ndim > 1:
            linear = module.weight.ndim == 2
            weight = _weights(tuple(module.weight.shape)[::-1]).T if linear else _weights(tuple(module.weight.shape))
            module.weight.copy_(torch.tensor(weight))
            module.bias.zero_()
        y = module(order(torch.tensor(x)))
    return torch_step(module, module, order(torch.tensor(x)), order(torch.tensor(values(tuple(y.shape), 1))))


def _channels_last(x: np.ndarray) -> np.ndarray:
    """Pictures in the order of memory that convolutions leave them in."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2) if x.ndim == 4 else x


def _weights(shape: Shape) -> np.ndarray:
    return values(shape, 2) / np.float32(np.sqrt(np.prod(shape[1:])))
