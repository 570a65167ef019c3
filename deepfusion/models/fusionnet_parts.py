"""The parts of FusionNet that can be swapped, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from deepfusion.blocks import (
    bidirectional_pyramid,
    cbam,
    coordinate_attention,
    effective_squeeze_excitation,
    efficient_channel_attention,
    feature_pyramid,
    fuse,
    path_aggregation,
    squeeze_excitation,
)
from deepfusion.blocks.fusion import WAYS
from deepfusion.utils.names import look_up

Part = Callable[..., Any]

DEFAULT: dict[str, Any] = {'weight_init_type': 'FanInUniform', 'bias_init_type': 'FanInUniform'}       # PyTorch's
WIDTH = 256

CHANNEL_ATTENTION: dict[str, Part] = {
    'se': partial(squeeze_excitation, **DEFAULT), 'ese': effective_squeeze_excitation,
    'eca': efficient_channel_attention, 'cbam': cbam, 'coordinate': coordinate_attention, 'none': lambda ID, x: x}
PYRAMIDS: dict[str, Part] = {
    'fpn': partial(feature_pyramid, filter_count=WIDTH, **DEFAULT),
    'fpn_before': partial(feature_pyramid, filter_count=WIDTH, flow='before', **DEFAULT),
    'pan': partial(path_aggregation, filter_count=WIDTH, down='nearest'),
    'bifpn': partial(bidirectional_pyramid, filter_count=WIDTH)}
FUSIONS: dict[str, Part] = {way: partial(fuse, way=way) for way in WAYS}
FUSIONS['dynamic'] = partial(fuse, way='dynamic', **DEFAULT)


@dataclass(frozen=True)
class Parts:
    """The three parts, as functions of an ID and what they work on."""

    fusion: Part
    channel_attention: Part
    pyramid: Part


def choose(fusion: str | Part, channel_attention: str | Part, pyramid: str | Part) -> Parts:
    """Each part by its name, or as it is given. Raises UnknownNameError with the nearest names."""
    def find(part: str | Part, known: dict[str, Part], kind: str) -> Part:
        return part if callable(part) else look_up(part, known, f'{kind} of FusionNet')

    return Parts(find(fusion, FUSIONS, 'fusion'), find(channel_attention, CHANNEL_ATTENTION, 'channel attention'),
                 find(pyramid, PYRAMIDS, 'pyramid'))
