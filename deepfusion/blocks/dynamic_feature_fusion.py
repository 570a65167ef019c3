"""Dynamic feature fusion: levels added with a weight map each, computed from all of them."""

from collections.abc import Sequence
from typing import Any

from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D, Resize
from deepfusion.components.modules.activation_functions import Relu, Sigmoid
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.errors import ShapeError


def dynamic_feature_fusion(ID: str, levels: Sequence[Data], reduction: int = 8, **options: Any) -> Data:
    """`sum_i m_i * level_i` with the maps `m = sigmoid(conv1(ReLU(conv1(concat(levels)))))`, one per level.

    Levels are resized (nearest) to the smallest height and width among them first.

    Args:
        ID: Path of the block.
        levels: Volumes of equal channel counts C.
        reduction: The maps' inner width is C / reduction.
        options: Further options of the convolutions.

    Returns:
        Volume (1, C, H, W) of the smallest size.

    Raises:
        ShapeError: The channel counts differ, or the reduction leaves no channel.

    Example:
        >>> levels = [Data('a', (1, 8, 8, 8)), Data('b', (1, 8, 4, 4))]
        >>> dynamic_feature_fusion('fuse', levels)
        Data('fuse/sum_out', shape=(1, 8, 4, 4))
    """
    channels = {level.shape[1] for level in levels}
    if len(channels) != 1:
        raise ShapeError(f"dynamic_feature_fusion '{ID}': expected levels of one channel count; found "
                         f'{[level.shape[1] for level in levels]}. Bring them to one width by 1x1 convolutions.')
    width = channels.pop() // reduction
    if width < 1:
        raise ShapeError(f"dynamic_feature_fusion '{ID}': expected a reduction of at most {levels[0].shape[1]}, the "
                         f'channels of the levels; found {reduction}, which leaves no channel.')
    size = (min(level.shape[2] for level in levels), min(level.shape[3] for level in levels))
    aligned = [level if level.shape[2:] == size else Resize(f'{ID}/resize{i}', [level], size=size).output
               for i, level in enumerate(levels)]
    maps = Concat(f'{ID}/concat', aligned, axis=1).output
    maps = Conv2D(f'{ID}/reduce', [maps], filter_size=1, filter_count=width, **options).output
    maps = Relu(f'{ID}/relu', [maps]).output
    maps = Conv2D(f'{ID}/expand', [maps], filter_size=1, filter_count=len(levels), **options).output
    maps = Sigmoid(f'{ID}/maps', [maps]).output
    return WeightedSum(f'{ID}/sum', [*aligned, maps], weight_map=True).output
