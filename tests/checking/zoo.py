"""Modules to break: one small instance of each kind, alone or in the middle of a net."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.components import modules as m
from deepfusion.components.data import Data
from deepfusion.components.modules import Module, rnn
from deepfusion.components.modules import activation_functions as act
from deepfusion.components.modules import attention as att
from deepfusion.components.modules import dropout as drop
from deepfusion.components.modules import fusion as fus
from deepfusion.components.modules import loss_functions as los
from deepfusion.components.modules import normalizations as nor
from deepfusion.components.modules import pooling as poo
from deepfusion.components.net import Net


@dataclass(frozen=True)
class Kind:
    """How to make a module: its class, options, input shapes, and how inputs are drawn."""

    cls: Callable[..., Module]
    shapes: Sequence[tuple[int, ...]]
    options: dict[str, Any]
    draws: dict[int, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]]


def kind(cls: Callable[..., Module], *shapes: tuple[int, ...], draws: dict[int, Any] | None = None, **options: Any
         ) -> Kind:
    """A `Kind`, in short."""
    return Kind(cls, shapes, options, draws or {})


def one_hot(rng, shape):
    return np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]


def bits(rng, shape):
    return rng.integers(2, size=shape).astype(float)


def indices(rng, shape):
    return rng.integers(5, size=shape)


VOLUME = (1, 4, 6, 6)
ZOO: dict[str, Kind] = {
    'MatMul': kind(m.MatMul, (1, 5), out_features=5),
    'Conv2D': kind(m.Conv2D, VOLUME, filter_size=3, filter_count=4, padding=1),
    'Conv2D strided': kind(m.Conv2D, VOLUME, filter_size=2, filter_count=3, stride=2),
    'Conv1D': kind(m.Conv1D, (1, 3, 7), filter_size=3, filter_count=3, padding=1),
    'depthwise': kind(m.Conv2D, VOLUME, filter_size=3, filter_count=4, padding=1, groups=4),
    'Conv3D': kind(m.Conv3D, (1, 2, 3, 4, 4), filter_size=2, filter_count=2),
    'BatchNorm': kind(nor.BatchNorm, VOLUME),
    'BatchNorm of vectors': kind(nor.BatchNorm, (1, 5)),
    'LayerNorm': kind(nor.LayerNorm, (1, 3, 6), axes=-1),
    'MaxPool': kind(poo.MaxPool, VOLUME, filter_size=2, stride=2),
    'MaxPool padded': kind(poo.MaxPool, VOLUME, filter_size=3, stride=1, padding=1),
    'AvgPool2D': kind(poo.AvgPool2D, VOLUME, filter_size=2, stride=2),
    'AvgPool2D padded': kind(poo.AvgPool2D, VOLUME, filter_size=3, stride=1, padding=1),
    'GlobalAvgPool': kind(poo.GlobalAvgPool, VOLUME),
    'GlobalMaxPool': kind(poo.GlobalMaxPool, VOLUME),
    'LPPool2D': kind(poo.LPPool2D, VOLUME, filter_size=2, stride=2),
    'RNN': kind(rnn.RNN, (1, 4, 3), hidden_size=3),
    'LSTM': kind(rnn.LSTM, (1, 4, 3), hidden_size=2),
    'GRU': kind(rnn.GRU, (1, 4, 3), hidden_size=2),
    'RNN1': kind(rnn.RNN1, (1, 3), (1, 4)),
    'RNN2': kind(rnn.RNN2, (1, 3), out_features=2),
    'LSTMCell': kind(rnn.LSTMCell, (1, 3), (1, 4)),
    'MultiHeadAttention': kind(att.MultiHeadAttention, (1, 3, 4), (1, 5, 4), (1, 5, 4), heads=2),
    'ScaledDotProductAttention': kind(att.ScaledDotProductAttention, (1, 3, 4), (1, 5, 4), (1, 5, 4)),
    'WeightedSum': kind(fus.WeightedSum, VOLUME, VOLUME, learned='softmax'),
    'BilinearFusion': kind(fus.BilinearFusion, (1, 3), (1, 4)),
    'Lerp': kind(fus.Lerp, VOLUME, VOLUME, VOLUME),
    'Maximum': kind(fus.Maximum, VOLUME, VOLUME),
    'Concat': kind(m.Concat, VOLUME, (1, 2, 6, 6)),
    'Multiply': kind(m.Multiply, VOLUME, (1, 4, 1, 1)),
    'Add': kind(m.Add, VOLUME, VOLUME),
    'Resize': kind(m.Resize, VOLUME, size=(3, 3)),
    'Embedding': kind(m.Embedding, (1, 4), count=5, width=3, draws={0: indices}),
    'Relu': kind(act.Relu, VOLUME),
    'Tanh': kind(act.Tanh, VOLUME),
    'Softmax': kind(act.Softmax, (1, 5)),
    'GELU': kind(act.GELU, VOLUME),
    'HardTanh': kind(act.HardTanh, VOLUME),
    'InvertedDropout': kind(drop.InvertedDropout, VOLUME, p_keep=0.6),
    'ChannelDropout': kind(drop.ChannelDropout, VOLUME, p_keep=0.6),
    'MSELoss': kind(los.MSELoss, (1, 4), (1, 4)),
    'CrossEntropyLoss': kind(los.CrossEntropyLoss, (1, 4), (1, 4), draws={1: one_hot}),
    'LogisticLoss': kind(los.LogisticLoss, (1, 4), (1, 4), draws={1: bits}),
    'SumLoss': kind(los.SumLoss, VOLUME),
}


class Stretch(Module):
    """y = 1.25 x, to stand before a module in a net."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return 1.25 * x, ()

    def differentiate(self, xp, deriv):
        return (1.25 * deriv,), {}


def values_of(item: Kind, seed: int, batch: int = 3) -> list[np.ndarray]:
    """Values for the inputs."""
    rng = np.random.default_rng(seed)
    return [item.draws.get(i, np.random.Generator.standard_normal)(rng, (batch, *shape[1:]))
            for i, shape in enumerate(item.shapes)]


def alone(item: Kind, seed: int) -> Module:
    """A module on inputs with values, its parameters moved off their first values."""
    np.random.seed(seed)
    inputs = [Data(f'x{i}', shape, val=value)
              for i, (shape, value) in enumerate(zip(item.shapes, values_of(item, seed), strict=True))]
    return moved(item.cls('m', inputs, **item.options), seed)


def moved(module: Module, seed: int) -> Module:
    """The same with other parameters."""
    rng = np.random.default_rng([seed, 1])
    for parameter in module.parameter_list:
        parameter.val = np.asarray(parameter.val) + 0.3 * rng.standard_normal(parameter.shape)
    return module


def in_net(item: Kind, seed: int) -> tuple[Net, Module]:
    """A net that stretches the inputs, runs the module, and comes to a loss; and the module, whose inputs have
    values."""
    np.random.seed(seed)
    values = values_of(item, seed)
    leaves = [Data(f'x{i}', shape, val=value) for i, (shape, value) in enumerate(zip(item.shapes, values, strict=True))]
    inputs = [data if value.dtype.kind != 'f' or i in item.draws else Stretch(f'before{i}', [data]).output
              for i, (data, value) in enumerate(zip(leaves, values, strict=True))]
    module = moved(item.cls('m', inputs, **item.options), seed)
    end = module.output
    if end.shape != (1, 1):
        end = los.SumLoss('loss', [act.Tanh('after', [end]).output]).output
    net = Net('net', [end])
    net.forward()
    return net, module
