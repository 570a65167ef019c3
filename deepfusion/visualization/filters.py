"""Filters as pictures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.errors import OptionError
from deepfusion.utils.backend import to_host
from deepfusion.visualization.figures import as_picture, columns_for, finished, mosaic, new_figure, node_of

if TYPE_CHECKING:
    from deepfusion.components.net import Net

MOST_CHANNELS = 16


def visualize_filters(net: Net, module: Any = None, filename: str | os.PathLike[str] | None = 'Filters', *,
                      most: int = 64, shape: tuple[int, int, int] | None = None, view: bool = False) -> Any:
    """Draw the filters of a module: in colours where they see three channels, else a row of channels for each.

    Args:
        module: A module or its ID; by default the first convolution of the net.
        filename: Where to save (.png, .pdf or .svg; .png is added); None returns the Matplotlib figure.
        most: At most so many filters.
        shape: For a matrix of weights, what each column looks at: (channels, height, width).
        view: Open the file.

    Raises:
        OptionError: The module has no filters.
    """
    found = node_of(net, module) if module is not None else _first_convolution(net)
    filters = _filters(found, shape)[:most]
    count, channels, height, width = filters.shape
    columns = columns_for(count, height, width) if channels in (1, 3) else min(channels, MOST_CHANNELS)
    rows = -(-count // columns) if channels in (1, 3) else count
    share = rows * (height + 1) / (columns * (width + 1))
    figure = new_figure(*((6 / max(share, 0.5), 6.3) if share < 1 else (max(6 / share, 2.5) + 1, 6.3)))
    axes = figure.subplots()
    title = f'{found.ID}: {count} of {len(_filters(found, shape))} filters, {channels} × {height} × {width}'
    if channels == 3:
        mosaic(axes, [as_picture(one) for one in filters], columns, title)
    else:
        shown = filters[:, :MOST_CHANNELS]
        most_extreme = float(abs(shown).max()) or 1.0
        image = mosaic(axes, list(shown.reshape(-1, height, width)), columns, title, cmap='RdBu_r', vmin=-most_extreme,
                       vmax=most_extreme)
        figure.colorbar(image, ax=axes, shrink=0.6)
    return finished(figure, filename, view)


def _first_convolution(net: Net) -> Module:
    for node in net.topological_order:
        if isinstance(node, Module) and any(_are_filters(p) for p in node.parameter_list):
            return node
    raise OptionError(f"Drawing filters: expected net '{net.ID}' to have a convolution over pictures; found none. "
                      'Name a module, and give shape=(channels, height, width) for a matrix.')


def _are_filters(parameter: Data) -> bool:
    """Four axes, but not the scale of a normalization, one number for each channel."""
    return len(parameter.shape) == 4 and (parameter.shape[0] > 1 or max(parameter.shape[2:]) > 1)


def _filters(module: Any, shape: tuple[int, int, int] | None) -> np.ndarray:
    """(filters, channels, height, width) of a module's first parameter of four axes, or of its matrix."""
    parameters: list[Data] = getattr(module, 'parameter_list', [])
    for parameter in parameters:
        if _are_filters(parameter):
            return np.asarray(to_host(parameter.val), dtype=np.float64)
        if len(parameter.shape) == 2 and shape is not None and parameter.shape[0] == np.prod(shape):
            return np.asarray(to_host(parameter.val), dtype=np.float64).T.reshape(-1, *shape)
    raise OptionError(f'Drawing filters: expected {module!r} to have filters of four axes, or a matrix and a shape '
                      f'that fits its rows; found {[p.shape for p in parameters]}.')
