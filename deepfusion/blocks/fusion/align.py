"""Bringing levels of different depth to one width and one size."""

from collections.abc import Callable, Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import CONVOLUTIONS, channel_map, check_inputs
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, ConvTranspose1D, ConvTranspose2D, ConvTranspose3D, Resize
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.pooling import AdaptiveMaxPool
from deepfusion.errors import ShapeError
from deepfusion.utils.names import look_up

_TRANSPOSED: dict[int, Any] = {3: ConvTranspose1D, 4: ConvTranspose2D, 5: ConvTranspose3D}
Size = tuple[int, ...]


@block(Conv2D)
def align(ID: str, levels: Sequence[Data], width: int | None = None, to: str = 'smallest', down: str = 'nearest',
          up: str = 'nearest', relu: bool = False, keep_channels: bool = False, **options: Any) -> list[Data]:
    """Levels of any channels and sizes, brought to one width by 1x1 convolutions, and to one size.

    Args:
        ID: Path of the block.
        levels: Vectors, or volumes of one rank.
        width: Channels of every result; None keeps levels that agree as they are, and else takes the first's.
        to: Whose size to take: 'first', 'smallest', 'largest' (by number of places), or the ID of a level.
        down: How larger levels shrink: 'nearest', 'bilinear', 'area', 'max_pool' or 'strided' (a learnt convolution).
        up: How smaller levels grow: 'nearest', 'bilinear' or 'transposed' (a learnt transposed convolution).
        relu: Whether a ReLU follows the 1x1 convolution.
        keep_channels: Whether levels keep channels that differ where no width is given.
        options: Further options of the learnt maps.

    Returns:
        One Data per level, all of one shape.

    Raises:
        GraphError: There is no level.
        ShapeError: A learnt way needs a whole factor between the sizes, and there is none.
        UnknownNameError: A way or level is not known.

    Reference: Lin et al., "Feature pyramid networks for object detection" (CVPR 2017), section 3 (1x1
        reduction, resizing).

    Example:
        >>> align('a', [Data('x', (1, 8, 8, 8)), Data('y', (1, 16, 4, 4))], width=4)
        [Data('a/level0/resize_out', shape=(1, 4, 4, 4)), Data('a/level1/reduce_out', shape=(1, 4, 4, 4))]
    """
    levels = check_inputs(ID, levels)
    if width is None and not keep_channels and len({level.shape[1] for level in levels}) > 1:
        width = levels[0].shape[1]
    size = _target_size(ID, levels, to)
    look_up(down, DOWN, f"way to shrink in block '{ID}'")
    look_up(up, UP, f"way to grow in block '{ID}'")
    aligned = []
    for i, level in enumerate(levels):
        path = f'{ID}/level{i}'
        y = level if width is None else channel_map(f'{path}/reduce', level, width, **options)
        if relu and width is not None:
            y = Relu(f'{path}/relu', [y]).output
        aligned.append(_resized(path, y, size, down, up, options))
    return aligned


def _target_size(ID: str, levels: Sequence[Data], to: str) -> Size:
    sizes = [level.shape[2:] for level in levels]
    chosen = {'first': lambda: sizes[0], 'smallest': lambda: min(sizes, key=_places),
              'largest': lambda: max(sizes, key=_places)}
    named = {level.ID: (lambda size=size: size) for level, size in zip(levels, sizes, strict=True)}
    return look_up(to, chosen | named, f"size to align to in block '{ID}'")()


def _places(size: Size) -> int:
    product = 1
    for n in size:
        product *= n
    return product


def _resized(ID: str, x: Data, size: Size, down: str, up: str, options: dict[str, Any]) -> Data:
    if x.shape[2:] == size:
        return x
    shrinks = _places(size) <= _places(x.shape[2:])
    way = DOWN[down] if shrinks else UP[up]
    return way(f'{ID}/resize', x, size, options)


def _interpolated(mode: str) -> Callable[..., Data]:
    return lambda ID, x, size, options: Resize(ID, [x], size=size, mode=mode).output


def _max_pooled(ID: str, x: Data, size: Size, options: dict[str, Any]) -> Data:
    return AdaptiveMaxPool(ID, [x], output_size=size).output


def _strided(ID: str, x: Data, size: Size, options: dict[str, Any]) -> Data:
    # A window of 3 padded by 1 meets every place for factors up to 3, and n -> ceil(n / factor).
    factors = tuple(-(-n // m) for n, m in zip(x.shape[2:], size, strict=True))
    if any(-(-n // f) != m for n, f, m in zip(x.shape[2:], factors, size, strict=True)):
        raise _no_factor(ID, x, size, 'strided')
    filter_size = tuple(max(3, f + 1 - f % 2) for f in factors)
    return CONVOLUTIONS[len(x.shape)](ID, [x], filter_size=filter_size, filter_count=x.shape[1], stride=factors,
                                      padding=tuple(f // 2 for f in filter_size), **options).output


def _transposed(ID: str, x: Data, size: Size, options: dict[str, Any]) -> Data:
    factors = tuple(m // n for n, m in zip(x.shape[2:], size, strict=True))
    if any(n * f != m for n, f, m in zip(x.shape[2:], factors, size, strict=True)):
        raise _no_factor(ID, x, size, 'transposed')
    return _TRANSPOSED[len(x.shape)](ID, [x], filter_size=factors, filter_count=x.shape[1], stride=factors,
                                     **options).output


def _no_factor(ID: str, x: Data, size: Size, way: str) -> ShapeError:
    return ShapeError(f"Block '{ID}': expected sizes with a whole factor between them for the {way} convolution; found "
                      f"{x.shape[2:]} of '{x.ID}' and {size}. Align by 'nearest' or 'bilinear'.")


DOWN: dict[str, Callable[..., Data]] = {
    'nearest': _interpolated('nearest'), 'bilinear': _interpolated('linear'), 'area': _interpolated('area'),
    'max_pool': _max_pooled, 'strided': _strided}
UP: dict[str, Callable[..., Data]] = {
    'nearest': _interpolated('nearest'), 'bilinear': _interpolated('linear'), 'transposed': _transposed}
