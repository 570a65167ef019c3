"""Feature maps of a node as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.visualization.figures import (
    columns_for,
    data_of,
    example_of,
    finished,
    input_of,
    mosaic,
    new_figure,
    values_for,
)

if TYPE_CHECKING:
    from deepfusion.components.net import Net


def visualize_activations(net: Net, node: Any, picture: Any = None,
                          filename: str | os.PathLike[str] | None = 'Activations', *, example: int = 0,
                          picture_input: Any = None, most: int = 64, view: bool = False) -> Any:
    """Draw what a node's value is for one picture: a map for each channel, or a bar for each number.

    Args:
        node: A Data or module, or its ID.
        picture: (channels, height, width), computed on a copy of the net in test mode; None draws the values of the
            last forward pass.
        filename: Where to save (.png, .pdf or .svg; .png is added); None returns the Matplotlib figure.
        example: Which one of a batch.
        picture_input: The input that takes the picture; by default the first.
        most: At most so many channels.
        view: Open the file.

    Raises:
        MissingValueError: There is neither a value nor a picture.
    """
    data = data_of(net, node)
    value, = values_for(net, [data], picture, input_of(net, picture_input))
    maps = example_of(value, example, 'activations')
    figure = new_figure(6, 5)
    axes = figure.subplots()
    title = f'{data.ID}: {" × ".join(map(str, maps.shape))}'
    if maps.ndim == 3:
        shown = maps[:most]
        # Each channel has its own scale: what matters is where it is strong.
        low, high = shown.min(axis=(1, 2), keepdims=True), shown.max(axis=(1, 2), keepdims=True)
        scaled = (shown - low) / np.where(high > low, high - low, 1)
        mosaic(axes, list(scaled), columns_for(len(shown), *maps.shape[1:]), title, cmap='magma', vmin=0, vmax=1)
    elif maps.ndim == 2:
        figure.colorbar(mosaic(axes, [maps], 1, title, cmap='magma', aspect='auto'), ax=axes, shrink=0.8)
    else:
        flat = np.atleast_1d(maps).ravel()
        axes.bar(np.arange(len(flat)), flat, color='#277cb3')
        axes.set_title(title, fontsize=9, parse_math=False)
        axes.spines[['top', 'right']].set_visible(False)
    return finished(figure, filename, view)
