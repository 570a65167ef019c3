"""Selective kernel fusion: a softmax over inputs for every channel."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import check_inputs, check_same_shape, map_norm, per_channel, pooled, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Multiply, Reshape, Slice
from deepfusion.components.modules.activation_functions import Softmax


@block(MatMul)
def selective_kernel(ID: str, inputs: Sequence[Data], reduction: int = 16, least: int = 8, **options: Any) -> Data:
    """`sum_m a_m x_m` with `a = softmax over m of W_m ReLU(BN(W GAP(sum_m x_m)))`, one weight per channel and input.

    Args:
        ID: Path of the block.
        inputs: M Data of one shape, for example of branches with kernels of several sizes.
        reduction: The inner width d is C / reduction, at least `least`.
        least: Smallest inner width.
        options: Further options of the maps.

    Returns:
        Data of that shape. C d + 2 d + M C d parameters.

    Reference: Li et al., "Selective kernel networks" (CVPR 2019), equations 1 to 6.

    Example:
        >>> selective_kernel('sk', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))])
        Data('sk/sum_out', shape=(1, 8, 4, 4))
    """
    inputs = check_inputs(ID, inputs, least=2)
    check_same_shape(ID, inputs)
    channels, rank = inputs[0].shape[1], len(inputs[0].shape)
    total = Add(f'{ID}/total', inputs).output
    width = reduced(ID, channels, reduction, least)
    hidden = map_norm(f'{ID}/reduce', pooled(f'{ID}/pool', total), width, relu=True, bias=False, **options)
    scores = MatMul(f'{ID}/expand', [hidden], out_features=len(inputs) * channels, bias=False, **options).output
    scores = Reshape(f'{ID}/scores', [scores], shape=(len(inputs), channels)).output
    weights = Softmax(f'{ID}/softmax', [scores], axis=1).output                     # (1, M, C)
    chosen = []
    for i, x in enumerate(inputs):
        weight = Slice(f'{ID}/weight{i}', [weights], start=i, stop=i + 1, axis=1).output
        weight = Reshape(f'{ID}/vector{i}', [weight], shape=(channels,)).output
        chosen.append(Multiply(f'{ID}/chosen{i}', [x, per_channel(f'{ID}/weights{i}', weight, rank)]).output)
    return Add(f'{ID}/sum', chosen).output
