"""Squeeze-and-excitation: channels weighted by a gate that sees all of them."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul, Multiply, Reshape
from deepfusion.components.modules.activation_functions import Relu, Sigmoid
from deepfusion.components.modules.pooling import GlobalAvgPool


@block(MatMul)
def squeeze_excitation(ID: str, x: Data, reduction: int = 16, bias: bool = False, **options: Any) -> Data:
    """`x * sigmoid(W2 ReLU(W1 GAP(x)))`, one factor per channel.

    Args:
        ID: Path of the block.
        x: Volume (1, C, H, W), or features (1, C), which are their own average.
        reduction: The gate's inner width is C / reduction, rounded down.
        bias: Whether the two layers have biases.
        options: Further options of the two layers.

    Returns:
        Data of the shape of x.

    Raises:
        ShapeError: The reduction leaves no channel.

    Reference: Hu, Shen and Sun, "Squeeze-and-excitation networks" (CVPR 2018), equations 2 to 4.

    Example:
        >>> squeeze_excitation('se', Data('x', (1, 32, 4, 4)))
        Data('se/scale_out', shape=(1, 32, 4, 4))
    """
    channels = x.shape[1]
    width = reduced(ID, channels, reduction)
    gate = GlobalAvgPool(f'{ID}/squeeze', [x]).output if len(x.shape) > 2 else x
    gate = MatMul(f'{ID}/reduce', [gate], out_features=width, bias=bias, **options).output
    gate = Relu(f'{ID}/relu', [gate]).output
    gate = MatMul(f'{ID}/expand', [gate], out_features=channels, bias=bias, **options).output
    gate = Sigmoid(f'{ID}/gate', [gate]).output
    if len(x.shape) > 2:
        gate = Reshape(f'{ID}/per_channel', [gate], shape=(channels,) + (1,) * (len(x.shape) - 2)).output
    return Multiply(f'{ID}/scale', [x, gate]).output
