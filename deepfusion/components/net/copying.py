"""Independent copies of a net, and moves to another device or precision."""

import copy
from typing import TYPE_CHECKING, Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.utils.backend import moved

if TYPE_CHECKING:
    from deepfusion.components.net.net import Net


def copy_net(net: 'Net', memo: dict[int, Any]) -> 'Net':
    """A deep copy whose nodes are new and know only one another.

    All nodes are made empty first and filled afterwards, so that following the edges never nests.
    """
    nodes: list[Any] = [*net.topological_order, *net.parameters()]
    inside = set(nodes)
    for node in nodes:
        memo[id(node)] = object.__new__(type(node))
    for node in nodes:
        attributes = node.__getstate__()
        if isinstance(node, Data):
            attributes['outputs'] = [module for module in node.outputs if module in inside]
            if node.input not in inside:
                attributes['input'] = None
        for name, value in attributes.items():
            setattr_plain(memo[id(node)], name, copy.deepcopy(value, memo))
    twin = object.__new__(type(net))
    memo[id(net)] = twin
    for name, value in vars(net).items():
        setattr_plain(twin, name, copy.deepcopy(value, memo))
    return twin


def setattr_plain(node: Any, name: str, value: Any) -> None:
    """Set an attribute as it is stored, past any property."""
    vars(node)[name] = value


def move(net: 'Net', device: str | None, dtype: type | None) -> None:
    """Bring every array of a net to a device and a floating-point type (None: as it is)."""
    for node in [*net.topological_order, *net.parameters()]:
        if isinstance(node, Data):
            node.move(device, dtype)
        else:
            _move_state(node, device, dtype)


def _move_state(module: Module, device: str | None, dtype: type | None) -> None:
    module._saved = None
    for name in module.state_names:
        value = getattr(module, name)
        if hasattr(value, 'dtype'):
            setattr(module, name, moved(value, device, dtype))
