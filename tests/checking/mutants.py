"""Broken backward passes: ways to break any module's `differentiate`, for showing that the checker finds each.

`mutate(module, way)` gives the module, in place, a class whose backward is broken that way; it returns the part that
is wrong, or None where the way does not apply: where it would change nothing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfusion.checking.shadow import isolate
from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from tests.support.cases import run

Parts = dict[str, Any]      # derivatives by part: 'input 0', 'parameter W'
Breaker = Callable[[Module, Any, Any, tuple[Any, ...], Parts, str], Parts | None]


def split(derivs: tuple[tuple[Any, ...], dict[str, Any]]) -> Parts:
    """What `differentiate` returned, by part, without what is None."""
    inputs, parameters = derivs
    return ({f'input {i}': d for i, d in enumerate(inputs) if d is not None}
            | {f'parameter {name}': d for name, d in parameters.items() if d is not None})


def joined(parts: Parts, like: tuple[tuple[Any, ...], dict[str, Any]]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same, in the form that `differentiate` returns."""
    inputs, parameters = like
    return (tuple(parts.get(f'input {i}') for i in range(len(inputs))),
            {name: parts.get(f'parameter {name}') for name in parameters})


# -- The ways ---------------------------------------------------------------------------------------------------------

def factor_two(module, original, xp, saved, parts, part):
    return parts | {part: 2 * parts[part]}


def sign(module, original, xp, saved, parts, part):
    return parts | {part: -parts[part]}


def relative_error(module, original, xp, saved, parts, part):
    return parts | {part: parts[part] * (1 + 1e-3)}


def missing_term(module, original, xp, saved, parts, part):
    """The sum over outputs leaves out the last channel."""
    deriv = parts['deriv']
    if deriv.ndim < 2 or deriv.shape[1] < 2:
        return None
    kept = deriv.copy()
    kept[:, -1] = 0
    return parts | {part: split(original(xp, kept, *saved))[part]}


def only_first_example(module, original, xp, saved, parts, part):
    """The sum over the batch stops after one example."""
    deriv = parts['deriv']
    if not part.startswith('parameter') or deriv.ndim < 2 or len(deriv) < 2:
        return None
    kept = deriv.copy()
    kept[1:] = 0
    return parts | {part: split(original(xp, kept, *saved))[part]}


def transposed_weight(module, original, xp, saved, parts, part):
    """The derivative of the inputs goes through a square weight that is transposed."""
    square = [p for p in module.parameter_list if p.val.ndim >= 2 and p.shape[0] == p.shape[1] > 1]
    if not square or not part.startswith('input'):
        return None
    twin = isolate(module)
    weight = twin.parameter_list[module.parameter_list.index(square[-1])]
    weight._val = np.ascontiguousarray(weight.val.swapaxes(0, 1))
    cls = type(module).__mro__[1]
    _, other = cls.compute(twin, xp, *(data.val for data in module.inputs))
    return parts | {part: split(cls.differentiate(twin, xp, parts['deriv'], *other))[part]}


def missing_mean(module, original, xp, saved, parts, part):
    """The mean over the batch is a sum in backward (losses); a sum over it is a mean (parameters)."""
    batch = max(len(data.val) for data in module.inputs if data.val.ndim)
    if module.output.shape == (1, 1) and part.startswith('input'):
        return parts | {part: parts[part] * batch}
    return parts | {part: parts[part] / batch} if part.startswith('parameter') else None


def wrong_broadcast_axis(module, original, xp, saved, parts, part):
    """A sum over one axis too many, spread again; or two axes of one length exchanged."""
    d = parts[part]
    long = [axis for axis, n in enumerate(d.shape) if n > 1]
    if part.startswith('parameter') and len(long) == 1:
        return parts | {part: np.broadcast_to(d.mean(axis=long[0], keepdims=True), d.shape).copy()}
    pairs = [(i, j) for i in long for j in long if i < j and d.shape[i] == d.shape[j] and i > 0]
    return parts | {part: d.swapaxes(*pairs[-1]).copy()} if pairs else None


def ignored_padding(module, original, xp, saved, parts, part):
    """The derivative of the input stays where it lies in the padded one."""
    if part != 'input 0' or not np.any(getattr(module, 'padding', 0)):
        return None
    d = parts[part]
    shift = int(np.max(module.padding))
    moved = np.zeros_like(d)
    places = tuple(slice(shift, None) for _ in d.shape[2:])
    moved[(..., *places)] = d[(..., *(slice(0, n - shift) for n in d.shape[2:]))]
    return parts | {part: moved}


def ignored_stride(module, original, xp, saved, parts, part):
    """Windows are taken to lie side by side."""
    if part != 'input 0' or not isinstance(getattr(module, 'stride', None), int) or module.stride < 2:
        return None
    if getattr(module, 'padding', 0):
        return None
    cls, (args, kwargs) = type(module).__mro__[1], module._construction
    x = module.inputs[0]
    twin = cls(args[0], [Data('x', x.shape, val=x.val)], **kwargs | {'stride': 1})
    for mine, its in zip(module.parameter_list, twin.parameter_list, strict=True):
        its._val = mine.val
    value, other = cls.compute(twin, xp, x.val)
    deriv = np.zeros_like(value)
    deriv[tuple(slice(0, n) for n in parts['deriv'].shape)] = parts['deriv']
    return parts | {part: split(cls.differentiate(twin, xp, deriv, *other))[part]}


