"""Dynamic feature fusion: levels added with a weight map each, computed from all of them."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import channel_map, check_inputs, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D, Resize
from deepfusion.components.modules.activation_functions import Relu, Sigmoid
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.errors import ShapeError


@block(Conv2D)
def dynamic_feature_fusion(ID: str, levels: Sequence[Data], reduction: int = 8, **options: Any) -> Data:
    """`sum_i m_i * level_i` with the maps `m = sigmoid(conv1(ReLU(conv1(concat(levels)))))`, one per level.

    Levels are resized (nearest) to the smallest height and width among them first.

    Args:
        ID: Path of the block.
        levels: Volumes of one rank and of equal channel counts C, or vectors.
        reduction: The maps' inner width is C / reduction.
        options: Further options of the convolutions.

    Returns:
        Data of C channels, of the smallest size. n C w + w + n w + n parameters for n levels and w = C / reduction.

    Raises:
        ShapeError: The channel counts differ, or the reduction leaves no channel.

    Example:
        >>> levels = [Data('a', (1, 8, 8, 8)), Data('b', (1, 8, 4, 4))]
        >>> dynamic_feature_fusion('fuse', levels)
        Data('fuse/sum_out', shape=(1, 8, 4, 4))
    """
    levels = check_inputs(ID, levels)
    channels = levels[0].shape[1]
    if any(level.shape[1] != channels for level in levels):
        raise ShapeError(f"Block '{ID}': expected levels of one channel count; found "
                         f'{[level.shape[1] for level in levels]}. Bring them to one width, by `align` or `fuse`.')
    width = reduced(ID, channels, reduction)
    size = tuple(map(min, zip(*(level.shape[2:] for level in levels), strict=True)))
    aligned = [level if level.shape[2:] == size else Resize(f'{ID}/resize{i}', [level], size=size).output
               for i, level in enumerate(levels)]
    maps = Concat(f'{ID}/concat', aligned, axis=1).output
    maps = Relu(f'{ID}/relu', [channel_map(f'{ID}/reduce', maps, width, **options)]).output
    maps = Sigmoid(f'{ID}/maps', [channel_map(f'{ID}/expand', maps, len(levels), **options)]).output
    return WeightedSum(f'{ID}/sum', [*aligned, maps], weight_map=True).output
