"""One module by itself: its derivatives on its own inputs, from a random derivative of its output, and its conduct."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from deepfusion.checking.conduct import check_conduct
from deepfusion.checking.report import Fault, TensorReport
from deepfusion.checking.shadow import isolate
from deepfusion.checking.subject import Subject, Tensor, module_subject
from deepfusion.checking.tensors import INFINITE, Options, are_right_together, check_tensor
from deepfusion.checking.trial import Trial
from deepfusion.components.modules.module import Module
from deepfusion.errors import DeepFusionError

# Directions catch any error; entries give a place to look at, once something is known to be wrong.
LOCAL = Options(method='directional', directions=2, entries=0)
NUDGES = (1e-2, 0.1, 0.5)       # of a tensor's scale: ways off kinks, and off points where everything is 0
PLACES = 16                     # entries that are looked at where a direction shows a mistake
CONSEQUENCES = ('batch of 1', 'no gradient')


def check_alone(module: Module, options: Options, conduct: bool = True, is_quick: bool = False
                ) -> tuple[list[TensorReport], list[Fault]]:
    """Check an isolated module whose inputs have values.

    Args:
        module: What to check.
        options: How.
        conduct: Look for the mistakes that gradients do not show, too.
        is_quick: Report on single tensors only where a look at all of them together shows something.
    """
    trial = Trial(module, options.seed)
    faults = check_conduct(trial) if conduct else []
    if any(fault.kind in ('raises', 'random', 'shape') for fault in faults):
        return _unchecked(module, faults), faults
    try:
        reports = _check(trial.fresh(), options, is_quick)
    except Exception as error:
        faults.append(trial.fault('raises', 'passes', f'a pass stops with {type(error).__name__}: {error}'))
        return _unchecked(module, faults), faults
    wrong = _gradient_faults(trial, reports)
    # What a wrong derivative brings with it is not told again.
    parts = {fault.part for fault in wrong}
    faults = wrong + [fault for fault in faults if not (fault.part in parts and fault.kind in CONSEQUENCES)]
    if module.different_at_train_test and conduct:
        faults += _other_mode(trial, options, faults)
    return reports, faults


def _local(options: Options) -> Options:
    return replace(LOCAL, seed=options.seed, tolerance=options.tolerance)


def _unchecked(module: Module, faults: list[Fault]) -> list[TensorReport]:
    found = [(data, f'input {i}') for i, data in enumerate(module.inputs)]
    found += [(data, f'parameter {name}') for name, data in module.parameter_lookup.items()]
    return [TensorReport(data.ID, role, tuple(data.val.shape), verdict='wrong', note=faults[-1].message)
            for data, role in found if data.val.dtype.kind == 'f']


def _check(module: Module, options: Options, is_quick: bool = True) -> list[TensorReport]:
    """Every tensor of a module; where its point decides nothing, nearby points do."""
    subject = module_subject(module, options.seed)
    subject.differentiate()
    subject.leave_out_indices()
    if is_quick and are_right_together(subject, _local(options)):
        return []
    reports = [_check_with_place(subject, tensor, options) for tensor in subject.tensors]
    open_cases = [(k, t) for k, t in enumerate(subject.tensors) if _needs_another_point(reports[k], options)]
    for _ in _other_points(subject, options.seed) if open_cases else ():
        left = []
        for k, tensor in open_cases:
            there = _check_with_place(subject, tensor, _local(options))
            reports[k] = _joined(reports[k], there)
            if _needs_another_point(there, options):
                left.append((k, tensor))
        open_cases = left
        if not open_cases:
            break
    return reports


def _other_points(subject: Subject, seed: int) -> Iterator[None]:
    """Move a subject to one point after the other: beside its own, then where inputs are random."""
    rng = np.random.default_rng([seed, 11])
    own = {tensor: tensor.data.val for tensor in subject.tensors}
    for share in (*NUDGES, None):
        for tensor, value in own.items():
            tensor.data.val = value
            if share is not None:
                nudge = share * tensor.scale * subject.normal(tensor.data, rng)
                tensor.data.val = subject.moved(tensor.data, value, nudge)
            elif tensor.role.startswith('input'):
                tensor.data.val = subject.normal(tensor.data, rng)
        try:
            subject.settle()
            subject.differentiate()
        except Exception:
            continue                # the module has no value there
        if np.isfinite(subject.size) and subject.is_finite:
            yield


def _check_with_place(subject: Subject, tensor: Tensor, options: Options) -> TensorReport:
    report = check_tensor(subject, tensor, options)
    if report.verdict == 'wrong' and report.index is None:
        return check_tensor(subject, tensor, replace(options, method='directional', entries=PLACES))
    return report


def _needs_another_point(report: TensorReport, options: Options) -> bool:
    # Kinks leave room for mistakes; where every derivative is 0 a missing one would not be seen.
    if report.verdict == 'wrong':
        return report.kinks > 0 or report.index is None
    return report.verdict != 'ok' or report.kinks > 0 or report.is_zero


def _joined(here: TensorReport, there: TensorReport) -> TensorReport:
    """One report from a tensor's own point, which was not clear, and from one beside it."""
    if there.verdict == 'wrong' and (here.verdict != 'wrong' or here.index is None):
        there.note = there.note or 'seen at a point beside the one given'
        return there
    if there.verdict != 'ok' or here.note == INFINITE:
        return here
    if here.verdict == 'wrong' and here.index is None:
        here.verdict = 'kink'       # a direction across many kinks
    elif here.verdict == 'inconclusive' and here.kinks > here.unclear:
        here.note = 'too many entries lie on kinks to pass; at a point beside this one the derivative is right'
    elif here.verdict == 'inconclusive':
        here.verdict, here.note = 'ok', 'settled at a point beside the one given'
    return here


def _gradient_faults(trial: Trial, reports: list[TensorReport], kind: str = 'gradient', when: str = '') -> list[Fault]:
    faults = []
    for report in reports:
        if report.verdict == 'wrong':
            faults.append(trial.fault(kind, report.role, _in_words(report, when)))
    return faults


def _in_words(report: TensorReport, when: str) -> str:
    place = 'along a direction' if report.index is None else f'at {report.index}'
    words = report.note if 'derivative' in report.note else report.diagnosis
    return (f'{when}backward is not the derivative of forward ({words or "no constant factor"}); '
            f'{place} analytic {report.analytic:.6g}, numeric {report.numeric:.6g}')


def _other_mode(trial: Trial, options: Options, known: list[Fault]) -> list[Fault]:
    """The same in the mode that the module is not in."""
    mode = 'test' if trial.module.mode == 'train' else 'train'
    module = isolate(trial.module)
    module.set_mode(mode)
    other = Trial(module, options.seed)
    try:
        reports = _check(other.fresh(), _local(options))
    except DeepFusionError:
        return []
    except Exception as error:
        return [trial.fault(f'{mode} mode', 'passes', f'in {mode} mode it stops with {type(error).__name__}: {error}')]
    parts = {fault.part for fault in known if fault.kind == 'gradient'}
    faults = _gradient_faults(other, reports, f'{mode} mode', f'in {mode} mode ')
    return [fault for fault in faults if fault.part not in parts]


def wrong_roles(module: Module, seed: int) -> Iterator[tuple[str, str]]:
    """The roles whose derivatives are wrong at the present values of an isolated module, and how, in words."""
    for report in _check(module, replace(LOCAL, seed=seed)):
        if report.verdict == 'wrong':
            yield report.role, _in_words(report, '')
