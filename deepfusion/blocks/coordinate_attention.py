"""Coordinate attention: gates for rows and for columns that know where they are."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import map_norm, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D, Mean, Multiply, Slice, Transpose
from deepfusion.components.modules.activation_functions import HardSwish, Sigmoid


@block(Conv2D)
def coordinate_attention(ID: str, x: Data, reduction: int = 32, least: int = 8, **options: Any) -> Data:
    """`x * g_h * g_w`: averages over each row and each column, mixed by one map, give a gate for each of them.

    `f = hard_swish(BN(conv1([mean_w x; mean_h x])))`, `g_h = sigmoid(conv1(f_h))`, `g_w = sigmoid(conv1(f_w))`.

    Args:
        ID: Path of the block.
        x: Volume (1, C, H, W).
        reduction: The inner width is C / reduction, at least `least`.
        least: Smallest inner width.
        options: Further options of the maps.

    Returns:
        Volume of the shape of x. 3 C m + 3 m + 2 C parameters for an inner width m.

    Reference: Hou, Zhou and Feng, "Coordinate attention for efficient mobile network design" (CVPR 2021), equations 4
        to 9.

    Example:
        >>> coordinate_attention('ca', Data('x', (1, 16, 6, 8)))
        Data('ca/scale_out', shape=(1, 16, 6, 8))
    """
    channels, height = x.shape[1], x.shape[2]
    width = reduced(ID, channels, reduction, least)
    rows = Mean(f'{ID}/rows', [x], axis=3, keepdims=True).output                             # (1, C, H, 1)
    columns = Mean(f'{ID}/columns', [x], axis=2, keepdims=True).output                       # (1, C, 1, W)
    columns = Transpose(f'{ID}/columns_up', [columns], axes=(0, 1, 3, 2)).output             # (1, C, W, 1)
    both = Concat(f'{ID}/concat', [rows, columns], axis=2).output
    both = HardSwish(f'{ID}/swish', [map_norm(f'{ID}/mix', both, width, **options)]).output
    rows = Slice(f'{ID}/rows_part', [both], stop=height, axis=2).output
    columns = Slice(f'{ID}/columns_part', [both], start=height, axis=2).output
    columns = Transpose(f'{ID}/columns_across', [columns], axes=(0, 1, 3, 2)).output
    gates = []
    for name, part in (('rows', rows), ('columns', columns)):
        score = Conv2D(f'{ID}/{name}_conv', [part], filter_size=1, filter_count=channels, **options).output
        gates.append(Sigmoid(f'{ID}/{name}_gate', [score]).output)
    return Multiply(f'{ID}/scale', [x, *gates]).output
