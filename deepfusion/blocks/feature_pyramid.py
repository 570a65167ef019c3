"""The feature pyramid: deep levels flow down into shallow ones."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D, Resize
from deepfusion.errors import GraphError
from deepfusion.utils.names import look_up


@block(Conv2D)
def feature_pyramid(ID: str, levels: Sequence[Data], filter_count: int = 256, flow: str = 'after',
                    **options: Any) -> list[Data]:
    """From the deepest level up: `out_i = conv3_i(conv1_i(level_i) + resize(what flows down))`.

    Args:
        ID: Path of the block.
        levels: Volumes, shallow to deep, of any channels and sizes.
        filter_count: Channels of every output.
        flow: What flows down: the level above 'after' its 3x3 convolution, or 'before' it (the sum itself).
        options: Further options of the convolutions.

    Returns:
        One volume per level, of its size and `filter_count` channels.

    Raises:
        GraphError: There is no level.

    Reference: Lin et al., "Feature pyramid networks for object detection" (CVPR 2017), section 3, which is
    `flow='before'`; FusionNet lets the output flow down.

    Example:
        >>> levels = [Data('a', (1, 8, 8, 8)), Data('b', (1, 16, 4, 4))]
        >>> feature_pyramid('fpn', levels, 4)
        [Data('fpn/level0/conv_out', shape=(1, 4, 8, 8)), Data('fpn/level1/conv_out', shape=(1, 4, 4, 4))]
    """
    if not levels:
        raise GraphError(f"feature_pyramid '{ID}': expected at least one level; found none. Pass a list of volumes.")
    after = look_up(flow, {'after': True, 'before': False}, f"flow in feature_pyramid '{ID}'")
    outputs: list[Data] = []
    above = None
    for i, level in reversed(list(enumerate(levels))):
        path = f'{ID}/level{i}'
        total = Conv2D(f'{path}/lateral', [level], filter_size=1, filter_count=filter_count, **options).output
        if above is not None:
            resized = Resize(f'{path}/resize', [above], size=level.shape[2:]).output
            total = Add(f'{path}/add', [total, resized]).output
        output = Conv2D(f'{path}/conv', [total], filter_size=3, filter_count=filter_count, padding=1, **options).output
        outputs.insert(0, output)
        above = output if after else total
    return outputs
