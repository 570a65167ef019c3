"""Cheaper relatives of squeeze-and-excitation."""

import math
from typing import Any

from deepfusion.blocks.checks import block, check_odd
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv1D, MatMul, Multiply, Reshape
from deepfusion.components.modules.activation_functions import HardSigmoid, Sigmoid
from deepfusion.components.modules.pooling import GlobalAvgPool


@block(MatMul)
def effective_squeeze_excitation(ID: str, x: Data, **options: Any) -> Data:
    """eSE: `x * hard_sigmoid(W GAP(x) + b)`, one layer that loses no channel.

    Args:
        ID: Path of the block.
        x: Volume (1, C, ...).
        options: Further options of the layer.

    Returns:
        Volume of the shape of x. C^2 + C parameters.

    Reference: Lee and Park, "CenterMask: real-time anchor-free instance segmentation" (CVPR 2020), section 3.3.

    Example:
        >>> effective_squeeze_excitation('ese', Data('x', (1, 8, 4, 4)))
        Data('ese/scale_out', shape=(1, 8, 4, 4))
    """
    channels = x.shape[1]
    gate = GlobalAvgPool(f'{ID}/squeeze', [x]).output
    gate = MatMul(f'{ID}/excite', [gate], out_features=channels, **options).output
    return _scale(ID, x, HardSigmoid(f'{ID}/gate', [gate]).output)


@block(Conv1D)
def efficient_channel_attention(ID: str, x: Data, filter_size: int | None = None, **options: Any) -> Data:
    """ECA: `x * sigmoid(conv1d_k(GAP(x)))`, a convolution along the channels.

    Args:
        ID: Path of the block.
        x: Volume (1, C, ...).
        filter_size: k, odd; the odd number at `(log2 C + 1) / 2` when not given.
        options: Further options of the convolution.

    Returns:
        Volume of the shape of x. k parameters.

    Reference: Wang et al., "ECA-Net: efficient channel attention" (CVPR 2020), equations 9 and 12.

    Example:
        >>> efficient_channel_attention('eca', Data('x', (1, 8, 4, 4)))
        Data('eca/scale_out', shape=(1, 8, 4, 4))
    """
    channels = x.shape[1]
    if filter_size is None:
        near = int(abs((math.log2(channels) + 1) / 2))
        filter_size = near if near % 2 else near + 1
    filter_size = check_odd(ID, filter_size, 'filter_size')
    gate = GlobalAvgPool(f'{ID}/squeeze', [x]).output
    gate = Reshape(f'{ID}/as_sequence', [gate], shape=(1, channels)).output
    gate = Conv1D(f'{ID}/excite', [gate], filter_size=filter_size, filter_count=1, padding=filter_size // 2, bias=False,
                  **options).output
    gate = Reshape(f'{ID}/as_vector', [gate], shape=(channels,)).output
    return _scale(ID, x, Sigmoid(f'{ID}/gate', [gate]).output)


def _scale(ID: str, x: Data, gate: Data) -> Data:
    gate = Reshape(f'{ID}/per_channel', [gate], shape=(x.shape[1],) + (1,) * (len(x.shape) - 2)).output
    return Multiply(f'{ID}/scale', [x, gate]).output
