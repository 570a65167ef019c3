"""Mistakes with arrays: types, shapes, the order of memory, a single example."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from deepfusion.checking.report import Fault
from deepfusion.checking.trial import Outcome, Trial, roles
from deepfusion.components.modules.module import Module
from deepfusion.utils.backend import array_module, use_precision

Array = Any
Raw = list[tuple[str, Any, tuple[int, ...]]]


def recorded(module: Module) -> Raw:
    """Have a module note what `differentiate` returns: role, derivative, and the value's shape."""
    raw: Raw = []
    differentiate = module.differentiate

    def noting(xp: Any, deriv: Array, *saved: Any) -> Any:
        raw.clear()
        result = differentiate(xp, deriv, *saved)
        with suppress(TypeError, ValueError, KeyError, AttributeError):     # what is no such pair `backward` refuses
            inputs, parameters = result
            found = [(f'input {i}', d, data) for i, (d, data) in enumerate(zip(inputs, module.inputs, strict=True))]
            found += [(f'parameter {name}', d, module.parameter_lookup[name]) for name, d in parameters.items()]
            raw.extend((role, d, data.val.shape) for role, d, data in found if hasattr(d, 'dtype'))
        return result

    vars(module)['differentiate'] = noting
    return raw


def _types(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    yield from wrong_types(trial, first, trial.raw, 'float64')
    with use_precision('float32'):
        module = trial.fresh(precision='float32')
        raw = recorded(module)
        trial.run(module)
        yield from wrong_types(trial, module, raw, 'float32')


def wrong_types(trial: Trial, module: Module, raw: Raw, precision: str) -> Iterator[Fault]:
    """Types and shapes that are not those of the values."""
    value = module.output.val
    if value.dtype.kind == 'f' and value.dtype != precision:
        yield trial.fault('dtype', 'output', f'the value is {value.dtype} where the inputs are {precision}')
    standing = [(role, data._deriv, data.val.shape) for role, data in roles(module).items() if data._deriv is not None]
    for role, deriv, shape in raw + standing:
        if deriv.dtype != precision:
            yield trial.fault('dtype', role, f'the derivative is {deriv.dtype} where the values are {precision}')
            return
        if not _repeats(tuple(deriv.shape), shape):
            yield trial.fault('shape', role, f'the derivative has shape {tuple(deriv.shape)}; the value has {shape}')
            return


def _repeats(shape: tuple[int, ...], of: tuple[int, ...]) -> bool:
    """Whether a value of shape `of`, repeated, has this shape."""
    try:
        return np.broadcast_shapes(shape, of) == shape
    except ValueError:
        return False


def _batch_of_one(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    if trial.batch == 1:
        return
    from deepfusion.checking.alone import wrong_roles
    module = trial.fresh()
    for data, value in zip(module.inputs, trial.with_batch(1), strict=True):
        data.val = value
    for role, words in wrong_roles(module, trial.seed):
        yield trial.fault('batch of 1', role, f'for one example {words}')


def _memory(trial: Trial, first: Module, expected: Outcome) -> Iterator[Fault]:
    if not _differs(trial, lambda value: _channels_last(_every_other(value)), expected):
        return
    for what, lay in (('not contiguous', _every_other), ('channels-last', _channels_last)):
        differing = _differs(trial, lay, expected)
        if differing:
            yield trial.fault('memory', ', '.join(differing), f'the result is another when the arrays are {what} in '
                              'memory; do not rely on strides, nor on views that reshape may copy')
            return
    yield trial.fault('memory', 'passes', 'the result is another when the arrays are channels-last and not contiguous')


def _differs(trial: Trial, lay: Callable[[Array], Array], expected: Outcome) -> list[str]:
    module = trial.fresh()
    trial.forward(module, [lay(data.val) for data in trial.module.inputs])
    return trial.differing(trial.backward(module, weight=lay(trial.weight(module.output.val.shape))), expected)


def _every_other(value: Array) -> Array:
    """The same numbers in a view that skips every other place of the first axis in memory."""
    if not value.ndim:
        return value
    wide = array_module(value).zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
    wide[..., ::2] = value
    return wide[..., ::2]


def _channels_last(value: Array) -> Array:
    """The same numbers with axis 1 last in memory; views that skip go on skipping."""
    if value.ndim < 2:
        return value
    xp = array_module(value)
    moved = xp.moveaxis(value, 1, -1)
    if value.strides[-1] > value.itemsize:
        return xp.moveaxis(_every_other(moved), -1, 1)
    return xp.moveaxis(xp.ascontiguousarray(moved), -1, 1)


ARRAY_CHECKS: dict[str, Callable[[Trial, Module, Outcome], Iterator[Fault]]] = {
    'shape': _types, 'batch of 1': _batch_of_one, 'memory': _memory,
}
