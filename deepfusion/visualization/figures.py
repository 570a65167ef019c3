"""What pictures of values share: looking at nodes, running a copy, mosaics of maps, and saving figures."""

from __future__ import annotations

import copy
import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.net import Net
from deepfusion.errors import MissingValueError, OptionError, ShapeError
from deepfusion.utils.backend import to_host
from deepfusion.utils.names import look_up
from deepfusion.visualization.picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = {name: name for name in ('png', 'pdf', 'svg')}


def node_of(net: Net, node: Any) -> Any:
    """A node, given itself or by its ID. Raises UnknownNameError with near matches."""
    return net.get_node(node if isinstance(node, str) else getattr(node, 'ID', node))


def data_of(net: Net, node: Any) -> Data:
    """The Data that a node is, or that a module makes."""
    found = node_of(net, node)
    return found.output if isinstance(found, Module) else found


def input_of(net: Net, node: Any = None) -> Data:
    """The input of a net that holds pictures: the given one, or the first."""
    leaves = [leaf for leaf in net.topological_order if isinstance(leaf, Data) and leaf.input is None]
    if node is None:
        return leaves[0]
    return look_up(getattr(node, 'ID', node), {leaf.ID: leaf for leaf in leaves}, f"input of net '{net.ID}'")


def values_for(net: Net, nodes: Sequence[Data], picture: Any, picture_input: Data) -> list[np.ndarray]:
    """The values of nodes on the host: those of the last forward pass, or, for a picture, those that a copy of the
    net computes in test mode. The net stays as it is."""
    if picture is None:
        return [_value(node) for node in nodes]
    twin = copied(net)
    inner = Net('part', [twin.get_node(node.ID) for node in nodes])
    inner.get_node(picture_input.ID).val = as_batch(picture, picture_input)
    inner.forward()
    return [_value(inner.get_node(node.ID)) for node in nodes]


def copied(net: Net) -> Net:
    """An independent copy in test mode."""
    twin = copy.deepcopy(net)
    twin.set_mode('test')
    return twin


def _value(node: Data) -> np.ndarray:
    if node.val is None:
        raise MissingValueError(f"Data '{node.ID}': expected a value to draw; found none. Run net.forward() first, or "
                                'pass a picture.')
    return np.asarray(to_host(node.val), dtype=np.float64)


def as_batch(picture: Any, node: Data) -> np.ndarray:
    """A picture with its batch axis. Raises ShapeError."""
    array = np.asarray(to_host(picture) if hasattr(picture, 'dtype') else picture, dtype=np.float64)
    array = array[None] if array.ndim == len(node.shape) - 1 else array
    if array.shape[1:] != node.shape[1:]:
        raise ShapeError(f"Data '{node.ID}': expected a picture of shape {node.shape[1:]}; found {array.shape}. "
                         'Give one picture, channels first.')
    return array


def example_of(values: np.ndarray, example: int, what: str) -> np.ndarray:
    """One example of a batch; a batch of 1 serves all. Raises OptionError."""
    if not -len(values) <= example < max(len(values), 1) and len(values) != 1:
        raise OptionError(f'Drawing {what}: expected example to be less than {len(values)}; found {example}.')
    return values[example if len(values) > 1 else 0]


def as_picture(array: np.ndarray) -> np.ndarray:
    """A picture (C, H, W) as (H, W, 3) for the screen, its values stretched to 0 ... 1."""
    if array.ndim != 3:
        raise ShapeError(f'Drawing: expected a picture of shape (channels, height, width); found {array.shape}. '
                         'Name another input.')
    low, high = float(array.min()), float(array.max())
    array = (array - low) / (high - low) if high > low else np.zeros_like(array)
    array = array[:3] if array.shape[0] >= 3 else np.repeat(array.mean(axis=0, keepdims=True), 3, axis=0)
    return array.transpose(1, 2, 0)


def resized(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map (h, w) at another size, bilinear between the middles of its places."""
    def weights(size: int, new: int) -> np.ndarray:
        places = np.clip((np.arange(new) + 0.5) * size / new - 0.5, 0, size - 1)
        return np.maximum(0, 1 - abs(places[:, None] - np.arange(size)))
    return weights(values.shape[0], height) @ values @ weights(values.shape[1], width).T


def mosaic(axes: Axes, tiles: Sequence[np.ndarray], columns: int, title: str = '', **style: Any) -> Any:
    """Tiles of one size side by side in one image, one pixel apart; returns what Matplotlib made of it."""
    rows = -(-len(tiles) // columns)
    height, width = tiles[0].shape[:2]
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, *tiles[0].shape[2:]), np.nan)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        sheet[row * (height + 1):row * (height + 1) + height, column * (width + 1):column * (width + 1) + width] = tile
    sheet = np.nan_to_num(sheet, nan=1.0) if sheet.ndim == 3 else np.ma.masked_invalid(sheet)
    image = axes.imshow(sheet, interpolation='nearest', **style)
    axes.set_axis_off()
    if title:
        axes.set_title(title, fontsize=9, parse_math=False)
    return image


def columns_for(count: int, height: int, width: int) -> int:
    """How many columns make a mosaic about as high as it is wide."""
    return max(1, min(count, round((count * (height + 1) / (width + 1)) ** 0.5)))


def new_figure(width: float, height: float) -> Figure:
    """A figure off screen, in inches."""
    from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout='constrained')


def finished(figure: Figure, filename: str | os.PathLike[str] | None, view: bool) -> Any:
    """Save a figure and return its Picture, or return the figure itself where no filename is given."""
    if filename is None:
        return figure
    from deepfusion.visualization.draw import target_file, write_file
    path, form = target_file(filename, None if os.path.splitext(filename)[1][1:].lower() in FORMS else 'png')
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=150)
    write_file(path, buffer.getvalue())
    picture = Picture(path, form, svg=buffer.getvalue().decode() if form == 'svg' else '')
    if view:
        picture.view()
    return picture
