"""Trial: one module by itself, run forward and backward under chosen conditions, and what came of it."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.checking.report import Fault
from deepfusion.checking.shadow import Replay, isolate
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.utils.backend import as_array, to_host

Array = Any
EQUAL = 1e-9                # relative difference of what should be the same numbers, added up in another order
NOISE = 1e-11               # of the derivative of a plain sum: below this all is rounding


@dataclass
class Outcome:
    """What a forward and a backward pass gave, on the host."""

    value: np.ndarray
    derivs: dict[str, np.ndarray]       # by role: 'input 0', 'parameter W'
    received: set[str]                  # the roles that were given a derivative


def roles(module: Module) -> dict[str, Data]:
    """The Data that a module differentiates by, by role; a Data that is there twice, once."""
    found: dict[str, Data] = {}
    for i, data in enumerate(module.inputs):
        if data.val is not None and data.val.dtype.kind == 'f' and data not in found.values():
            found[f'input {i}'] = data
    for name, parameter in module.parameter_lookup.items():
        if parameter.val is not None:
            found[f'parameter {name}'] = parameter
    return found


class Trial:
    """A module to be tried out; it is isolated already and has values in its inputs."""

    def __init__(self, module: Module, seed: int) -> None:
        self.module, self.seed = module, seed
        self.share = False                  # until the module is known to write into nothing it is given
        self.replays: dict[Module, Replay] = {}
        self.raw: list[Any] = []            # what the first copy's `differentiate` returned last
        self.sizes = sorted({int(d.val.shape[0]) for d in module.inputs if d.val.ndim}, reverse=True)

    @property
    def batch(self) -> int:
        """The number of examples."""
        return self.sizes[0] if self.sizes else 1

    def fresh(self, same: tuple[int, int] | None = None, precision: str | None = 'float64') -> Module:
        """A copy that has never run."""
        module = isolate(self.module, same, precision, self.share)
        self.replays[module] = Replay([module], self.seed)
        return module

    def with_batch(self, size: int) -> list[Array]:
        """The inputs' values for another number of examples: the first ones, or all of them over again."""
        found = []
        for data in self.module.inputs:
            value = data.val
            if value.ndim and value.shape[0] == self.batch:
                repeats = -(-size // value.shape[0])
                value = as_array(np.concatenate([to_host(value)] * repeats)[:size])
            found.append(value)
        return found

    def weight(self, shape: tuple[int, ...]) -> Array:
        """A derivative of the output, the same for the same shape."""
        return as_array(np.asarray(np.random.default_rng([self.seed, 5]).standard_normal(shape)))

    def forward(self, module: Module, values: Sequence[Array] | None = None) -> None:
        """Run forward, from these values where given, with the same random numbers as ever."""
        for data, value in zip(module.inputs, values or (), strict=False):
            data.val = value
        self.replays[module].forward(module)

    def backward(self, module: Module, start: Mapping[str, Array] | None = None, weight: Array | None = None
                 ) -> Outcome:
        """Run backward on derivatives that are clear, or hold something already."""
        self.clear(module)
        for role, deriv in (start or {}).items():
            roles(module)[role].deriv = deriv
        value = module.output.val
        module.output.deriv = self.weight(value.shape) if weight is None else weight
        module.backward()
        return self.outcome(module)

    def clear(self, module: Module) -> None:
        """Clear all derivatives."""
        for data in [*module.inputs, module.output, *module.parameter_list]:
            data.clear_grads()

    def outcome(self, module: Module) -> Outcome:
        """What stands in the nodes now."""
        found = roles(module)
        received = {role for role, data in found.items() if data._deriv is not None}
        return Outcome(np.array(to_host(module.output.val)),
                       {role: np.array(to_host(data.deriv)) for role, data in found.items()}, received)

    def run(self, module: Module, values: Sequence[Array] | None = None) -> Outcome:
        """Forward, then backward."""
        self.forward(module, values)
        return self.backward(module)

    def same(self, found: np.ndarray, expected: np.ndarray, role: str | None = None) -> bool:
        """Whether two arrays are equal but for rounding."""
        if found.shape != expected.shape:
            return False
        if not expected.size:
            return True
        finite = np.isfinite(expected)
        if not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
            return False
        allowed = EQUAL * float(abs(expected[finite]).max(initial=0)) + NOISE / self._scale(role)
        return bool((abs(found[finite] - expected[finite]) <= allowed).all())

    def _scale(self, role: str | None) -> float:
        if role is None or role not in roles(self.module):
            return 1.0
        value = to_host(roles(self.module)[role].val)
        return float(np.sqrt(np.mean(value ** 2))) or 1.0

    def differing(self, found: Outcome, expected: Outcome) -> list[str]:
        """What differs between two outcomes: 'output', or roles."""
        names = [] if self.same(found.value, expected.value) else ['output']
        return names + [role for role in expected.derivs if role in found.derivs
                        and not self.same(found.derivs[role], expected.derivs[role], role)]

    def fault(self, kind: str, part: str, message: str) -> Fault:
        """A mistake of this module."""
        return Fault(self.module.ID, type(self.module).__name__, kind, part, message, place_of(self.module, kind))


def place_of(module: Module, kind: str) -> str:
    """File and line of the code that a mistake of this kind is in."""
    names = ('compute', 'forward') if kind in FORWARD_KINDS else ('differentiate', 'backward')
    for name in names:
        method = getattr(type(module), name)
        if method is not getattr(Module, name):
            return _place(method)
    return ''


FORWARD_KINDS = ('alias', 'random')


def _place(method: Callable[..., Any]) -> str:
    try:
        return f'{os.path.basename(inspect.getsourcefile(method) or "")}:{inspect.getsourcelines(method)[1]}'
    except (OSError, TypeError):
        return ''
