"""A net as plain data (numbers, strings, lists, dictionaries) beside a table of arrays, and back."""

import inspect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.data.regularizers import Regularizer
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import get_optimizer
from deepfusion.errors import FileFormatError, NodeTypeError
from deepfusion.utils.backend import as_array, to_host, use_precision
from deepfusion.utils.names import near_matches

if TYPE_CHECKING:
    from deepfusion.components.net.net import Net

Arrays = dict[str, np.ndarray]
_NET_FIELDS = ('ID', 'learning_rate', 'optimizer_details', 'is_regularized', 'regularizer_details', 'is_frozen',
               'mode', 'check_finite')
_MODULE_FIELDS = ('ID', 'is_frozen', 'learning_rate', 'optimizer_details', 'mode', 'is_regularized',
                  'regularizer_details')


# -- To plain data --------------------------------------------------------------------------------------------------

def describe_net(net: 'Net', arrays: Arrays) -> dict[str, Any]:
    """The net as plain data; arrays are put into `arrays` under the names that the data mentions."""
    nodes = [n for n in net.topological_order if isinstance(n, Data)] + net.parameters()
    index = {data: i for i, data in enumerate(dict.fromkeys(nodes))}
    modules = [n for n in net.topological_order if isinstance(n, Module)]
    return {
        'net': {name: getattr(net, name) for name in _NET_FIELDS},
        'data': [_describe_data(data, i, arrays) for data, i in index.items()],
        'modules': [_describe_module(module, i, index, arrays) for i, module in enumerate(modules)],
        'roots': [index[root] for root in net.root_nodes],
    }


def _describe_data(data: Data, i: int, arrays: Arrays) -> dict[str, Any]:
    optimizer = data.optimizer
    found: dict[str, Any] = {
        'ID': data.ID, 'shape': data.shape, 'is_frozen': data.is_frozen, 'learning_rate': data.learning_rate,
        'optimizer_details': data._optimizer_details, 'is_regularized': data.is_regularized,
        'regularizer_details': data.regularizer.details if data.regularizer else None,
    }
    if data.input is None:
        for name, array in (('val', data.made('_val')), ('deriv', data.made('_deriv'))):
            if array is not None:
                arrays[f'data/{i}/{name}'] = to_host(array)
    if optimizer is not None:
        found['t'] = optimizer.t
        for name in optimizer.state_names:
            if getattr(optimizer, name) is not None:
                arrays[f'data/{i}/optimizer/{name}'] = to_host(getattr(optimizer, name))
    return found


def _describe_module(module: Module, i: int, index: dict[Data, int], arrays: Arrays) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(module, name) for name in _MODULE_FIELDS if hasattr(module, name)}
    cls = type(module)
    found['class'], found['from'] = cls.__qualname__, cls.__module__
    encode = _Encoder(module, i, index, arrays)
    found['arguments'] = {name: encode(name, value) for name, value in module._arguments().items()}
    found['output'] = index[module.output]
    found['inputs'] = [index[data] for data in module.inputs]
    found['parameters'] = {name: index[p] for name, p in module.parameter_lookup.items()}
    found['state'] = {name: encode(name, getattr(module, name)) for name in module.state_names}
    return found


class _Encoder:
    """Turns constructor arguments and state into plain data; what cannot be told as data is refused by name."""

    def __init__(self, module: Module, i: int, index: dict[Data, int], arrays: Arrays) -> None:
        self.module, self.i, self.index, self.arrays = module, i, index, arrays

    def __call__(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Data) and value in self.index:
            return {'data': self.index[value]}
        if isinstance(value, tuple):
            return {'tuple': [self(name, v) for v in value]}
        if isinstance(value, list):
            return [self(name, v) for v in value]
        if isinstance(value, dict) and all(isinstance(k, str) for k in value):
            return {'dict': {k: self(name, v) for k, v in value.items()}}
        if hasattr(value, 'dtype') and hasattr(value, 'shape'):
            key = f'module/{self.i}/{name}/{len(self.arrays)}'
            self.arrays[key] = to_host(value)
            return {'array': key}
        raise FileFormatError(f'{self.module!r}: expected arguments that are data (numbers, strings, lists, arrays) to '
                              f'save; found {name}={value!r:.60}. Name it by a string, or build the net in code.')


# -- And back -------------------------------------------------------------------------------------------------------

def rebuild_net(description: dict[str, Any], arrays: Arrays, modules: Sequence[type[Module]]) -> 'Net':
    """The net that `describe_net` described."""
    from deepfusion.components.net.net import Net
    if not isinstance(modules, Iterable) or not all(isinstance(cls, type) for cls in modules):
        raise NodeTypeError(f'expected modules to be a list of Module classes; found {modules!r:.60}. '
                            'Write modules=[MyModule].')
    classes = [_find_class(entry, modules) for entry in description['modules']]   # before anything is built
    builder = _Builder(description['data'], arrays)
    for entry, cls in zip(description['modules'], classes, strict=True):
        builder.add_module(entry, cls)
    for i in range(len(description['data'])):
        builder.fill(i)
    net = Net(description['net']['ID'], [builder.node(i) for i in description['roots']])
    for name in _NET_FIELDS:
        vars(net)[name] = description['net'][name]      # the nodes have theirs
    return net


