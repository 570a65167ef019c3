"""From nets, finished or not, to their description. Arrays are only looked at: nothing of the net changes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.utils.backend import to_host
from deepfusion.visualization.description import (
    FROZEN,
    MIXED,
    UNFROZEN,
    Description,
    EdgeNote,
    NodeNote,
    ParameterNote,
)

if TYPE_CHECKING:
    from deepfusion.components.net import Net

BINS = 24
NOT_SETTINGS = {'self', 'ID', 'inputs', 'output', 'parameter_list', 'learning_rate', 'is_frozen', 'optimizer_details',
                'is_regularized', 'regularizer_details', 'weight_init_type', 'bias_init_type'}
# Options that say what a module does even where they have their default value.
ALWAYS_TOLD = {'filter_size', 'filter_count', 'p_keep', 'alpha', 'out_features', 'heads'}
SIZES = {'filter_size', 'stride', 'padding', 'dilation', 'size', 'shape', 'output_size'}


def describe(net: Net, norms: bool = False, histograms: bool = False) -> Description:
    """Describe a net.

    Args:
        norms: Also look at values and derivatives: root mean squares of all.
        histograms: Also look into the parameters: minimum, maximum, mean, deviation and a histogram of each.
    """
    description = describe_order(net.topological_order, norms, histograms)
    roots = set(net.root_nodes)
    for node, note in zip(net.topological_order, description.nodes, strict=True):
        note.is_root = node in roots
        if note.kind == 'module':
            times = [seconds[node.ID] for seconds in net.seconds.values() if node.ID in seconds]
            note.seconds = sum(times) if times else None
    description.name, description.mode = net.ID, net.mode
    return description


def describe_order(nodes: Sequence[Any], norms: bool = False, histograms: bool = False) -> Description:
    """Describe nodes that are given in a topological order."""
    place = {id(node): number for number, node in enumerate(nodes)}
    seen: set[int] = set()
    notes, edges = [], []
    for number, node in enumerate(nodes):
        if isinstance(node, Module):
            notes.append(_module_note(node, seen, norms, histograms))
            edges += [EdgeNote(place[id(data)], number) for data in node.inputs if id(data) in place]
        else:
            notes.append(_data_note(node, norms))
            if node.input is not None and id(node.input) in place:
                edges.append(EdgeNote(place[id(node.input)], number))
    _forget_mixed_batches(notes)
    return Description('', notes, edges)


def _data_note(data: Data, norms: bool) -> NodeNote:
    note = NodeNote(data.ID, 'data', 'Data', FROZEN if data.is_frozen else UNFROZEN, _shape(data),
                    is_input=data.input is None,
                    made_by_module=data.input is not None and f'{data.input.ID}_out' == data.ID)
    _note_values(note, data, norms)
    if not data.is_frozen:
        note.learning = _learning(data)
    return note


def _shape(data: Data) -> tuple[int, ...]:
    """The shape; () of what a loss makes, which is one number whatever the batch."""
    return () if data.shape == (1, 1) and getattr(data.input, 'reduces_batch', False) else data.shape


def _forget_mixed_batches(notes: Sequence[NodeNote]) -> None:
    """Before forward has run with a new input, values of several batch sizes are about: then none is told."""
    if len({note.batch for note in notes} - {None, 1}) > 1:
        for note in notes:
            note.batch = None


def _note_values(note: NodeNote, data: Data, norms: bool) -> None:
    # The property `deriv` would make one where there is none, and count as reading it.
    value, deriv = data.made('_val'), data.made('_deriv')
    if value is None:
        return
    note.dtype, note.bytes = str(value.dtype), int(value.nbytes)
    if value.ndim and data.shape[:1] == (1,):
        note.batch = int(value.shape[0])
    if norms:
        note.value_norm = root_mean_square(value)
        note.deriv_norm = None if deriv is None else root_mean_square(deriv)


def _module_note(module: Module, seen: set[int], norms: bool, histograms: bool) -> NodeNote:
    parameters = [_parameter_note(name, parameter, seen, histograms)
                  for name, parameter in module.parameter_lookup.items()]
    output = module.output
    note = NodeNote(module.ID, 'module', type(module).__name__, _state(module), _shape(output),
                    settings=settings_of(module), parameters=parameters, mode=getattr(module, 'mode', None))
    _note_values(note, output, False)
    note.bytes = sum(parameter.bytes for parameter in parameters)
    if norms and parameters:
        derivs = [p._deriv for p in module.parameter_list if p._deriv is not None]
        note.value_norm = root_mean_square(*(p.val for p in module.parameter_list))
        note.deriv_norm = root_mean_square(*derivs) if derivs else None
    note.operations = operations_of(module)
    if any('mean' in name or 'var' in name for name in module.state_names):
        note.statistics_state = _statistics_state(module)
    if module.parameter_list:
        note.learning = _learning(module.parameter_list[0])
        if getattr(module, 'is_regularized', False):
            note.learning['regularizer'] = str(module.regularizer_details)
    return note


def _state(module: Module) -> str:
    flags = {parameter.is_frozen for parameter in module.parameter_list} or {module.is_frozen}
    return MIXED if len(flags) == 2 else FROZEN if True in flags else UNFROZEN


def _statistics_state(module: Module) -> str:
    switch = getattr(module, 'freeze_statistics', None)
    frozen = module.is_frozen if switch is None else switch
    if frozen:
        return 'frozen'
    return 'at rest' if getattr(module, 'mode', 'train') == 'test' else 'moving'


def _parameter_note(name: str, parameter: Data, seen: set[int], histograms: bool) -> ParameterNote:
    note = ParameterNote(name, parameter.ID, parameter.shape, math.prod(parameter.shape), parameter.is_frozen,
                         is_shared=id(parameter) in seen,
                         bytes=0 if parameter.val is None else int(parameter.val.nbytes))
    seen.add(id(parameter))
    if histograms and parameter.val is not None and parameter.val.size:
        values = np.asarray(to_host(parameter.val), dtype=np.float64).ravel()
        note.statistics = {'minimum': float(values.min()), 'maximum': float(values.max()),
                           'mean': float(values.mean()), 'deviation': float(values.std())}
        if np.isfinite(values).all():
            note.histogram = np.histogram(values, bins=BINS)[0].tolist()
    return note


def _learning(data: Data) -> dict[str, str]:
    return {'optimizer': str(data._optimizer_details.get('optimizer_name', '')),
            'learning rate': f'{data.learning_rate:g}'}


def root_mean_square(*arrays: Any) -> float:
    """The root of the mean of all squares, computed where the arrays are."""
    total, count = 0.0, 0
    for array in arrays:
        if array is not None and array.size and array.dtype.kind in 'fiub':
            total += float((array.astype('float64') ** 2).sum())
            count += array.size
    return math.sqrt(total / count) if count else 0.0


def settings_of(module: Module) -> dict[str, str]:
    """The constructor's options, in words: those that differ from their defaults, and those that tell most."""
    given, signature = arguments_of(module), inspect.signature(type(module).__init__)
    told = {}
    for name, parameter in signature.parameters.items():
        if name in NOT_SETTINGS or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = given.get(name, parameter.default)
        is_default = value is parameter.default or (type(value) is type(parameter.default)
                                                    and not hasattr(value, 'dtype') and value == parameter.default)
        if value is not parameter.empty and value is not None and (not is_default or name in ALWAYS_TOLD):
            told[name] = _in_words(value, '×' if name in SIZES else ', ')
    return told


