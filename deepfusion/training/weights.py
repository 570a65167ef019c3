"""Everything that training changes in a net, taken as a whole: its gradient clipped, its values copied."""

import copy
from typing import Any

from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.utils.backend import array_module

Array = Any


def clip_gradients(net: Net, clip_norm: float) -> None:
    """Scale the derivatives that the update will use, so that their norm as one vector is at most `clip_norm`.

    Reference: R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks,
        ICML 2013, algorithm 1.
    """
    trained = _trained(net)
    if not trained:
        return
    xp = array_module(trained[0].val)
    norm = xp.sqrt(sum((node.deriv * node.deriv).sum() for node in trained))
    factor = clip_norm / xp.maximum(norm, clip_norm)      # stays on the device; 1 below the limit
    for node in trained:
        node.deriv = node.deriv * factor


def copy_weights(net: Net) -> list[Array]:
    """Copies of all values that training changes: parameters, other unfrozen leaves, running statistics."""
    return [copy.deepcopy(getattr(owner, name)) for owner, name in _places(net)]


def put_weights(net: Net, weights: list[Array]) -> None:
    """Set the values that `copy_weights` copied, from this net or one of the same making."""
    for (owner, name), value in zip(_places(net), weights, strict=True):
        setattr(owner, name, copy.deepcopy(value))


def _trained(net: Net) -> list[Data]:
    leaves = [node for node in net.topological_order if isinstance(node, Data) and node.input is None]
    return [node for node in (*net.parameters(), *leaves) if not node.is_frozen]


def _places(net: Net) -> list[tuple[Any, str]]:
    states = [(node, name) for node in net.topological_order for name in getattr(node, 'state_names', ())]
    return [(node, 'val') for node in dict.fromkeys((*net.parameters(), *_trained(net)))] + states
