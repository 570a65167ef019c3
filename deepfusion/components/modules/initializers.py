"""How parameters start: a table of named initializers. Numbers come from NumPy's global generator."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfusion.errors import OptionError
from deepfusion.functional.broadcasting import broadcast_shape
from deepfusion.utils.names import look_up

Initializer = Callable[[tuple[int, ...], int, int], np.ndarray]


def initial_value(init: Any, shape: tuple[int, ...], fan_in: int, fan_out: int, what: str = 'A parameter'
                  ) -> np.ndarray:
    """The starting value of a parameter.

    Args:
        init: Name of an initializer, a number (every entry), an array, or a function of the shape.
        shape: Shape of the parameter.
        fan_in: Number of inputs that one output sums over.
        fan_out: Number of outputs that one input reaches.
        what: Whose value, for the error.

    | name | draws |
    |---|---|
    | Zero, One | constants |
    | Random | 0.01 N(0, 1) |
    | Normal | N(0, 1) |
    | Xavier | N(0, 1 / fan_in) |
    | He | N(0, 2 / fan_in) |
    | Sparse | a tenth of the entries (of each filter) 0.01 N(0, 1), the others 0 |
    | XavierUniform | U(-a, a), a = sqrt(6 / (fan_in + fan_out)); Glorot and Bengio 2010 |
    | KaimingUniform | U(-a, a), a = sqrt(6 / fan_in); He et al. 2015, for ReLU |
    | FanInUniform | U(-a, a), a = 1 / sqrt(fan_in); PyTorch's default for linear and convolution layers |
    """
    if isinstance(init, str):
        return look_up(init, INITIALIZERS, 'initializer')(shape, fan_in, fan_out)
    if callable(init):
        return np.asarray(init(shape))
    try:
        value = np.asarray(init, dtype=float)
    except (TypeError, ValueError):
        value = np.array(np.nan)
    if not np.isfinite(value).all() or broadcast_shape(value.shape, shape) != shape:
        raise OptionError(f'{what}: expected to start at a number, or at an array of numbers of shape {shape}; '
                          f'found {init!r:.60}. Give one of them, or the name of an initializer.')
    return np.broadcast_to(value, shape).copy()


def _uniform(bound: float, shape: tuple[int, ...]) -> np.ndarray:
    return (2 * np.random.rand(*shape) - 1) * bound


def _sparse(shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    if len(shape) <= 2:
        return _sparse_tensor(shape)
    return np.stack([_sparse_tensor(shape[1:]) for _ in range(shape[0])])   # 0.0.3 draws filter by filter


def _sparse_tensor(shape: tuple[int, ...]) -> np.ndarray:
    weights = np.zeros(shape)
    count = int(weights.size * 0.1)
    places = np.random.choice(weights.size, count, replace=False)
    weights.flat[places] = 0.01 * np.random.randn(count)
    return weights


INITIALIZERS: dict[str, Initializer] = {
    'Zero': lambda shape, fan_in, fan_out: np.zeros(shape),
    'One': lambda shape, fan_in, fan_out: np.ones(shape),
    'Random': lambda shape, fan_in, fan_out: np.random.randn(*shape) * 0.01,
    'Normal': lambda shape, fan_in, fan_out: np.random.randn(*shape),
    'Xavier': lambda shape, fan_in, fan_out: np.random.randn(*shape) * np.sqrt(1 / fan_in),
    'He': lambda shape, fan_in, fan_out: np.random.randn(*shape) * np.sqrt(2 / fan_in),
    'Sparse': _sparse,
    'XavierUniform': lambda shape, fan_in, fan_out: _uniform(np.sqrt(6 / (fan_in + fan_out)), shape),
    'KaimingUniform': lambda shape, fan_in, fan_out: _uniform(np.sqrt(6 / fan_in), shape),
    'FanInUniform': lambda shape, fan_in, fan_out: _uniform(np.sqrt(1 / fan_in), shape),
}
