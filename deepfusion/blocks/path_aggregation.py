"""The path aggregation network: a feature pyramid, then a second path from the shallow levels down."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.feature_pyramid import feature_pyramid
from deepfusion.blocks.fusion.align import align
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D
from deepfusion.components.modules.activation_functions import Relu


@block(Conv2D)
def path_aggregation(ID: str, levels: Sequence[Data], filter_count: int = 256, flow: str = 'before',
                     down: str = 'strided', **options: Any) -> list[Data]:
    """`P = FPN(levels)`, `N_0 = P_0`, `N_i = ReLU(conv3(P_i + shrink(N_{i-1})))`, where shrinking is a ReLU of a
    strided 3x3 convolution.

    Args:
        ID: Path of the block.
        levels: Volumes, shallow to deep.
        filter_count: Channels of every output.
        flow: See `feature_pyramid`.
        down: How the path shrinks, see `align`.
        options: Further options of the convolutions.

    Returns:
        One volume per level, of its size and `filter_count` channels.

    Reference: Liu et al., "Path aggregation network for instance segmentation" (CVPR 2018), section 3.1.

    Example:
        >>> levels = [Data('a', (1, 8, 8, 8)), Data('b', (1, 16, 4, 4))]
        >>> path_aggregation('pan', levels, 4)
        [Data('pan/fpn/level0/conv_out', shape=(1, 4, 8, 8)), Data('pan/level1/relu_out', shape=(1, 4, 4, 4))]
    """
    pyramid = feature_pyramid(f'{ID}/fpn', levels, filter_count, flow=flow, **options)
    outputs = [pyramid[0]]
    for i, level in enumerate(pyramid[1:], start=1):
        path = f'{ID}/level{i}'
        total = level
        if outputs[-1].shape != level.shape:
            _, shrunk = align(f'{path}/shrink', [level, outputs[-1]], to='first', down=down, **options)
        else:
            shrunk = Conv2D(f'{path}/shrink', [outputs[-1]], filter_size=3, filter_count=filter_count, padding=1,
                            **options).output
        total = Add(f'{path}/add', [total, Relu(f'{path}/shrink/relu', [shrunk]).output]).output
        y = Conv2D(f'{path}/conv', [total], filter_size=3, filter_count=filter_count, padding=1, **options).output
        outputs.append(Relu(f'{path}/relu', [y]).output)
    return outputs
