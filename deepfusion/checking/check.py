"""The three ways to check: one tensor of a net, a whole net, one module."""

import time
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion.checking.alone import LOCAL, check_alone
from deepfusion.checking.report import Fault, GradCheckReport, TensorReport
from deepfusion.checking.shadow import isolate, shadow_net, undisturbed
from deepfusion.checking.subject import Subject, module_subject, net_subject
from deepfusion.checking.tensors import Options, check_jointly, check_tensor, error_curve
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import GraphError, MissingValueError, NodeTypeError, OptionError
from deepfusion.utils.backend import as_array
from deepfusion.utils.names import look_up

if TYPE_CHECKING:
    from deepfusion.components.net import Net

METHODS = ('auto', 'full', 'directional', 'taylor', 'complex')
FULL_UP_TO = 500            # entries in all that 'auto' checks one by one
MOST_CURVES = 3             # tensors that are not right whose errors are measured at many steps


def check_one(net: 'Net', data_obj: Any, options: Options) -> GradCheckReport:
    """One Data of a net, or one of its parameters."""
    start = time.perf_counter()
    nodes = _nodes(net)
    data = _find(net, data_obj, nodes)
    with undisturbed([*nodes, *net.parameters()]):
        twin = shadow_net(net)
        partner = dict(zip([*nodes, *net.parameters()], [*_nodes(twin), *twin.parameters()], strict=True))[data]
        _refuse_unmovable(net, data, twin)
        subject = net_subject(twin, [partner], options.seed)
        report = GradCheckReport(f"'{data.ID}' in net '{net.ID}'", [], method=options.method, seed=options.seed)
        try:
            subject.differentiate()
            report.tensors = [check_tensor(subject, tensor, options) for tensor in subject.tensors]
        except Exception as error:
            _blame_backward(report, subject, error, options)
        if not report.passed and not report.faults:
            _locate(report, subject, options)
    report.seconds = time.perf_counter() - start
    return report


def check_whole(net: 'Net', wrt: Sequence[Any] | None, options: Options, conduct: bool) -> GradCheckReport:
    """Every leaf and parameter of a net, or those chosen; and every module by itself."""
    start = time.perf_counter()
    nodes = _nodes(net)
    chosen = None if wrt is None else [_find(net, item, nodes) for item in wrt]
    with undisturbed([*nodes, *net.parameters()]):
        twin = shadow_net(net)
        partners = dict(zip([*nodes, *net.parameters()], [*_nodes(twin), *twin.parameters()], strict=True))
        twin.forward()
        subject = net_subject(twin, None if chosen is None else [partners[data] for data in chosen], options.seed)
        options = replace(options, method=_method(options, subject))
        report = GradCheckReport(f"net '{net.ID}'", [], method=options.method, seed=options.seed)
        try:
            subject.differentiate()
        except Exception as error:
            _blame_backward(report, subject, error, options)
        else:
            subject.leave_out_indices()
            _locate(report, subject, options, conduct)
            _check_tensors(report, subject, options)
            if not report.passed and not report.faults:
                _locate(report, subject, options, False, entries=32)
    report.seconds = time.perf_counter() - start
    return report


def check_single(module: Module, values: Sequence[Any] | None, batch: int, options: Options, conduct: bool
                 ) -> GradCheckReport:
    """One module by itself, on the values given, those in its inputs, or random ones."""
    start = time.perf_counter()
    if not isinstance(module, Module):
        raise NodeTypeError(f'check_module: expected a module; found {type(module).__name__}. '
                            'Pass the module itself, e.g. net.get_node(ID).')
    if not isinstance(batch, Integral) or batch < 1:
        raise OptionError(f'check_module: expected batch to be a whole number above 0; found {batch!r}.')
    with undisturbed([*module.inputs, *module.parameter_list]):
        twin = isolate(module)
        _fill(twin, values, batch, options.seed)
        subject = module_subject(isolate(twin), options.seed)       # refuses what forward refuses
        count = sum(int(tensor.data.val.size) for tensor in subject.tensors)
        method = ('full' if count <= FULL_UP_TO else 'directional') if options.method == 'auto' else options.method
        options = replace(options, method=method)
        if method == 'directional':
            options = replace(options, entries=4 if options.entries is None else options.entries)
        report = GradCheckReport(repr(module), [], method=method, seed=options.seed, modules_checked=1)
        report.tensors, report.faults = check_alone(twin, options, conduct)
        _add_curves(report, subject, options)
    report.seconds = time.perf_counter() - start
    return report


# -- Parts ------------------------------------------------------------------------------------------------------------

