"""F3Net's fusion: three levels at the deepest one's size, side by side or weighted."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import check_inputs
from deepfusion.blocks.fusion.fuse import Way, fuse
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.activation_functions import Relu


@block()
def three_level_fusion(ID: str, levels: Sequence[Data], filter_count: int = 128, way: str | Way = 'concat',
                       **options: Any) -> Data:
    """`ReLU(conv1(fused))` of the levels fused at the last one's size: by concatenation, or any way of `fuse`.

    Args:
        ID: Path of the block.
        levels: Volumes, shallow to deep (F3Net has three; any number will do).
        filter_count: Channels of the result.
        way: How levels are fused; 'softmax' learns one weight per level.
        options: Options of the way.

    Returns:
        Volume (1, filter_count, H, W) of the last level's size.

    Example:
        >>> levels = [Data(f'f{i}', (1, 32 * 2 ** i, 8, 8)) for i in range(3)]
        >>> three_level_fusion('fuse', levels)
        Data('fuse/relu_out', shape=(1, 128, 8, 8))
    """
    levels = check_inputs(ID, levels, least=2)
    width = None if way in ('concat', 'concat_map') else filter_count
    fused = fuse(ID, levels, way=way, width=width, to=levels[-1].ID, **options)
    y = Conv2D(f'{ID}/conv', [fused], filter_size=1, filter_count=filter_count).output
    return Relu(f'{ID}/relu', [y]).output