def _find_class(entry: dict[str, Any], modules: Sequence[type[Module]]) -> type[Module]:
    name, where = entry['class'], entry['from']
    for cls in modules:
        if name in (cls.__qualname__, cls.__name__):
            return cls
    known = Module.known_classes
    if (where, name) not in known and where.startswith('deepfusion.'):
        _import_all_modules()
    if (where, name) in known:
        return known[where, name]
    named = [cls for (_, other), cls in known.items() if other == name]
    if named:
        return named[-1]
    raise FileFormatError(f"expected the class of module '{entry['ID']}' to be known; found '{name}' (of {where}), "
                          f'which is not. Import it first, or pass it by Net.load(file_path, modules=[...]). '
                          f'{near_matches(name, {other for _, other in known})}')


def _import_all_modules() -> None:
    """Load every module class of this package: a file may use what the program has not imported yet."""
    import importlib
    import pkgutil

    import deepfusion.components.modules as package
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
        importlib.import_module(info.name)


class _Builder:
    """Makes nodes in order, each Data when it is first mentioned."""

    def __init__(self, data: list[dict[str, Any]], arrays: Arrays) -> None:
        self.data, self.arrays = data, arrays
        self.made: dict[int, Data] = {}

    def node(self, i: int) -> Data:
        if i not in self.made:
            self.made[i] = Data(self.data[i]['ID'], tuple(self.data[i]['shape']))
        return self.made[i]

    def add_module(self, entry: dict[str, Any], cls: type[Module]) -> None:
        arguments = {name: self.decode(value) for name, value in entry['arguments'].items()}
        module = _call(cls, arguments)
        module.is_frozen = entry['is_frozen']
        if self.data[entry['output']]['ID'] != module.output.ID:
            raise FileFormatError(f"expected module '{entry['ID']}' to make '{module.output.ID}'; found "
                                  f"'{self.data[entry['output']]['ID']}'.")
        self.made.setdefault(entry['output'], module.output)
        for name, i in entry['parameters'].items():
            if i in self.made:
                module.share(name, self.made[i])
            else:
                self.made[i] = module.parameter_lookup[name]
        for name in _MODULE_FIELDS[2:]:
            if name in entry:
                setattr(module, name, entry[name])
        for name, value in entry['state'].items():
            value = self.decode(value)
            setattr(module, name, as_stored(value) if isinstance(value, np.ndarray) else value)

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(v) for v in value]
        if not isinstance(value, dict):
            return value
        (kind, content), = value.items()
        match kind:
            case 'data':
                return self.node(content)
            case 'tuple':
                return tuple(self.decode(v) for v in content)
            case 'dict':
                return {k: self.decode(v) for k, v in content.items()}
            case 'array':
                return self.arrays[content]
        raise FileFormatError(f'expected data, tuple, dict or array in the description; found {kind!r}.')

    def fill(self, i: int) -> None:
        """Give a node the values, flags and optimizer state of its entry."""
        data, entry = self.node(i), self.data[i]
        data.ID, data.is_frozen, data.learning_rate = entry['ID'], entry['is_frozen'], entry['learning_rate']
        data._optimizer_details = entry['optimizer_details']
        data.optimizer = None
        data.is_regularized = entry['is_regularized']
        details = entry['regularizer_details']
        data.regularizer = None if details is None else Regularizer(details)
        val, deriv = (self.arrays.get(f'data/{i}/{name}') for name in ('val', 'deriv'))
        if val is not None:
            data.set_result(as_stored(val))
            data._val_is_ours = True
        if deriv is not None:
            data._deriv = as_stored(deriv)
        if 't' in entry:
            data.optimizer = get_optimizer(data.shape, entry['optimizer_details'])
            data.optimizer.t = entry['t']
            for name in data.optimizer.state_names:
                stored = self.arrays.get(f'data/{i}/optimizer/{name}')
                setattr(data.optimizer, name, None if stored is None else as_stored(stored))


def as_stored(array: np.ndarray) -> Any:
    """A copy on the current device, in the precision it was saved in."""
    with use_precision(str(array.dtype) if array.dtype.kind == 'f' else 'float32'):
        return as_array(array.copy())


def _call(cls: type[Module], arguments: dict[str, Any]) -> Module:
    """Make a module from arguments by name, also positional-only and starred ones."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name in arguments:
            match parameter.kind:
                case parameter.VAR_POSITIONAL:
                    args += arguments[name]
                case parameter.VAR_KEYWORD:
                    kwargs |= arguments[name]
                case parameter.POSITIONAL_ONLY:
                    args.append(arguments[name])
                case _:
                    kwargs[name] = arguments[name]
    return cls(*args, **kwargs)
