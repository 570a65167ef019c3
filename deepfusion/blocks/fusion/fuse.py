"""Any two or more features, of any sizes and channels, fused in one line, in a way named or given."""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from typing import Any

from deepfusion.blocks.checks import block, made_by, option_names
from deepfusion.blocks.fusion import merge
from deepfusion.blocks.fusion.adaptive_spatial import adaptive_spatial_fusion
from deepfusion.blocks.fusion.align import align
from deepfusion.blocks.fusion.attentional import attentional_fusion, iterative_attentional_fusion
from deepfusion.blocks.fusion.common import check_inputs
from deepfusion.blocks.fusion.dynamic import dynamic_feature_fusion
from deepfusion.blocks.fusion.gates import channel_softmax_attention, gated_multimodal_unit, level_gates
from deepfusion.blocks.fusion.level_attention import level_attention
from deepfusion.blocks.fusion.selective_kernel import selective_kernel
from deepfusion.components.data import Data
from deepfusion.utils.names import look_up, refuse_unknown

Way = Callable[..., Data]


def _projected(ID: str, inputs: Sequence[Data], **options: Any) -> Data:
    options.setdefault('width', inputs[0].shape[1])
    return merge.concatenate(ID, inputs, **options)


WAYS: dict[str, Way] = {
    'concat': merge.concatenate, 'concat_map': _projected,
    'sum': merge.add, 'mean': partial(merge.weighted_sum, learned='no', normalize=True),
    'weighted': partial(merge.weighted_sum, learned='free'),
    'softmax': partial(merge.weighted_sum, learned='softmax'), 'fast': partial(merge.weighted_sum, learned='fast'),
    'product': merge.multiply, 'maximum': merge.maximum,
    'bilinear': merge.bilinear, 'compact_bilinear': partial(merge.bilinear, compact=512),
    'gates': level_gates, 'channel_softmax': channel_softmax_attention, 'gmu': gated_multimodal_unit,
    'aff': attentional_fusion, 'iaff': iterative_attentional_fusion, 'selective_kernel': selective_kernel,
    'asff': adaptive_spatial_fusion, 'dynamic': dynamic_feature_fusion, 'attention': level_attention,
}
_FREE_CHANNELS = {'concat', 'concat_map', 'bilinear', 'compact_bilinear', 'gmu', 'channel_softmax'}


@block()
def fuse(ID: str, inputs: Sequence[Data], way: str | Way = 'sum', width: int | None = None, to: str = 'smallest',
         down: str = 'nearest', up: str = 'nearest', relu: bool = False, **options: Any) -> Data:
    """Align inputs to one width and size, then merge them.

    Args:
        ID: Path of the block.
        inputs: Two or more vectors, or volumes of one rank, of any channels and sizes.
        way: A name of `WAYS` (docs/fusion.md compares them), or a function of an ID and a list of Data.
        width: Channels that inputs are brought to; None leaves them where they agree or the way does not mind.
        to, down, up, relu: How levels are aligned, see `align`.
        options: Options of the way.

    Returns:
        The fused Data.

    Raises:
        GraphError: There are fewer than two inputs.
        ShapeError: The inputs cannot be aligned.
        UnknownNameError: The way, or one of the options, is not known; the nearest names are given.

    Example:
        >>> deep, shallow = Data('deep', (1, 32, 4, 4)), Data('shallow', (1, 8, 16, 16))
        >>> fuse('fused', [shallow, deep], way='softmax', width=16)
        Data('fused/weighted_out', shape=(1, 16, 4, 4))
    """
    inputs = check_inputs(ID, inputs, least=2)
    merging = way if callable(way) else look_up(way, WAYS, f"way to fuse in block '{ID}'")
    _check_options(ID, way, merging, options)
    keeps = way in _FREE_CHANNELS if isinstance(way, str) else False
    aligned = align(f'{ID}/align', inputs, width=width, to=to, down=down, up=up, relu=relu, keep_channels=keeps)
    return made_by(ID, 'way', merging, ID, aligned, **options)


def _check_options(ID: str, way: str | Way, merging: Way, options: dict[str, Any]) -> None:
    """Refuse what neither `fuse` nor the way takes. A way of one's own that takes any is left alone."""
    known = option_names(merging)
    if known is not None:
        own = list(signature(fuse).parameters)[3:-1]
        refuse_unknown(options, dict.fromkeys([*own, *known]), f"Block fuse '{ID}' by {way!r}")