def arguments_of(module: Module) -> dict[str, Any]:
    """What makes the module, by name; nothing where its constructor does not take what it was given."""
    try:
        return module._arguments()
    except (AttributeError, TypeError):
        return {}


def _in_words(value: Any, joint: str) -> str:
    if isinstance(value, tuple | list) and all(isinstance(item, int) for item in value):
        return joint.join(map(str, value)) if value else '()'
    if isinstance(value, float):
        return f'{value:g}'
    if hasattr(value, 'shape') and hasattr(value, 'dtype'):
        return f'array {tuple(value.shape)}'
    text = str(value) if isinstance(value, int | str | bool) else repr(value)
    return text if len(text) <= 40 else text[:39] + '…'


def operations_of(module: Module) -> int:
    """Multiplications and additions of a forward pass for one example, as pairs: each entry of a filter at every
    position, each entry of a matrix for every row (a bias, of one row, counts no more); one for each output where
    nothing is learnt. An estimate."""
    shape = module.output.shape
    total = 0
    for parameter in module.parameter_list:
        sizes = parameter.shape
        if len(sizes) >= 3 and sum(n > 1 for n in sizes) > 1:
            total += math.prod(sizes) * math.prod(shape[2:])
        elif len(sizes) == 2 and sizes[0] > 1:
            total += math.prod(sizes) * math.prod(shape[1:-1])
    return total or math.prod(shape[1:]) if shape else total
