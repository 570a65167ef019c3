"""Subject: modules, run from some tensors to some roots, as a function that can be moved and differentiated."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.checking.numeric import Line, measure_amplification
from deepfusion.checking.shadow import Replay
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.net.graph import Node, depends_on
from deepfusion.utils.backend import array_module, as_array, to_host

if TYPE_CHECKING:
    from deepfusion.components.net import Net

Array = Any


@dataclass(eq=False)
class Tensor:
    """A Data whose derivative is checked."""

    data: Data
    role: str                                               # "input 'x'" or "parameter 'W'"
    owners: tuple[Module, ...] = ()                         # the modules that use it
    below: list[Module] = field(default_factory=list)       # all modules that depend on it, in order

    @property
    def scale(self) -> float:
        """The size of its entries; 1 where they are all 0."""
        value = self.data.val
        rms = float((value * value).mean()) ** 0.5 if value.size else 0.0
        return rms if 0 < rms < np.inf else 1.0


class Subject:
    """A function of tensors whose result is a weighted sum of roots.

    Args:
        modules: In the order of running.
        roots: What is differentiated; scalar ones count once, the entries of others with random weights.
        tensors: What can be moved.
        seed: Fixes the weights and what random modules draw.
        net: The net whose backward is tested; None tests that of the only module.
    """

    def __init__(self, modules: Sequence[Module], roots: Sequence[Data], tensors: Sequence[Tensor], seed: int = 0,
                 net: 'Net | None' = None) -> None:
        self.modules, self.roots, self.tensors, self.seed, self.net = modules, roots, list(tensors), seed, net
        self.replay = Replay(modules, seed)
        self.weights: list[Array] = []
        self.failure: Exception | None = None       # what forward said where it had no value
        self.settle()

    @property
    def rng(self) -> np.random.Generator:
        """A generator of the check's own, fresh each time."""
        return np.random.default_rng(self.seed)

    # -- The point under test ---------------------------------------------------------------------------------

    def settle(self) -> None:
        """Take the present values as the point under test: run forward and remember everything."""
        for module in self.modules:
            self.replay.forward(module)
        self.values = {module.output: module.output.val for module in self.modules}
        self.values |= {tensor.data: tensor.data.val for tensor in self.tensors}
        self.marks = {tensor.data: marked for tensor in self.tensors if (marked := _marked(tensor)) is not None}
        self.base = [root.val for root in self.roots]
        if not self.weights:
            rng = self.rng
            self.weights = [self._weight(root, rng) for root in self.roots]
        for name in ('amplification', 'size'):
            self.__dict__.pop(name, None)           # those of the former point
        self.gradients: dict[Data, Array] = {}
        self.received: set[Data] = set()

    def _weight(self, root: Data, rng: np.random.Generator) -> Array:
        if self.net is not None and root.val.size == 1:
            return as_array(np.ones(root.val.shape))
        return as_array(np.asarray(rng.standard_normal(root.val.shape)))

    def differentiate(self) -> None:
        """Run backward, and keep what it says of every tensor."""
        for data in dict.fromkeys([*self.values, *(d for m in self.modules for d in m.inputs)]):
            data.clear_grads()
        for module in self.modules:
            module.clear_grads()
        for root, weight in zip(self.roots, self.weights, strict=True):
            root.deriv = weight
        if self.net is not None:
            self.net.backward()
        else:
            for module in reversed(self.modules):
                module.backward()
        for tensor in self.tensors:
            if tensor.data._deriv is not None:
                self.received.add(tensor.data)
            self.gradients[tensor.data] = tensor.data.deriv

    # -- Lines through it -------------------------------------------------------------------------------------

    def leave_out_indices(self) -> None:
        """After `differentiate`: forget Data that are only ever used as indices, masks or labels, and were given no
        derivative."""
        self.tensors = [tensor for tensor in self.tensors if not self._is_index(tensor)]

    def _is_index(self, tensor: Tensor) -> bool:
        used = [i in module.index_inputs for module in tensor.owners for i, data in enumerate(module.inputs)
                if data is tensor.data]
        return bool(used) and all(used) and tensor.data not in self.received

    def normal(self, data: Data, rng: np.random.Generator) -> Array:
        """Standard normal numbers in the shape of a value, on its device."""
        return as_array(rng.standard_normal(data.val.shape))

    def moved(self, data: Data, value: Array, change: Array) -> Array:
        """A value of a Data after a change, in which marks ("ignore this entry") stay: the function may jump there."""
        marked = self.marks.get(data)
        return value + change if marked is None else array_module(value).where(marked, value, value + change)

    def line(self, directions: Mapping[Tensor, Array]) -> Line:
        """The sum of the roots as the tensors move in these directions."""
        below = self._below(list(directions))

        def evaluate(distance: float) -> list[Array]:
            return self._evaluate({tensor.data: self.moved(tensor.data, self.values[tensor.data], distance * direction)
                                   for tensor, direction in directions.items()}, below)

        return Line(evaluate, self.base, self.weights, lambda: self.amplification)

    def entry_line(self, tensor: Tensor, index: tuple[int, ...]) -> Line:
        """The sum of the roots as one entry moves."""
        def evaluate(distance: float) -> list[Array]:
            value = self.values[tensor.data].copy()
            if tensor.data not in self.marks or not self.marks[tensor.data][index]:
                value[index] += distance
            return self._evaluate({tensor.data: value}, tensor.below)

        return Line(evaluate, self.base, self.weights, lambda: self.amplification)

    def _below(self, tensors: Sequence[Tensor]) -> Sequence[Module]:
        if len(tensors) == 1:
            return tensors[0].below
        found = {module for tensor in tensors for module in tensor.below}
        return [module for module in self.modules if module in found]

    def _evaluate(self, values: Mapping[Data, Array], below: Sequence[Module]) -> list[Array]:
        try:
            for data, value in values.items():
                data.set_result(value)
            for module in below:
                self.replay.forward(module)
            return [root.val for root in self.roots]
        except Exception as error:      # the function may end within a step of the point
            self.failure = error
            return [weight * float('nan') for weight in self.weights]
        finally:
            for data in [*values, *(module.output for module in below)]:
                data.set_result(self.values[data])

    @functools.cached_property
    def amplification(self) -> float:
        """How rounding errors of the roots compare with their last digits, along a line that moves everything."""
        rng = self.rng
        directions = {tensor: tensor.scale * self.normal(tensor.data, rng) for tensor in self.tensors}
        return measure_amplification(self.line(directions))

    @functools.cached_property
    def size(self) -> float:
        """The size of the weighted roots: a derivative far below this per scale of a tensor is zero."""
        total = 0.0
        for y, w in zip(self.base, self.weights, strict=True):
            product = w * y
            product = product[array_module(product).isfinite(product)] if product.ndim else product
            total += float((product * product).sum())
        return total ** 0.5

    @property
    def total(self) -> float:
        """The weighted sum of the roots."""
        return sum(float((w * y).sum()) for y, w in zip(self.base, self.weights, strict=True))

    @property
    def is_finite(self) -> bool:
        """Whether all derivatives are finite."""
        return all(bool(array_module(g).isfinite(g).all()) for g in self.gradients.values())

    @property
    def batch(self) -> int:
        """The number of examples."""
        return max((int(d.val.shape[0]) for m in self.modules for d in m.inputs if d.val.ndim), default=1)

    def host_gradient(self, tensor: Tensor) -> np.ndarray:
        """What backward says of a tensor, on the host."""
        return np.asarray(to_host(self.gradients[tensor.data]))


