"""Shadows: independent copies in float64 that a check may move and run, so that nothing of the user's is touched."""

import copy
import random
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import NodeTypeError
from deepfusion.utils.backend import device_of, float_type, use_backend, use_precision

if TYPE_CHECKING:
    from deepfusion.components.net import Net

Array = Any


@contextmanager
def undisturbed(nodes: Sequence[Data], precision: str = 'float64') -> Iterator[None]:
    """Compute in that precision, on the device of these nodes' values, and put random states back at the end."""
    device = next((device_of(data.val) for data in nodes if data.val is not None), None)
    numbers, others = np.random.get_state(), random.getstate()
    try:
        with warnings.catch_warnings(), np.errstate(all='ignore'), use_precision(precision):
            warnings.simplefilter('ignore')     # a step may leave the domain of a function
            if device is None:
                yield
            else:
                with use_backend(device):
                    yield
    finally:
        np.random.set_state(numbers)
        random.setstate(others)


def shadow_net(net: 'Net') -> 'Net':
    """An independent copy of a net in float64."""
    try:
        twin = copy.deepcopy(net)
    except Exception:
        for module in net.topological_order:        # the error that names the module and its attribute
            if isinstance(module, Module):
                isolate(module)
        raise
    return twin.to(precision='float64')


def isolate(module: Module, same: tuple[int, int] | None = None, precision: str | None = 'float64',
            share: bool = False) -> Module:
    """A copy of a module on copies of its inputs, parameters and output, tied to no net.

    Args:
        module: What to copy.
        same: Two inputs that become one Data.
        precision: Of all floating-point arrays; None leaves each as it is.
        share: Let values be the same arrays where they need no conversion; for modules known to write into none.
    """
    memo: dict[int, Any] = {}
    for data in [*module.inputs, module.output, *module.parameter_list]:
        memo.setdefault(id(data), _plain_copy(data, precision, share))
    if same is not None:
        first, second = (module.inputs[i] for i in same)
        memo[id(second)] = memo[id(first)]
    twin = object.__new__(type(module))
    memo[id(module)] = twin
    for data in _data_in(vars(module).values()):
        memo.setdefault(id(data), _plain_copy(data, precision, share))      # or copying would follow its edges
    for name, value in vars(module).items():
        if name != '_saved':
            vars(twin)[name] = _copied(module, name, value, memo, precision)
    vars(twin)['_saved'] = None
    for data in dict.fromkeys(twin.inputs):
        data.outputs = [twin] * twin.inputs.count(data)
    twin.output.input = twin
    return twin


def _data_in(values: Iterable[Any]) -> Iterator[Data]:
    """The Data among attributes, and in lists and dictionaries that are attributes."""
    for value in values:
        if isinstance(value, Data):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, Data))
        elif isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, Data))


def _plain_copy(data: Data, precision: str | None, share: bool) -> Data:
    twin = copy.copy(data)
    twin._val = in_precision(data.val, precision, share) if data.val is not None else None
    twin._val_is_ours = False
    twin._deriv = twin._seed = twin.input = twin.optimizer = None
    twin.outputs = []
    return twin


def _copied(module: Module, name: str, value: Any, memo: dict[int, Any], precision: str | None) -> Any:
    if hasattr(value, 'dtype') and hasattr(value, 'astype'):
        return in_precision(value, precision)
    try:
        return copy.deepcopy(value, memo)
    except Exception as error:
        raise NodeTypeError(
            f"{module!r}: expected a module that can be copied, as checks run on a copy; its attribute '{name}' "
            f'cannot be ({error}). Make that attribute when it is needed, or give its class __deepcopy__.') from error


def in_precision(array: Array, precision: str | None, share: bool = False) -> Array:
    """A copy, or the array itself where that is allowed; floats in the precision named."""
    if precision is None or array.dtype.kind != 'f' or array.dtype == precision:
        return array if share else array.copy()
    return array.astype(float_type(precision))


class Replay:
    """Forward passes that give the same result each time: a module draws the same random numbers whatever else has
    run, and starts from the same declared state (running statistics)."""

    def __init__(self, modules: Sequence[Module], seed: int) -> None:
        self.seeds = {module: (seed + 7919 * i) % 2 ** 32 for i, module in enumerate(modules)}
        self.states = {module: {name: copy.deepcopy(getattr(module, name)) for name in module.state_names}
                       for module in modules if module.state_names}
        self.draws: dict[Module, bool] = {}         # which modules draw numbers, once they have run

    def prepare(self, module: Module) -> None:
        """Set random numbers and state to what they were."""
        if self.draws.get(module, True):
            np.random.seed(self.seeds[module])
            random.seed(self.seeds[module])
        for name, value in self.states.get(module, {}).items():
            setattr(module, name, copy.deepcopy(value))

    def forward(self, module: Module) -> None:
        """Run one module forward."""
        self.prepare(module)
        if module in self.draws:
            module.forward()
            return
        before = _fingerprint()
        module.forward()
        self.draws[module] = _fingerprint() != before


def _fingerprint() -> tuple[Any, ...]:
    """What changes with every number drawn."""
    _, key, position, has_gauss, gauss = np.random.get_state()
    return int(key[0]), int(key[-1]), position, has_gauss, gauss, hash(random.getstate())
