"""FusionNet's arrays under the names that its PyTorch original gives them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.components.modules import MatMul, Module
from deepfusion.components.net import Net
from deepfusion.errors import FileFormatError, OptionError
from deepfusion.utils.backend import device_of, to_device, to_host

Array = Any

_BLOCKS = {'first': ('conv1', 'bn1'), 'second': ('conv2', 'bn2'), 'shortcut': ('shortcut.0', 'shortcut.1')}


@dataclass(frozen=True)
class Place:
    """One array: its PyTorch name and shape, and the module and attribute that hold it."""

    name: str
    module: Module
    attribute: str

    @property
    def stored(self) -> Array:
        """The array as this framework holds it."""
        held = getattr(self.module, self.attribute)
        return held.val if self.attribute in self.module.parameter_lookup else held

    @property
    def is_transposed(self) -> bool:
        """PyTorch's linear weight is (out, in), MatMul's (in, out)."""
        return isinstance(self.module, MatMul) and self.attribute == 'W'

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in PyTorch."""
        shape = tuple(self.stored.shape)
        if self.is_transposed:
            return shape[::-1]
        return shape if self.attribute == 'F' else (self.stored.size,)

    def read(self) -> np.ndarray:
        """The array in PyTorch's shape, on the host."""
        array = to_host(self.stored)
        return (array.T if self.is_transposed else array).reshape(self.shape).copy()

    def write(self, array: np.ndarray) -> None:
        """Take over an array in PyTorch's shape."""
        held = self.stored
        value = (array.T if self.is_transposed else array).reshape(held.shape).astype(held.dtype)
        value = to_device(value, device_of(held))
        held[...] = value


def read(net: Net) -> dict[str, np.ndarray]:
    """See `fusionnet.torch_state`."""
    state: dict[str, np.ndarray] = {}
    for place in _places(net):
        state[place.name] = place.read()
        if place.attribute == 'running_var':
            state[place.name.replace('running_var', 'num_batches_tracked')] = np.array(0)
    return state


def write(net: Net, state: Mapping[str, Any]) -> None:
    """See `fusionnet.load_torch_state`."""
    places = {place.name: place for place in _places(net)}
    arrays = {name: np.asarray(array) for name, array in state.items() if not name.endswith('num_batches_tracked')}
    faults = [f'missing {name} {places[name].shape}' for name in places if name not in arrays]
    faults += [f'extra {name}' for name in arrays if name not in places]
    faults += [f'{name} of shape {arrays[name].shape} in place of {place.shape}' for name, place in places.items()
               if name in arrays and arrays[name].shape != place.shape]
    if faults:
        raise FileFormatError("load_torch_state: expected the arrays of FusionNet's PyTorch original; found: "
                              + '; '.join(faults) + '.')
    for name, place in places.items():
        place.write(arrays[name])


def _places(net: Net) -> Iterator[Place]:
    missing = [ID for _, ID in _modules(net) if ID not in net.node_lookup]
    if missing:
        raise OptionError(f"torch_state: expected a FusionNet with the parts of its PyTorch original; found none "
                          f"called {', '.join(map(repr, missing))}. Build it by fusionnet() with its default parts.")
    for name, ID in _modules(net):
        module = net.get_node(ID)
        for attribute, torch_name in (('F', 'weight'), ('W', 'weight'), ('gamma', 'weight'), ('b', 'bias'),
                                      ('beta', 'bias'), ('running_mean', 'running_mean'),
                                      ('running_var', 'running_var')):
            if attribute in module.parameter_lookup or attribute in module.state_names:
                yield Place(f'{name}.{torch_name}', module, attribute)
    branches = net.get_node('branches')
    if 'logits' in branches.parameter_lookup:
        yield Place('branch_weights', branches, 'logits')


def _modules(net: Net) -> Iterator[tuple[str, str]]:
    """PyTorch's name and this net's ID of every module with arrays, in the original's order."""
    yield from (('conv1.0', 'conv1/conv'), ('conv1.1', 'conv1/norm'))
    for i in range(1, 5):
        block = f'residual_block{i}'
        for part, (conv, norm) in _BLOCKS.items():
            if f'{block}/{part}/conv' in net.node_lookup:
                yield f'{block}.{conv}', f'{block}/{part}/conv'
                yield f'{block}.{norm}', f'{block}/{part}/norm'
    for i in (1, 2):
        yield from ((f'se_block{i}.fc.0', f'se_block{i}/reduce'), (f'se_block{i}.fc.2', f'se_block{i}/expand'))
    yield from (('conv2.0', 'conv2/conv'), ('conv2.1', 'conv2/norm'),
                ('branch1_fc1', 'branch1/fc1'), ('branch1_fc2', 'branch1/fc2'),
                ('attention_branch2.0', 'branch2/attention/reduce'),
                ('attention_branch2.2', 'branch2/attention/expand'),
                ('branch2_fc1', 'branch2/fc1'), ('branch2_fc2', 'branch2/fc2'), ('branch3_fc', 'branch3/fc'))
    for kind, part in (('lateral_convs', 'lateral'), ('fpn_convs', 'conv')):
        yield from ((f'fpn.{kind}.{i}', f'fpn/level{i}/{part}') for i in range(4))
    yield from (('dynamic_fusion.attention.0', 'dynamic_fusion/reduce'),
                ('dynamic_fusion.attention.2', 'dynamic_fusion/expand'),
                ('branch4_fc1', 'branch4/fc1'), ('branch4_fc2', 'branch4/fc2'))
