"""One step of all nodes, small parameters of one kind together.

A step of Adam is nine array operations. For a handful of numbers these cost their starting, so parameters with the same
optimizer, settings and count of steps make one step side by side. Their moving averages lie in one array for that; the
values stay where they are, since whoever has read one sees it move.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import Optimizer

SMALL = 1 << 12     # numbers up to which a parameter is stepped with others

Key = tuple[Any, ...]


class Updates:
    """Steps nodes, and remembers which ones it has packed together."""

    def __init__(self) -> None:
        self._packs: dict[Key, Pack] = {}

    def step(self, order: Iterable[Any]) -> None:
        """`update` of every node and parameter, when all can be updated."""
        # Each once: parameters may be shared, or inputs of other modules.
        nodes: dict[Any, None] = {
            node: None for owner in order
            for node in (owner.parameter_list if type(owner).update is Module.update else (owner,))}
        for node in nodes:
            if not node.is_frozen and isinstance(node, Data):
                node.check_update()
        groups: dict[Key, list[Data]] = {}
        for node in nodes:
            kind = None if node.is_frozen else _kind(node)
            if kind is None:
                node.update()
            else:
                groups.setdefault(kind, []).append(node)
        packs = {}
        for kind, members in groups.items():
            known = (kind[0], *members)
            pack = self._packs.get(known)
            if pack is None or not pack.is_whole():
                pack = Pack(members)
            pack.step()
            packs[known] = pack
        self._packs = packs

    def __deepcopy__(self, memo: Any) -> 'Updates':
        return Updates()


class Pack:
    """Parameters whose moving averages lie side by side, one array for each kind of average."""

    def __init__(self, members: list[Data]) -> None:
        self._members = members
        self._optimizers: list[Any] = [data.optimizer for data in members]
        self._names = self._optimizers[0].state_names
        self._averages = [np.concatenate([getattr(optimizer, name).reshape(-1) for optimizer in self._optimizers])
                          for name in self._names]
        self._step = np.empty(sum(data._val.size for data in members), members[0]._val.dtype)
        self._steps = self._cut(self._step)
        self._parts = [self._cut(average) for average in self._averages]
        for name, parts in zip(self._names, self._parts, strict=True):
            for optimizer, part in zip(self._optimizers, parts, strict=True):
                setattr(optimizer, name, part)

    def _cut(self, array: Any) -> list[Any]:
        """The members' parts of an array, as views."""
        ends = np.cumsum([data._val.size for data in self._members])
        return [part.reshape(data.shape)
                for part, data in zip(np.split(array, ends[:-1]), self._members, strict=True)]

    def is_whole(self) -> bool:
        """Whether every member still has its optimizer, and this its part of the averages."""
        if any([data.optimizer is not optimizer
                for data, optimizer in zip(self._members, self._optimizers, strict=True)]):
            return False
        return all([getattr(optimizer, name) is part for name, parts in zip(self._names, self._parts, strict=True)
                    for optimizer, part in zip(self._optimizers, parts, strict=True)])

    def step(self) -> None:
        """One step of all members."""
        for optimizer in self._optimizers:
            optimizer.t += 1
        first = self._optimizers[0]
        derivs = np.concatenate([data._deriv.reshape(-1) for data in self._members])
        values = np.concatenate([data._val.reshape(-1) for data in self._members])
        np.multiply(first.direction(derivs, values, *self._averages), self._members[0].learning_rate, out=self._step)
        for data, step in zip(self._members, self._steps, strict=True):
            data._val -= step
            data.clear_grads()


def _kind(data: Any) -> Key | None:
    """Equal for small parameters on the CPU that can make one step together; None for what steps by itself: also the
    first step, which makes the averages."""
    if type(data).update is not Data.update or not data._is_parameter:
        return None
    optimizer: Any = data.optimizer
    value = data._val
    if (type(value) is not np.ndarray or value.size > SMALL or data._deriv is None or data.is_regularized
            or not data._val_is_ours or not optimizer.t or type(optimizer).step is not Optimizer.step):
        return None
    return (type(optimizer), data.learning_rate, value.dtype, optimizer.t, optimizer.settings())
