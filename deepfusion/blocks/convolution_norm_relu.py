"""Convolution, batch normalization, ReLU: the step that most convolutional networks repeat."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.normalizations import BatchNorm


@block(Conv2D)
def convolution_norm_relu(ID: str, x: Data, filter_count: int, filter_size: int = 3, stride: int = 1,
                          padding: Any = 'same', relu: bool = True, **options: Any) -> Data:
    """`ReLU(BN(conv(x)))`, or `BN(conv(x))` where `relu` is False.

    Args:
        ID: Path of the block; its nodes are `<ID>/conv`, `<ID>/norm`, `<ID>/relu`.
        x: Volume (1, C, H, W).
        filter_count: Channels of the result.
        filter_size, stride, padding: As for Conv2D. 'same' keeps the size where the stride is 1.
        relu: Whether to end with a ReLU.
        options: Further options of Conv2D.

    Returns:
        Volume (1, filter_count, H', W').

    Example:
        >>> convolution_norm_relu('stem', Data('x', (1, 3, 8, 8)), 16)
        Data('stem/relu_out', shape=(1, 16, 8, 8))
    """
    if padding == 'same' and stride != 1:
        padding = (filter_size - 1) // 2
    y = Conv2D(f'{ID}/conv', [x], filter_size=filter_size, filter_count=filter_count, stride=stride, padding=padding,
               **options).output
    y = BatchNorm(f'{ID}/norm', [y]).output
    return Relu(f'{ID}/relu', [y]).output if relu else y
