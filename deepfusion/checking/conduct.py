"""The mistakes that gradients do not show: how a module treats arrays, state, memory, batches and modes.

| kind | what is wrong |
|---|---|
| raises | a pass stops with an error |
| writes | a pass changes a value, the output's derivative or a parameter |
| random | two evaluations at one point differ, though NumPy's generator was set alike |
| repeat | a second backward adds something else: the first one changed what forward had kept |
| overwrites | backward replaces what stands in a derivative instead of adding to it |
| leftover | the result depends on an earlier pass, batch size or mode |
| alias | `forward` hands its input on as its output |
| shape, dtype | a derivative or value has the wrong shape or type |
| no gradient | a parameter never receives a derivative; or a Data that should learn is not among the parameters |
| batch of 1 | wrong for one example |
| memory | wrong for arrays that are not contiguous, or lie channels-last |
| same Data twice | wrong where two inputs are one Data |
| test mode, train mode | wrong in the mode that the module is not in |
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deepfusion.checking.layouts import ARRAY_CHECKS, recorded, wrong_types
from deepfusion.checking.report import Fault
from deepfusion.checking.trial import Outcome, Trial, roles
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import DeepFusionError
from deepfusion.utils.backend import array_module, as_array, to_host

Array = Any
GENERATORS = (np.random.Generator, np.random.RandomState)


def check_conduct(trial: Trial) -> list[Fault]:
    """All mistakes of these kinds that a module makes; it has inputs on which forward runs."""
    faults: list[Fault] = []
    first = trial.fresh()
    trial.raw = recorded(first)
    try:
        expected = trial.run(first)
    except Exception as error:
        shapes = list(wrong_types(trial, first, trial.raw, 'float64'))
        return shapes or [trial.fault('raises', 'backward', f'it stops with {type(error).__name__}: {error}')]
    for name, check in CHECKS.items():
        try:
            faults += check(trial, first, expected)
        except Exception as error:
            refused = isinstance(error, DeepFusionError) and name in MAY_BE_REFUSED
            if not refused:
                kind = 'raises' if name == 'shape' else name
                words = f'{WHEN[name]} it stops with {type(error).__name__}: {error}'
                faults.append(trial.fault(kind, 'passes', words))
        if name == 'writes':
            if faults:
                break           # chance, or changed arrays, would show again in all that follows
            trial.share = True
    return faults


def names(differing: list[str]) -> str:
    """Roles, in words."""
    return ', '.join(differing)


# -- One after the other; the cheap run comes first, what explains a difference only when there is one ----------------

def _writes(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    module = trial.fresh()
    nodes = {f'the value of {role}': data for role, data in roles(module).items()}
    before = {what: np.array(to_host(data.val)) for what, data in nodes.items()}
    trial.forward(module)
    changed = [what for what, data in nodes.items() if not _equal(data.val, before[what])]
    if changed:
        yield trial.fault('writes', 'forward', f'it changes {names(changed)}; work on a copy')
        return
    output = np.array(to_host(module.output.val))
    weight = trial.weight(output.shape)
    kept = np.array(to_host(weight))
    found = trial.backward(module, weight=weight)
    changed = [what for what, data in nodes.items() if not _equal(data.val, before[what])]
    if not _equal(module.output.val, output):
        changed.append("the output's value")
    if not _equal(weight, kept) or not _equal(module.output.deriv, kept):
        changed.append("the output's derivative")
    if changed:
        yield trial.fault('writes', 'backward', f'it changes {names(changed)}; work on a copy')
    else:
        yield from _random(trial, trial.differing(found, expected))


def _random(trial: Trial, differing: list[str]) -> Iterator[Fault]:
    if differing:
        yield trial.fault('random', names(differing), 'two evaluations at the same point differ, though '
                          "np.random.seed was called alike before both; draw random numbers from NumPy's global "
                          'generator (deepfusion.functional.random)')


def _repeat(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    first.clear_grads()
    differing = trial.differing(trial.backward(first), expected)
    if differing:
        yield trial.fault('repeat', names(differing), 'a second backward after the same forward gives another '
                          'derivative: the first one changed what forward had kept')


def _overwrites(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    start = {role: _other(trial, expected.derivs[role]) for role in expected.received}
    trial.forward(first)
    found = trial.backward(first, start)
    added = {role: np.asarray(to_host(start[role])) + expected.derivs[role] for role in start}
    if all(trial.same(found.derivs[role], total, role) for role, total in added.items()) \
            and trial.same(found.value, expected.value):
        return
    again = trial.run(first)
    differing = trial.differing(again, expected)
    if differing and any(isinstance(value, GENERATORS) for value in vars(first).values()):
        yield from _random(trial, differing)
    elif differing:
        yield trial.fault('leftover', names(differing), 'the same pass a second time gives another result: something '
                          'is left over from the first one')
    else:
        replaced = [role for role, total in added.items() if not trial.same(found.derivs[role], total, role)]
        yield trial.fault('overwrites', names(replaced), 'backward does not add to the derivative that stands there: '
                          'what another module gave is lost where a Data feeds two; write `deriv += ...`')


def _leftover(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    given = [data.val for data in trial.module.inputs]
    others = {'an earlier pass': [v + 1 if v.dtype.kind == 'f' else v for v in trial.with_batch(trial.batch + 1)],
              'an earlier pass with other values': [v + 1 if v.dtype.kind == 'f' else v for v in given]}
    for what, values in others.items():
        module = trial.fresh()
        try:
            trial.run(module, values)
        except DeepFusionError:
            continue            # it refuses such inputs
        differing = trial.differing(trial.run(module, [value.copy() for value in given]), expected)
        if differing:
            yield trial.fault('leftover', names(differing), f'the result depends on {what}, of another batch size or '
                              'other values: something is kept that every forward should make anew')
        break
    if trial.module.different_at_train_test:
        yield from _leftover_of_mode(trial, expected)


def _leftover_of_mode(trial: Trial, expected: Outcome) -> Iterator[Fault]:
    module = trial.fresh()
    mode = module.mode
    module.set_mode('test' if mode == 'train' else 'train')
    trial.run(module)
    module.set_mode(mode)
    differing = trial.differing(trial.run(module), expected)
    if differing:
        yield trial.fault('leftover', names(differing), 'the result depends on an earlier pass in the other mode')


def _alias(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    if type(trial.module).forward is Module.forward:
        return                  # what compute gives may be its argument: the base class never writes into it
    for i, data in enumerate(first.inputs):
        if first.output.val.shape == data.val.shape and _share_memory(first.output.val, data.val):
            yield trial.fault('alias', f'input {i}', "the output's value is the input's own array, so whoever changes "
                              'one changes both; give the output a copy')


def _gives_gradients(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    listed = [*first.inputs, first.output]
    for name, value in vars(first).items():
        if isinstance(value, Data) and not (value.is_frozen or value._is_parameter or value in listed):
            yield trial.fault('no gradient', f'attribute {name}', 'it is a Data to learn that no `parameter_list` '
                              'holds, so nothing updates, saves or counts it; declare it with add_parameter')
    silent = [role for role in expected.derivs if role.startswith('parameter') and role not in expected.received]
    rng = np.random.default_rng([trial.seed, 9])
    for _ in range(2 if silent else 0):
        module = trial.fresh()
        for data in roles(module).values():
            scale = float(np.sqrt(np.mean(to_host(data.val) ** 2))) or 1.0
            data.val = to_host(data.val) + scale * rng.standard_normal(data.val.shape)
        found = trial.run(module)
        silent = [role for role in silent if role not in found.received]
    for role in silent:
        yield trial.fault('no gradient', role, 'it never receives a derivative, whatever the inputs: backward leaves '
                          'it out, or forward does not use it')


def _same_twice(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    inputs = trial.module.inputs
    for i in range(1, len(inputs)):
        one, other = inputs[0], inputs[i]
        if one is other or not all(d.val.dtype.kind == 'f' for d in (one, other)) \
                or one.val.shape != other.val.shape or {0, i} & set(trial.module.index_inputs):
            continue
        apart = trial.run(trial.fresh(), [one.val if k == i else d.val for k, d in enumerate(inputs)])
        together = trial.run(trial.fresh(same=(0, i)))
        total = apart.derivs['input 0'] + apart.derivs[f'input {i}']
        if not trial.same(together.derivs['input 0'], total, 'input 0'):
            yield trial.fault('same Data twice', f'inputs 0 and {i}', 'where both are the same Data its derivative is '
                              'not the sum of the two; add to `deriv`, once for each')
            return


# -- Helpers ----------------------------------------------------------------------------------------------------------

def _equal(array: Array, expected: np.ndarray) -> bool:
    return np.array_equal(to_host(array), expected, equal_nan=array.dtype.kind == 'f')


def _share_memory(first: Array, second: Array) -> bool:
    xp = array_module(first)
    return bool(xp.may_share_memory(first, second)) if hasattr(xp, 'may_share_memory') else first is second


def _other(trial: Trial, deriv: np.ndarray) -> Array:
    """Something that may stand in a derivative already, of its size."""
    size = float(abs(deriv[np.isfinite(deriv)]).max(initial=0)) or 1.0
    return as_array(size * np.random.default_rng([trial.seed, 3]).standard_normal(deriv.shape))


CHECKS: dict[str, Callable[[Trial, Module, Outcome], Iterator[Fault]]] = {
    'writes': _writes, 'alias': _alias, 'repeat': _repeat, 'overwrites': _overwrites, 'leftover': _leftover,
    'no gradient': _gives_gradients, **ARRAY_CHECKS, 'same Data twice': _same_twice,
}
WHEN = {
    'writes': 'run a second time', 'alias': 'run a second time', 'repeat': 'at a second backward',
    'overwrites': 'where a derivative stands already', 'leftover': 'after another pass',
    'no gradient': 'at other values', 'shape': 'in float32', 'batch of 1': 'for one example',
    'memory': 'on arrays that are not contiguous', 'same Data twice': 'where two inputs are one Data',
}
MAY_BE_REFUSED = ('batch of 1', 'same Data twice', 'no gradient')