def _check_tensors(report: GradCheckReport, subject: Subject, options: Options) -> None:
    single = options
    if options.method in ('directional', 'taylor') and len(subject.tensors) > 1:
        report.joint = check_jointly(subject, options)
        # All of them have moved: where that is right, entries are left to be looked at.
        single = replace(options, directions=0 if report.joint.verdict == 'ok' else 1)
    report.tensors = [check_tensor(subject, tensor, single) for tensor in subject.tensors]
    _add_curves(report, subject, options)


def _add_curves(report: GradCheckReport, subject: Subject, options: Options) -> None:
    """For the plot, errors at many steps of the first few tensors that are not right."""
    tensors = {tensor.data.ID: tensor for tensor in subject.tensors}
    worst = [found for found in report.tensors if found.verdict != 'ok']
    for found in worst[:MOST_CURVES]:
        found.curve = error_curve(subject, tensors[found.ID], found, options)


def _locate(report: GradCheckReport, subject: Subject, options: Options, conduct: bool = True, entries: int = 0
            ) -> None:
    """Check every module by itself, on its own inputs, those nearest to the losses first."""
    local = replace(LOCAL, seed=options.seed, tolerance=options.tolerance, entries=entries)
    is_quick = entries == 0
    report.modules_checked = len(subject.modules)
    for module in reversed(subject.modules):
        report.faults += check_alone(isolate(module), local, conduct, is_quick)[1]


def _blame_backward(report: GradCheckReport, subject: Subject, error: Exception, options: Options) -> None:
    _locate(report, subject, options)
    note = f'backward stopped with {type(error).__name__}: {error}'
    report.tensors = [TensorReport(tensor.data.ID, tensor.role, tuple(tensor.data.val.shape), verdict='wrong',
                                   note=note) for tensor in subject.tensors]
    if not report.faults:
        report.faults.append(Fault(getattr(subject.net, 'ID', ''), 'Net', 'raises', 'backward', note))


def _method(options: Options, subject: Subject) -> str:
    if options.method != 'auto':
        return options.method
    count = sum(int(tensor.data.val.size) for tensor in subject.tensors)
    return 'full' if count <= FULL_UP_TO else 'directional'


def _nodes(net: 'Net') -> list[Data]:
    if not hasattr(net, 'topological_order'):
        fix = 'Use check_module for a module.' if isinstance(net, Module) else 'Make a Net of what is to be checked.'
        raise NodeTypeError(f'Gradient checking: expected a net; found {net!r:.60}. {fix}')
    return [node for node in net.topological_order if isinstance(node, Data)]


def _find(net: 'Net', item: Any, nodes: list[Data]) -> Data:
    known = {data.ID: data for data in [*nodes, *net.parameters()]}
    if isinstance(item, str):
        return look_up(item, known, f"Data or parameter of net '{net.ID}'")
    if not isinstance(item, Data):
        raise NodeTypeError(f"Net '{net.ID}': expected a Data or a parameter to check; found {type(item).__name__}. "
                            'Pass the Data itself, or its ID.')
    if not any(item is data for data in known.values()):
        raise GraphError(f"Net '{net.ID}': expected a Data or a parameter of the net to check; found '{item.ID}', "
                         'which is none of them. See net.topological_order and net.parameters().')
    return item


def _refuse_unmovable(net: 'Net', data: Data, twin: 'Net') -> None:
    twin.forward()
    if data.val is not None and data.val.dtype.kind != 'f':
        raise OptionError(f"Net '{net.ID}': expected a Data of floats to check; '{data.ID}' holds {data.val.dtype}. "
                          'Integers and booleans have no derivative.')


def _fill(module: Module, values: Sequence[Any] | None, batch: int, seed: int) -> None:
    """Put values into the inputs of an isolated module."""
    rng = np.random.default_rng([seed, 7])
    if values is not None:
        if len(values) != len(module.inputs):
            raise OptionError(f'{module!r}: expected {len(module.inputs)} values, one for each input; '
                              f'found {len(values)}.')
        for data, value in zip(module.inputs, values, strict=True):
            data.val = value
    for i, data in enumerate(module.inputs):
        if data.val is not None:
            continue
        if i in module.index_inputs:
            raise MissingValueError(f"{module!r}: expected a value in input {i} ('{data.ID}'), which may be an index "
                                    'or a mask; found none. Pass inputs=[...] with a value for every input.')
        shape = (batch, *data.shape[1:]) if data.shape[:1] == (1,) else data.shape
        data.val = as_array(rng.standard_normal(shape))
    for parameter in module.parameter_list:
        if parameter.val is None:
            raise MissingValueError(f"{module!r}: expected a value in parameter '{parameter.ID}'; found none.")
