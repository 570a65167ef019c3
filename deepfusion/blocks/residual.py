"""The residual block."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.convolution_norm_relu import convolution_norm_relu
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D
from deepfusion.components.modules.activation_functions import Relu


@block(Conv2D)
def residual_block(ID: str, x: Data, filter_count: int, stride: int = 1, **options: Any) -> Data:
    """`ReLU(BN(conv3(ReLU(BN(conv3(x))))) + shortcut(x))`.

    The shortcut is x itself, or `BN(conv1(x))` where channels or size change.

    Args:
        ID: Path of the block.
        x: Volume (1, C, H, W).
        filter_count: Channels of the result.
        stride: Of the first convolution and the shortcut.
        options: Further options of the convolutions.

    Returns:
        Volume (1, filter_count, H', W').

    Reference: He et al., "Deep residual learning for image recognition" (CVPR 2016), figure 2 and option B.

    Example:
        >>> residual_block('res1', Data('x', (1, 3, 8, 8)), 16)
        Data('res1/relu_out', shape=(1, 16, 8, 8))
    """
    y = convolution_norm_relu(f'{ID}/first', x, filter_count, stride=stride, **options)
    y = convolution_norm_relu(f'{ID}/second', y, filter_count, relu=False, **options)
    if x.shape != y.shape:
        x = convolution_norm_relu(f'{ID}/shortcut', x, filter_count, filter_size=1, stride=stride, relu=False,
                                  **options)
    return Relu(f'{ID}/relu', [Add(f'{ID}/add', [y, x]).output]).output
