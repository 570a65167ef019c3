"""What the fusion blocks have in common: maps over channels, per-channel gates, and checks."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import check_count
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv1D, Conv2D, Conv3D, MatMul, Reshape
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import GlobalAvgPool
from deepfusion.errors import GraphError, ShapeError

CONVOLUTIONS: dict[int, Any] = {3: Conv1D, 4: Conv2D, 5: Conv3D}


def channel_map(ID: str, x: Data, width: int, bias: bool = True, **options: Any) -> Data:
    """An affine map of the channels alone: MatMul for vectors, a 1x1 convolution for volumes."""
    if len(x.shape) == 2:
        return MatMul(ID, [x], out_features=width, bias=bias, **options).output
    return CONVOLUTIONS[len(x.shape)](ID, [x], filter_size=1, filter_count=width, bias=bias, **options).output


def map_norm(ID: str, x: Data, width: int, relu: bool = False, **options: Any) -> Data:
    """`BN(channel_map(x))`, with a ReLU behind it when asked."""
    y = BatchNorm(f'{ID}/norm', [channel_map(f'{ID}/map', x, width, **options)]).output
    return Relu(f'{ID}/relu', [y]).output if relu else y


def pooled(ID: str, x: Data, keepdims: bool = False) -> Data:
    """The average over places, (1, C), or (1, C, 1, ...) where `keepdims`; vectors as they are."""
    if len(x.shape) == 2:
        return x
    y = GlobalAvgPool(ID, [x]).output
    return per_channel(f'{ID}/kept', y, len(x.shape)) if keepdims else y


def per_channel(ID: str, x: Data, rank: int) -> Data:
    """(1, C) as (1, C, 1, ...), to broadcast over a volume of that rank."""
    return x if rank == 2 else Reshape(ID, [x], shape=(x.shape[1],) + (1,) * (rank - 2)).output


def reduced(ID: str, channels: int, reduction: int, least: int | None = None) -> int:
    """`channels / reduction`, rounded down, but at least `least`; without one, refused where no channel is left."""
    width = channels // check_count(ID, reduction, 'reduction')
    if least is not None:
        return max(width, check_count(ID, least, 'least'))
    if width < 1:
        raise ShapeError(f"Block '{ID}': expected a reduction of at most {channels}, the channels of its input; found "
                         f'{reduction}, which leaves no channel. Give a smaller reduction.')
    return width


def check_inputs(ID: str, inputs: Sequence[Data], least: int = 1, most: int | None = None) -> list[Data]:
    """Refuse too few or too many Data, and any but vectors, or volumes of one rank."""
    if len(inputs) < least or (most is not None and len(inputs) > most):
        wanted = f'{least}' if most == least else f'at least {least}' if most is None else f'{least} to {most}'
        raise GraphError(f"Block '{ID}': expected {wanted} inputs to fuse; found {len(inputs)}.")
    if len({len(x.shape) for x in inputs}) > 1 or not 2 <= len(inputs[0].shape) <= 5:
        raise ShapeError(f"Block '{ID}': expected vectors (1, C), or volumes (1, C, ...) of one rank; found "
                         f'{[x.shape for x in inputs]}. Pool or reshape some of them first.')
    return list(inputs)


def check_same_shape(ID: str, inputs: Sequence[Data]) -> None:
    """Refuse inputs that differ in channels or size."""
    if len({x.shape for x in inputs}) > 1:
        raise ShapeError(f"Block '{ID}': expected inputs of one shape; found {[x.shape for x in inputs]}. "
                         'Use `fuse`, which aligns them first, or bring them to one width and size.')
