"""Complex steps: derivatives without differences, where every module on the path is made of analytic functions.

`Im f(x + i h v) / h` has neither truncation nor rounding error for h = 1e-20. A module takes part when it uses the
base class's `compute`, keeps complex numbers complex, and agrees with real differences along a random direction.
Reference: Squire and Trapp, SIAM Review 40 (1998).
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepfusion.checking.numeric import Scale, compare
from deepfusion.checking.subject import Subject, Tensor
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.utils.backend import array_module

Array = Any
Index = tuple[int, ...]
TINY = 1e-20


def complex_slopes(subject: Subject, tensor: Tensor, indices: Sequence[Index]) -> list[float] | None:
    """The derivatives of the sum of the roots by some entries; None where a module does not allow it."""
    if any(type(module).forward is not Module.forward for module in tensor.below):
        return None
    base = subject.values[tensor.data]
    rng = subject.rng
    direction = tensor.scale * subject.normal(tensor.data, rng)
    try:
        slope = _slope(subject, tensor, direction)
        if not math.isfinite(slope):
            return None
        tried = compare(subject.line({tensor: direction}), slope, 1e-6, Scale(1e-5, abs(slope), 0.0))
        if tried.verdict not in ('ok', 'kink'):
            return None
        slopes = []
        for index in indices:
            unit = array_module(base).zeros(base.shape)
            unit[index] = 1.0
            slopes.append(_slope(subject, tensor, unit))
        return slopes
    except Exception:       # whatever a module answers to complex numbers, it does not allow them
        return None


def _slope(subject: Subject, tensor: Tensor, direction: Array) -> float:
    base = subject.values[tensor.data]
    changed: list[Data] = [tensor.data, *(module.output for module in tensor.below)]
    try:
        tensor.data.set_result(subject.moved(tensor.data, base, (1j * TINY) * direction))
        for module in tensor.below:
            _forward(subject, module)
        total = 0.0
        for root, w in zip(subject.roots, subject.weights, strict=True):
            y = root.val
            if y.dtype.kind == 'c':
                total += float((w * y.imag).sum())
        return total / TINY
    finally:
        for data in changed:
            data.set_result(subject.values[data])


def _forward(subject: Subject, module: Module) -> None:
    subject.replay.prepare(module)
    values = [data.val if data.val.dtype.kind in 'fc' or i in module.index_inputs else data.val.astype(float)
              for i, data in enumerate(module.inputs)]
    with warnings.catch_warnings():
        warnings.simplefilter('error', np.exceptions.ComplexWarning)
        value, _ = module.compute(array_module(values[0]), *values)
    module.output.set_result(value)
