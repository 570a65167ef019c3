"""One step of all nodes, small parameters of one kind together.

A step of Adam is nine array operations. For a handful of numbers these cost their starting, so parameters with the same
optimizer, settings and count of steps make one step side by side. Their moving averages lie in one array for that; the
values stay where they are, since whoever has read one sees it move.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import Optimizer

SMALL = 1 << 12     # numbers up to which a parameter is stepped with others

Key = tuple[Any, ...]


class Updates:
    """Steps nodes, and remembers which ones it has packed together."""

    def __init__(self, order: Sequence[Any]) -> None:
        # Modules whose parameters step by themselves; other modules, and Data.
        self._modules = [node for node in order if type(node).update is Module.update]
        self._nodes = [node for node in order if type(node).update is not Module.update]
        self._order = order
        self._parameters: list[Data] | None = None
        self._data: list[Data] = []             # each once: what steps as Data does,
        self._others: list[Any] = []            # and what steps in a way of its own
        self._free: list[Data] | None = None    # what was not frozen when packs were made; None: make them anew
        self._packs: dict[Key, Pack] = {}
        self._alone: list[Data] = []

    def step(self) -> None:
        """`update` of every node and parameter, when all can be updated."""
        parameters = [parameter for module in self._modules for parameter in module.parameter_list]
        if parameters != self._parameters:
            self._list(parameters)
        free = [data for data in self._data if not data.is_frozen]
        if free != self._free or not all([pack.is_whole() for pack in self._packs.values()]):
            self._group(free)
        for node in (*self._alone, *self._others):
            if isinstance(node, Data):
                node.check_update()
        for pack in self._packs.values():
            pack.step()
        for node in (*self._alone, *self._others):
            node.update()
        for data in self._data:
            if data.is_frozen:
                data._deriv = data._seed = None

    def _list(self, parameters: list[Data]) -> None:
        self._parameters, self._free = parameters, None
        nodes = dict.fromkeys([*self._nodes, *parameters])      # parameters may be shared, or inputs of other modules
        self._data = [node for node in nodes if type(node).update is Data.update]
        self._others = [node for node in nodes if type(node).update is not Data.update]

    def _group(self, free: list[Data]) -> None:
        groups: dict[Key, list[Data]] = {}
        self._alone = []
        for data in free:
            kind = _kind(data)
            if kind is None:
                self._alone.append(data)
            else:
                groups.setdefault(kind, []).append(data)
        known, self._packs = self._packs, {}
        for kind, members in groups.items():
            key = (kind[0], *members)
            pack = known.get(key)
            self._packs[key] = pack if pack is not None and pack.is_whole() else Pack(members)
        self._free = None if any(_may_join_later(data) for data in self._alone) else free

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, and pickled ones, group anew: views of what lies side by side would be copied one by one."""
        return Updates, (self._order,)


class Pack:
    """Parameters whose moving averages lie side by side, one array for each kind of average."""

    def __init__(self, members: list[Data]) -> None:
        self._members, values = members, [data._val for data in members]
        self._optimizers: list[Any] = [data.optimizer for data in members]
        first = self._optimizers[0]
        self._rate, names = members[0].learning_rate, first.state_names
        self._settings_of = attrgetter(*first.setting_names())
        self._settings = self._settings_of(first)
        self._reads_values = first.reads_values
        self._averages = [np.concatenate([getattr(optimizer, name) for optimizer in self._optimizers], axis=None)
                          for name in names]
        # The derivatives, the values and the step.
        self._flat = [np.empty(sum(value.size for value in values), values[0].dtype) for _ in range(3)]
        averages: list[dict[str, Any]] = [{} for _ in members]
        for name, average in zip(names, self._averages, strict=True):
            for optimizer, own, part in zip(self._optimizers, averages, self._cut(average), strict=True):
                own[name] = part
                setattr(optimizer, name, part)
        # Of each member what is checked, and its parts of the three arrays.
        self._packed = list(zip(members, values, self._optimizers, averages, strict=True))
        self._parts = list(zip(members, values, *map(self._cut, self._flat), strict=True))

    def _cut(self, array: Any) -> list[Any]:
        """The members' parts of an array, as views."""
        ends = np.cumsum([data._val.size for data in self._members])
        return [part.reshape(data.shape)
                for part, data in zip(np.split(array, ends[:-1]), self._members, strict=True)]

    def is_whole(self) -> bool:
        """Whether every member can still make its step here: it has a derivative, and its value, optimizer, averages
        and settings are those that were packed."""
        t, rate, settings, settings_of = self._optimizers[0].t, self._rate, self._settings, self._settings_of
        for data, value, optimizer, averages in self._packed:
            if (data._val is not value or data._deriv is None or data.is_regularized
                    or data.learning_rate != rate or settings_of(optimizer) != settings
                    or optimizer.t != t or data.optimizer is not optimizer):
                return False
            for name in averages:
                if getattr(optimizer, name) is not averages[name]:
                    return False
        return True

    def step(self) -> None:
        """One step of all members."""
        for optimizer in self._optimizers:
            optimizer.t += 1
        derivs, values, step = self._flat
        # Copied one by one: half the time of a concatenation.
        for data, value, own_deriv, own_value, _ in self._parts:
            own_deriv[...] = data._deriv
            if self._reads_values:
                own_value[...] = value
        np.multiply(self._optimizers[0].direction(derivs, values, *self._averages), self._rate, out=step)
        for data, value, _, _, own_step in self._parts:
            value -= own_step
            data._deriv = data._seed = data._stamp = None


def _kind(data: Data) -> Key | None:
    """Equal for small parameters on the CPU that can make one step together; None for what steps by itself: also the
    first step, which makes the averages."""
    optimizer: Any = data.optimizer
    if (not _is_small(data) or data._deriv is None or data.is_regularized or not data._val_is_ours
            or optimizer is None or not optimizer.t or type(optimizer).step is not Optimizer.step):
        return None
    settings = [(name, getattr(optimizer, name)) for name in optimizer.setting_names()]
    return (type(optimizer), data.learning_rate, data._val.dtype, optimizer.t, *settings)


def _may_join_later(data: Data) -> bool:
    """Whether it steps by itself only this time: its first step, or there was no derivative."""
    return _is_small(data) and (data._deriv is None or not data.optimizer or not data.optimizer.t)


def _is_small(data: Data) -> bool:
    return data._is_parameter and type(data._val) is np.ndarray and data._val.size <= SMALL