def wrong_mask(module, original, xp, saved, parts, part):
    """What a mask keeps out gets a derivative, and the other way round in one place."""
    d = parts[part]
    if not part.startswith('input') or d.ndim < 2 or not 0.05 < float((d == 0).mean()) < 0.98:
        return None
    return parts | {part: np.roll(d, 1, axis=-1)}


WAYS: dict[str, Breaker] = {
    'factor 2': factor_two, 'sign': sign, 'relative error 1e-3': relative_error, 'missing term': missing_term,
    'first example only': only_first_example, 'transposed weight': transposed_weight, 'missing mean': missing_mean,
    'wrong broadcast axis': wrong_broadcast_axis, 'ignored padding': ignored_padding,
    'ignored stride': ignored_stride, 'wrong mask': wrong_mask,
}
CONDUCT = ('stale cache', 'overwritten', 'writes deriv', 'changes saved')


def broken_class(cls: type[Module], way: str, part: str) -> type[Module]:
    """A subclass whose backward is broken that way, in that part."""
    def differentiate(self: Module, xp: Any, deriv: Any, *saved: Any) -> Any:
        if way == 'stale cache':
            self._first = saved = vars(self).get('_first', saved)
        derivs = cls.differentiate(self, xp, deriv, *saved)
        if way == 'writes deriv':
            deriv *= 0.5
        if way == 'changes saved':
            self._saved = tuple(1.5 * a if is_floating(a) else a for a in saved)
        if way not in WAYS:
            return derivs
        parts = split(derivs)
        if part not in parts:
            return derivs
        parts['deriv'] = deriv
        changed = WAYS[way](self, lambda *a: cls.differentiate(self, *a), xp, saved, parts, part)
        return derivs if changed is None else joined(changed, derivs)

    def backward(self: Module) -> None:
        for data in [*self.inputs, *self.parameter_list]:
            data.clear_grads()
        cls.backward(self)

    members: dict[str, Any] = {'differentiate': differentiate}
    if way == 'overwritten':
        members['backward'] = backward
    return type(f'Broken{cls.__name__}', (cls,), members)


def is_floating(array: Any) -> bool:
    """Whether it is an array of floats with several entries."""
    return isinstance(array, np.ndarray) and array.dtype.kind == 'f' and array.size > 1


def derivatives(module: Module, shift: float = 0.0) -> Parts:
    """All derivatives of a module by part; with a shift, after a pass at other values."""
    values = [np.array(data.val) for data in module.inputs]
    try:
        if shift:
            run(module, [(1 + shift) * v + shift if v.dtype.kind == 'f' else v for v in values])
        found = run(module, values)
    finally:
        for data, value in zip(module.inputs, values, strict=True):
            data.val = value
        vars(module).pop('_first', None)
    return ({f'input {i}': d for i, d in enumerate(found.inputs)}
            | {f'parameter {name}': d for name, d in found.parameters.items()})


def changes(module: Module, way: str, part: str) -> bool:
    """Whether breaking that part that way changes its derivative by more than rounding."""
    cls = type(module)
    shift = 0.3 if way == 'stale cache' else 0.0
    right = derivatives(module, shift)
    module.__class__ = broken_class(cls, way, part)
    try:
        wrong = derivatives(module, shift)
    finally:
        module.__class__ = cls
    changed = np.abs(right[part] - wrong[part]).max(initial=0)
    return bool(changed > 3e-4 * np.abs(right[part]).max(initial=0) > 0)


def repeats_differently(module: Module) -> bool:
    """Whether a second backward with that mistake gives anything else."""
    cls = type(module)
    module.__class__ = broken_class(cls, 'changes saved', '')
    try:
        first = derivatives(module)
        weight = np.asarray(np.random.default_rng(4).standard_normal(module.output.val.shape))
        module.clear_grads()
        for data in module.inputs:
            data.clear_grads()
        module.output.deriv = weight
        module.backward()
        second = {f'input {i}': data.deriv for i, data in enumerate(module.inputs)}
        second |= {f'parameter {name}': p.deriv for name, p in module.parameter_lookup.items()}
    finally:
        module.__class__ = cls
    return any(not np.allclose(first[part], second[part], rtol=3e-4, atol=0) for part in first)


def mutate(module: Module, way: str, seed: int = 0) -> str | None:
    """Break a module whose inputs have values; returns the part that is wrong, 'all' for a mistake of conduct."""
    parts = [f'input {i}' for i, data in enumerate(module.inputs) if data.val.dtype.kind == 'f']
    parts += [f'parameter {name}' for name in module.parameter_lookup]
    cls = type(module)
    if way in CONDUCT:
        applies = {'stale cache': lambda: any(changes(module, way, part) for part in parts),
                   'changes saved': lambda: repeats_differently(module),
                   'overwritten': lambda: True, 'writes deriv': lambda: module.output.shape != (1, 1)}
        derivatives(module)
        if not applies[way]():
            return None
        module.__class__ = broken_class(cls, way, '')
        return 'all'
    for i in np.random.default_rng(seed).permutation(len(parts)):
        if changes(module, way, parts[i]):
            module.__class__ = broken_class(cls, way, parts[i])
            return parts[i]
    return None
