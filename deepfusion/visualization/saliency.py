"""Which pixels an answer depends on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.net import Net
from deepfusion.errors import OptionError
from deepfusion.utils.backend import to_host
from deepfusion.visualization.figures import (
    as_batch,
    as_picture,
    copied,
    data_of,
    example_of,
    finished,
    input_of,
    new_figure,
    values_for,
)

if TYPE_CHECKING:
    from deepfusion.components.data.data import Array


def saliency_map(net: Net, picture: Any = None, output: Any = None, target: int | None = None, *, example: int = 0,
                 picture_input: Any = None, samples: int = 1, noise: float = 0.15) -> np.ndarray:
    """How much each pixel moves an answer: the largest derivative over the channels, (height, width).

    Works on a copy of the net in test mode; the net, its values and random numbers stay as they are.

    Args:
        picture: (channels, height, width); None takes the value of the input.
        output: The node of the answers, or its ID; by default 'logits', or else what the first loss is given first.
        target: Which answer; by default the largest.
        example: Which one of a batch.
        picture_input: The input that takes the picture; by default the first.
        samples: More than 1 takes the mean over so many noisy copies of the picture, which is smoother.
        noise: Their standard deviation, as a share of the picture's range.

    Reference: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks" (2014), section 3; for the
        samples Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017).
    """
    source, answers = input_of(net, picture_input), _answers(net, output)
    shown = _picture(net, picture, source, example)
    part = Net('part', [copied(net).get_node(answers.ID)])
    x, scores = part.get_node(source.ID), part.get_node(answers.ID)
    if target is None:
        x.val = shown[None]
        part.forward()
        target = int(np.argmax(to_host(scores.val)[0]))
    if not 0 <= target < answers.shape[-1]:
        raise OptionError(f"Saliency: expected target to be one of the {answers.shape[-1]} answers of '{answers.ID}'; "
                          f'found {target}.')
    total = np.zeros(shown.shape)
    spread = noise * float(shown.max() - shown.min()) if samples > 1 else 0.0
    generator = np.random.default_rng(0)
    for _ in range(samples):
        total += _gradient(part, x, scores, shown + spread * generator.standard_normal(shown.shape), target)
    return np.abs(total / samples).max(axis=0)


def visualize_saliency(net: Net, picture: Any = None, output: Any = None, target: int | None = None,
                       filename: str | os.PathLike[str] | None = 'Saliency', *, example: int = 0,
                       picture_input: Any = None, samples: int = 1, noise: float = 0.15, view: bool = False) -> Any:
    """Draw a picture, its saliency map, and both over each other; arguments as `saliency_map`.

    Args:
        filename: Where to save (.png, .pdf or .svg; .png is added); None returns the Matplotlib figure.
        view: Open the file.
    """
    found = saliency_map(net, picture, output, target, example=example, picture_input=picture_input, samples=samples,
                         noise=noise)
    source = input_of(net, picture_input)
    shown = as_picture(_picture(net, picture, source, example))
    figure = new_figure(7.5, 2.7)
    first, second, third = figure.subplots(1, 3)
    first.imshow(shown)
    second.imshow(found, cmap='inferno')
    third.imshow(np.repeat(shown.mean(axis=2, keepdims=True), 3, axis=2))
    third.imshow(found, cmap='inferno', alpha=0.65)
    for axes, words in zip((first, second, third), ('picture', 'saliency', 'both'), strict=True):
        axes.set_axis_off()
        axes.set_title(words, fontsize=9)
    return finished(figure, filename, view)


def _answers(net: Net, output: Any) -> Data:
    if output is not None:
        return data_of(net, output)
    if 'logits' in net.node_lookup:
        return data_of(net, 'logits')
    loss = net.root_nodes[0].input
    return loss.inputs[0] if isinstance(loss, Module) else net.root_nodes[0]


def _picture(net: Net, picture: Any, source: Data, example: int) -> np.ndarray:
    batch = values_for(net, [source], None, source)[0] if picture is None else as_batch(picture, source)
    return example_of(batch, example, 'a saliency map')


def _gradient(part: Net, x: Data, scores: Data, value: np.ndarray, target: int) -> Array:
    """The derivative of one answer with respect to the picture."""
    x.val = value[None]
    part.forward()
    chosen = np.zeros(scores.val.shape)
    chosen[..., target] = 1.0
    part.clear_grads()
    scores.deriv = chosen
    part.backward(wrt=[x])
    return np.asarray(to_host(x.deriv), dtype=np.float64)[0]
