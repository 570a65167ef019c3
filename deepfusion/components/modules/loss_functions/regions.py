"""What the losses of segmentation have in common: probabilities of regions, from scores."""

from typing import Any

from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.sigmoid import sigmoid, sigmoid_derivative
from deepfusion.functional.softmax import softmax, softmax_derivative
from deepfusion.utils.names import look_up

Array = Any
ACTIVATIONS = {name: name for name in ('sigmoid', 'softmax', 'none')}


def check_regions(module: Module, scores: tuple[int, ...], activation: str, *weights: str) -> None:
    """Refuse scores without space, an unknown activation, and negative weights."""
    look_up(activation, ACTIVATIONS, f'activation of {module!r}')
    if len(scores) < 3:
        raise module.shape_error('an input with axes behind the channels, (B, C, L) or more', scores,
                                 'Reshape it first.')
    for name in weights:
        check_number(module, name, 'Use a number like 1.', least=0)


def region_probabilities(scores: Array, activation: str) -> Array:
    """Probabilities of the channels, from scores (B, C, ...)."""
    if activation == 'none':
        return scores
    return sigmoid(scores) if activation == 'sigmoid' else softmax(scores, axis=1)


def region_derivative(deriv: Array, p: Array, activation: str) -> Array:
    """The derivative of the scores from that of the probabilities p."""
    if activation == 'none':
        return deriv
    return sigmoid_derivative(deriv, p) if activation == 'sigmoid' else softmax_derivative(deriv, p, axis=1)