def net_subject(net: 'Net', chosen: Sequence[Data] | None = None, seed: int = 0) -> Subject:
    """A net (a shadow) as a function of its leaves and parameters, or of those chosen."""
    modules = [node for node in net.topological_order if isinstance(node, Module)]
    order: list[Node] = list(net.topological_order)
    owners: dict[Data, list[Module]] = {}
    for module in modules:
        for parameter in module.parameter_list:
            owners.setdefault(parameter, []).append(module)
    leaves = [node for node in order if isinstance(node, Data) and node.input is None]
    data = [*leaves, *owners] if chosen is None else chosen
    tensors = [_tensor(d, owners.get(d), order) for d in data if is_floating(d)]
    return Subject(modules, net.root_nodes, tensors, seed, net)


def _tensor(data: Data, owners: list[Module] | None, order: Sequence[Node]) -> Tensor:
    if owners is None:
        reached = depends_on(order, [data])
        role, users = 'input' if data.input is None else 'value', tuple(data.outputs)
    else:
        reached = depends_on(order, owners)
        role, users = 'parameter', tuple(owners)
    below = [node for node in order if isinstance(node, Module) and node in reached and node is not data.input]
    return Tensor(data, role, users, below)


def _marked(tensor: Tensor) -> Array | None:
    """Which entries of a tensor are marks to one of its modules; None where there are none."""
    marks = {module.marks[i] for module in tensor.owners for i, data in enumerate(module.inputs)
             if data is tensor.data and i in module.marks}
    marked = sum(tensor.data.val == mark for mark in marks)
    return marked > 0 if marks and marked.any() else None


def is_floating(data: Data) -> bool:
    """Whether a value can be moved: it is there, holds floats, and at least one."""
    return data.val is not None and data.val.dtype.kind == 'f' and data.val.size > 0


def module_subject(module: Module, seed: int = 0) -> Subject:
    """An isolated module as a function of its inputs and parameters."""
    tensors: dict[Data, Tensor] = {}
    for i, data in enumerate(module.inputs):
        if is_floating(data):
            tensors.setdefault(data, Tensor(data, f'input {i}', (module,), [module]))
    names = {parameter: name for name, parameter in module.parameter_lookup.items()}
    for parameter in module.parameter_list:
        if is_floating(parameter):
            role = f'parameter {names.get(parameter, parameter.ID)}'
            tensors.setdefault(parameter, Tensor(parameter, role, (module,), [module]))
    return Subject([module], [module.output], list(tensors.values()), seed)
