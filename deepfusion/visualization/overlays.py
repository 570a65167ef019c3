"""Where a net looks, laid over the picture: attention, gates, and the weights of fusion."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules.attention import MultiHeadAttention, ScaledDotProductAttention
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.components.net import Net
from deepfusion.errors import MissingValueError, OptionError
from deepfusion.utils.backend import array_module, to_host
from deepfusion.visualization.figures import (
    as_batch,
    as_picture,
    copied,
    data_of,
    example_of,
    finished,
    input_of,
    mosaic,
    new_figure,
    node_of,
    resized,
    values_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MAPS = 16


def visualize_attention(net: Net, node: Any, picture: Any = None, filename: str | os.PathLike[str] | None = 'Attention',
                        *, example: int = 0, query: int | None = None, picture_input: Any = None,
                        view: bool = False) -> Any:
    """Draw where attention goes.

    For an attention module, the weights of each head: laid over the picture where its keys are a grid of places
    (and perhaps one token more), else as a matrix of queries and keys. For any other node, each channel of its value
    (a gate's map, say) over the picture.

    Args:
        node: A module or Data, or its ID.
        picture: (channels, height, width), computed on a copy of the net in test mode; None takes the last forward
            pass.
        filename: Where to save (.png, .pdf or .svg; .png is added); None returns the Matplotlib figure.
        example: Which one of a batch.
        query: The query whose weights are drawn over the picture; by default the mean of all.
        picture_input: The input that takes the picture; by default the first.
        view: Open the file.

    Raises:
        MissingValueError: There is neither a forward pass nor a picture.
        OptionError: The weights are never held at once (`block_size`), or there is no such query.
    """
    found, source = node_of(net, node), input_of(net, picture_input)
    if not isinstance(found, MultiHeadAttention | ScaledDotProductAttention):
        data = data_of(net, node)
        shown, value = values_for(net, [source, data], picture, source)
        maps = example_of(value, example, 'attention')
        return finished(_overlays(example_of(shown, example, 'attention'), _as_maps(maps, data.ID),
                                  [f'channel {k}' for k in range(len(maps))], data.ID), filename, view)
    weights = example_of(_attention_weights(net, found, picture, source), example, 'attention')
    shown = source.val if picture is None else as_batch(picture, source)
    grid = math.isqrt(weights.shape[2])
    extra = weights.shape[2] - grid * grid
    names = [f'head {k}' for k in range(len(weights))]
    if len(source.shape) == 4 and extra in (0, 1) and grid > 1:
        rows = weights.mean(axis=1) if query is None else _query(weights, query)
        maps = rows[:, extra:].reshape(-1, grid, grid)
        figure = _overlays(example_of(np.asarray(to_host(shown)), example, 'attention'), maps, names, found.ID)
    else:
        figure = _matrices(weights, names, found.ID)
    return finished(figure, filename, view)


def visualize_fusion_weights(net: Net, node: Any, picture: Any = None,
                             filename: str | os.PathLike[str] | None = 'Fusion', *, example: int = 0,
                             picture_input: Any = None, view: bool = False) -> Any:
    """Draw how much a `WeightedSum` takes of each input: maps over the picture, or a bar for each number.

    Args: as `visualize_attention`.

    Raises:
        OptionError: The node is no WeightedSum.
    """
    found, source = node_of(net, node), input_of(net, picture_input)
    if not isinstance(found, WeightedSum):
        raise OptionError(f'Drawing fusion weights: expected a WeightedSum; found {found!r}. For other nodes use '
                          'visualize_attention.')
    names = [data.ID for data in found.inputs]
    if found.weight_map:
        shown, value = values_for(net, [source, found.inputs[-1]], picture, source)
        maps = example_of(value, example, 'fusion weights')
        maps = maps / maps.sum(axis=0) if found.normalize else maps
        figure = _overlays(example_of(shown, example, 'fusion weights'), maps, names[:-1], found.ID)
        return finished(figure, filename, view)
    figure = new_figure(5, 0.8 + 0.35 * len(names))
    axes = figure.subplots()
    axes.barh(np.arange(len(names)), _numbers(found), color='#277cb3')
    axes.set_yticks(np.arange(len(names)), names, parse_math=False)
    axes.invert_yaxis()
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_title(f'{found.ID}: weight of each input', fontsize=9, parse_math=False)
    return finished(figure, filename, view)


def _numbers(module: WeightedSum) -> np.ndarray:
    """The weights as they are used, one for each input."""
    parameter = module.parameter_list[0].val if module.parameter_list else None
    weights, _ = module._weigh(array_module(parameter), ())
    return np.array([float(weight) for weight in weights])


def _attention_weights(net: Net, module: Any, picture: Any, source: Data) -> np.ndarray:
    """(B, heads, queries, keys) of the last forward pass, or for a picture."""
    if picture is not None:
        part = Net('part', [copied(net).get_node(module.output.ID)])
        part.get_node(source.ID).val = as_batch(picture, source)
        part.forward()
        module = part.get_node(module.ID)
    if module._saved is None:
        raise MissingValueError(f'{module!r}: expected a forward pass to draw; found none. Run net.forward() first, or '
                                'pass a picture.')
    if module.block_size is not None:
        raise OptionError(f'{module!r}: expected block_size to be None, since in blocks the weights are never held at '
                          f'once; found {module.block_size}.')
    _, inner, _ = module._saved[0 if isinstance(module, ScaledDotProductAttention) else 1]
    exponentials, scale = inner[4], inner[5]
    return np.asarray(to_host(exponentials * scale), dtype=np.float64)


def _query(weights: np.ndarray, query: int) -> np.ndarray:
    if not -weights.shape[1] <= query < weights.shape[1]:
        raise OptionError(f'Drawing attention: expected query to be less than {weights.shape[1]}; found {query}.')
    return weights[:, query]


def _as_maps(value: np.ndarray, ID: str) -> np.ndarray:
    if value.ndim != 3:
        raise OptionError(f"Drawing attention: expected '{ID}' to have maps (channels, height, width); found shape "
                          f'{value.shape}. For numbers use visualize_activations.')
    return value


def _overlays(picture: np.ndarray, maps: np.ndarray, names: list[str], title: str) -> Figure:
    """The picture, and each map over a grey copy of it, on one scale."""
    shown = as_picture(picture)
    count = min(len(maps), MOST_MAPS)
    columns = min(count + 1, 5)
    rows = -(-(count + 1) // columns)
    figure = new_figure(2.1 * columns + 0.7, 2.2 * rows + 0.3)
    places = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for axes in places:
        axes.set_axis_off()
    places[0].imshow(shown)
    low, high = float(maps[:count].min()), float(maps[:count].max())
    image: Any = None
    for axes, values, name in zip(places[1:], maps, names, strict=False):
        image = _overlay(axes, shown, values, name, low, high)
    figure.colorbar(image, ax=places, shrink=0.7)
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def _overlay(axes: Axes, picture: np.ndarray, values: np.ndarray, name: str, low: float, high: float) -> Any:
    axes.imshow(np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2))
    axes.set_title(name if len(name) <= 28 else f'…{name[-27:]}', fontsize=8, parse_math=False)
    return axes.imshow(resized(values, *picture.shape[:2]), cmap='inferno', alpha=0.6, vmin=low, vmax=high)


def _matrices(weights: np.ndarray, names: list[str], title: str) -> Figure:
    count = min(len(weights), MOST_MAPS)
    columns = min(count, 4)
    rows = -(-count // columns)
    figure = new_figure(2.6 * columns + 0.6, 2.5 * rows + 0.4)
    places = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for axes in places:
        axes.set_axis_off()
    image: Any = None
    for axes, matrix, name in zip(places, weights, names, strict=False):
        image = mosaic(axes, [matrix], 1, name, cmap='viridis', vmin=0.0, vmax=float(weights.max()))
        axes.set_axis_on()
        axes.set_xlabel('key', fontsize=8)
        axes.set_ylabel('query', fontsize=8)
    figure.colorbar(image, ax=places, shrink=0.7)
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure
