"""Running a net forward and backward."""

import time
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.net.graph import Node, depends_on
from deepfusion.errors import MissingValueError, NonFiniteError, OptionError, ShapeError
from deepfusion.utils.backend import array_module

Array = Any
Needs = dict[Module, tuple[set[int], set[str]]]


def run_modules(modules: Iterable[Module], method: str, after: Callable[[Module], None] | None = None
                ) -> dict[str, float]:
    """Call `forward` or `backward` of each module; returns the seconds that each took."""
    seconds = {}
    start = time.perf_counter()
    for module in modules:
        getattr(module, method)()
        end = time.perf_counter()
        seconds[module.ID], start = end - start, end
        if after is not None:
            after(module)
            start = time.perf_counter()
    return seconds


# -- Before forward -----------------------------------------------------------------------------------------------

def check_verbose(verbose: Any, fix: str) -> None:
    """Refuse what was not meant for the option that comes first."""
    if not isinstance(verbose, Integral | np.bool_):
        raise OptionError(f'Net: expected verbose to be True or False; found {type(verbose).__name__}. {fix}')


def check_inputs(leaves: Sequence[Data], finite: bool = False) -> tuple[tuple[int, ...], ...]:
    """The shapes of the values of all inputs, after making sure that there are values, and finite ones if asked to."""
    for leaf in leaves:
        if leaf._val is None:
            users = ', '.join(repr(m) for m in leaf.outputs[:3])
            raise MissingValueError(f"Data '{leaf.ID}' (an input of {users}): expected a value; found none. "
                                    f'Set {leaf.ID}.val before forward.')
        if finite:
            refuse_non_finite(f"The value of the input '{leaf.ID}'", leaf._val)
    return tuple([leaf._val.shape for leaf in leaves])


def check_batches(modules: Iterable[Module]) -> None:
    """Refuse inputs of one module whose batch sizes differ, as far as the sizes can be told beforehand."""
    batch: dict[Data, tuple[int, Data]] = {}        # size, and the input of the net it came from
    for module in modules:
        sizes = []
        for data in module.inputs:
            if data in batch:
                sizes.append(batch[data])
            elif data.input is None and data._val is not None and data.shape[:1] == (1,):
                sizes.append((data._val.shape[0] if data._val.ndim else 1, data))
        if not sizes or len(sizes) < len(module.inputs):
            continue
        large, source = max(sizes, key=lambda item: item[0])
        for size, other in sizes:
            if size not in (1, large):
                raise ShapeError(f"{module!r}: expected inputs of one batch size; found {large} from '{source.ID}' "
                                 f"and {size} from '{other.ID}'. Give both the same number of examples, or one.")
        unknown = module.reduces_batch or type(module).forward is not Module.forward
        if module.output.shape[:1] == (1,) and not (unknown and module.output.shape == (1, 1)):
            batch[module.output] = (large, source)


# -- Before backward ----------------------------------------------------------------------------------------------

def start_derivatives(modules: Sequence[Module], leaves: Sequence[Data], root_nodes: Sequence[Data]) -> None:
    """Inner derivatives start anew, leaves and parameters add up, roots start at ones or what was assigned."""
    for leaf in leaves:
        leaf.keep_read_deriv()
    for module in modules:
        module.output._deriv = None
        if module.output._postponed:
            module.output._postponed.pop('_deriv', None)
        for parameter in module.parameter_list:
            parameter.keep_read_deriv()
    for root in root_nodes:
        value, seed = root._val, root._seed
        if value is None:
            raise MissingValueError(f"Data '{root.ID}': backward needs its value; found none. Run forward first.")
        if seed is None:
            xp = array_module(value)
            seed = xp.ones(value.shape, value.dtype) if value.ndim else xp.asarray(1, dtype=value.dtype)
        elif seed.shape != value.shape:
            seed = seed.reshape(value.shape) if seed.size == 1 else seed
        root.add_deriv(seed)


def forget_seeds(data: Iterable[Data]) -> None:
    """What was assigned as derivative before forward no longer counts."""
    for node in data:
        if node._seed is not None:
            if node.input is not None:
                node._deriv = None
            node._seed = None


def needed_derivatives(order: Sequence[Node], wrt: Any) -> Needs:
    """For each module that must run backward, the inputs and parameters whose derivatives `wrt` needs.

    Args:
        wrt: 'unfrozen', or a list of Data (nodes or parameters).
    """
    modules = [node for node in order if isinstance(node, Module)]
    parameters = {p for module in modules for p in module.parameter_list}
    if isinstance(wrt, str) and wrt == 'unfrozen':
        wanted = {data for data in parameters if not data.is_frozen}
        wanted |= {node for node in order if isinstance(node, Data) and not node.is_frozen}
    else:
        wanted = _as_set(wrt, {*parameters, *order})
    own = {module: {name for name, p in module.parameter_lookup.items() if p in wanted} for module in modules}
    starts: list[Node] = [module for module in modules if own[module]]
    reached = depends_on(order, [*starts, *wanted])       # a parameter may be an input of other modules
    return {module: ({i for i, data in enumerate(module.inputs) if data in reached}, own[module])
            for module in modules if module in reached}


class Wanted:
    """What backward needs, told once for 'unfrozen' as long as the same nodes are frozen."""

    def __init__(self, order: Sequence[Node]) -> None:
        self._order = order
        self._modules = [node for node in order if isinstance(node, Module)]
        self._nodes = [node for node in order if isinstance(node, Data)]
        self._data: list[Data] = []
        self._frozen: list[bool] = []
        self._needs: Needs = {}

    def needs(self, wrt: Any) -> Needs:
        """See `needed_derivatives`."""
        if not (isinstance(wrt, str) and wrt == 'unfrozen'):
            return needed_derivatives(self._order, wrt)
        data = self._nodes + [parameter for module in self._modules for parameter in module.parameter_list]
        frozen = [node.is_frozen for node in data]
        if data != self._data or frozen != self._frozen:
            self._data, self._frozen, self._needs = data, frozen, needed_derivatives(self._order, wrt)
        return self._needs


def _as_set(wrt: Any, known: set[Node]) -> set[Data]:
    items = [wrt] if isinstance(wrt, Data) else wrt
    if not isinstance(items, list | tuple | set):
        raise OptionError(f"Net.backward: expected wrt to be None, 'unfrozen' or a list of Data; found {wrt!r}.")
    for item in items:
        if not isinstance(item, Data) or item not in known:
            raise OptionError(f'Net.backward: expected wrt to list Data of this net; found {item!r}, which is none.')
    return set(items)


def run_backward(modules: Sequence[Module], needs: Needs | None, root_nodes: Sequence[Data],
                 run: Callable[[Sequence[Module]], None]) -> None:
    """`run` the modules from last to first, while they know which derivatives are wanted (None: all). What they assign
    to a root's derivative does not count as where the next pass starts."""
    seeds = [root._seed for root in root_nodes]
    try:
        for module in modules:
            module._needs = None if needs is None else needs[module]
        run(modules[::-1])
    finally:
        for module in modules:
            module._needs = None
        for root, seed in zip(root_nodes, seeds, strict=True):
            root._seed = seed


# -- Watching -----------------------------------------------------------------------------------------------------

def refuse_non_finite(what: str, array: Array) -> None:
    """Raise NonFiniteError where an array holds a NaN or an infinity."""
    if array is not None and array.dtype.kind == 'f' and not bool(array_module(array).isfinite(array).all()):
        raise NonFiniteError(f'{what}: expected finite numbers; found NaN or infinity. '
                             'Look at its inputs, or lower the learning rate.')


def watch_value(module: Module) -> None:
    """After a module's forward: its output must be finite."""
    refuse_non_finite(f'The value that {module!r} gave', module.output._val)


def watch_derivatives(module: Module) -> None:
    """After a module's backward: the derivatives it added to must be finite."""
    for data in [*module.inputs, *module.parameter_list]:
        refuse_non_finite(f"The derivative of '{data.ID}' after {module!r}", data._deriv)
