"""Adaptively spatial feature fusion: a softmax over inputs at every place."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import channel_map, check_inputs, check_same_shape, map_norm
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D
from deepfusion.components.modules.activation_functions import Softmax
from deepfusion.components.modules.fusion import WeightedSum


@block(Conv2D)
def adaptive_spatial_fusion(ID: str, inputs: Sequence[Data], width: int = 16, **options: Any) -> Data:
    """ASFF: `sum_i a_i x_i` with maps `a = softmax(conv1([ReLU(BN(conv1(x_1))); ...; ReLU(BN(conv1(x_n)))]))`.

    Args:
        ID: Path of the block.
        inputs: n Data of one shape.
        width: Channels that each input is compressed to for the maps.
        options: Further options of the maps.

    Returns:
        Data of that shape. n (width C + 2 width) + n^2 width + n parameters.

    Reference: Liu, Huang and Wang, "Learning spatial fusion for single-shot object detection" (2019), equations 1
        and 2.

    Example:
        >>> adaptive_spatial_fusion('asff', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))])
        Data('asff/sum_out', shape=(1, 8, 4, 4))
    """
    inputs = check_inputs(ID, inputs, least=2)
    check_same_shape(ID, inputs)
    compressed = [map_norm(f'{ID}/compress{i}', x, width, relu=True, bias=False, **options)
                  for i, x in enumerate(inputs)]
    joined = Concat(f'{ID}/concat', compressed, axis=1).output
    maps = Softmax(f'{ID}/maps', [channel_map(f'{ID}/levels', joined, len(inputs), **options)], axis=1).output
    return WeightedSum(f'{ID}/sum', [*inputs, maps], weight_map=True).output
