"""Devices and precision: where arrays live and how many bits their numbers have.

Computation follows the data: array functions ask the array they are given for its module
(`array_module(x)`); the current backend and precision only decide what new arrays are made of.
This is the one place that imports CuPy.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from deepfusion.errors import BackendError, DeepFusionError
from deepfusion.utils.names import look_up

Array = Any   # numpy.ndarray, cupy.ndarray, or the tests' strict array


@dataclass(frozen=True)
class Device:
    """An array module, its array type, and the way back to the host."""

    name: str
    xp: Any
    array_type: type
    to_host: Callable[[Array], np.ndarray]


_PRECISIONS: dict[str, type] = {'float32': np.float32, 'float64': np.float64}
_devices: dict[str, Device] = {'cpu': Device('cpu', np, np.ndarray, lambda array: array)}
_modules: dict[type, Any] = {np.ndarray: np}
_scoped_backend: ContextVar[str | None] = ContextVar('deepfusion_backend', default=None)
_scoped_precision: ContextVar[str | None] = ContextVar('deepfusion_precision', default=None)


def register_device(device: Device) -> None:
    """Make a further device known under its name (tests register a strict one)."""
    _devices[device.name] = device
    _modules[device.array_type] = device.xp
    _module_of.cache_clear()


def _load_cupy() -> Device:
    try:
        import cupy
        cupy.cuda.runtime.getDeviceCount()
    except ImportError as error:
        raise BackendError("The 'gpu' backend needs CuPy, which is not installed. "
                           "Install it with pip install 'deepfusion[gpu]' (CUDA 12) or "
                           "'deepfusion[gpu-cuda13]' (CUDA 13).") from error
    except Exception as error:
        raise BackendError(f"The 'gpu' backend found no usable device: {error}. Check the CUDA driver, "
                           "or use the 'cpu' backend.") from error
    return Device('gpu', cupy, cupy.ndarray, cupy.asnumpy)


_loaders: dict[str, Callable[[], Device]] = {'cpu': lambda: _devices['cpu'], 'gpu': _load_cupy}


def get_device(name: str) -> Device:
    """The device of that name, loaded when it is first asked for."""
    if name not in _devices:
        register_device(look_up(name, _loaders, 'backend')())
    return _devices[name]


class Backend:
    """The current backend and precision. Environment variables `DEEPFUSION_BACKEND` and
    `DEEPFUSION_PRECISION` set the defaults ('cpu' and 'float32').

    Example:
        >>> Backend.get_backend(), Backend.get_array_module().__name__
        ('cpu', 'numpy')
    """

    backend: str = os.environ.get('DEEPFUSION_BACKEND', 'cpu')
    precision: str = os.environ.get('DEEPFUSION_PRECISION', 'float32')

    @staticmethod
    def set_backend(backend: str) -> None:
        """Choose where new arrays are made: 'cpu' (NumPy) or 'gpu' (CuPy)."""
        get_device(backend)
        Backend.backend = backend

    @staticmethod
    def get_backend() -> str:
        """The name of the current backend."""
        return _scoped_backend.get() or Backend.backend

    @staticmethod
    def get_array_module() -> Any:
        """The current backend's array module: numpy or cupy."""
        return get_device(Backend.get_backend()).xp

    @staticmethod
    def set_precision(precision: str) -> None:
        """Choose the type of new floating-point arrays: 'float32' or 'float64'."""
        look_up(precision, _PRECISIONS, 'precision')
        Backend.precision = precision

    @staticmethod
    def get_precision() -> str:
        """The name of the current precision."""
        return _scoped_precision.get() or Backend.precision


@contextmanager
def use_backend(backend: str) -> Iterator[None]:
    """Within this scope new arrays are made on `backend`."""
    get_device(backend)
    token = _scoped_backend.set(backend)
    try:
        yield
    finally:
        _scoped_backend.reset(token)


@contextmanager
def use_precision(precision: str) -> Iterator[None]:
    """Within this scope new floating-point arrays have this precision.

    >>> with use_precision('float64'):
    ...     print(Backend.get_precision())
    float64
    """
    look_up(precision, _PRECISIONS, 'precision')
    token = _scoped_precision.set(precision)
    try:
        yield
    finally:
        _scoped_precision.reset(token)


def float_type(precision: str | None = None) -> type:
    """The NumPy type of a precision (the current one when none is named)."""
    name = precision or Backend.get_precision()
    return _PRECISIONS.get(name) or look_up(name, _PRECISIONS, 'precision')


def array_module(array: Array) -> Any:
    """The module (NumPy, CuPy, ...) that an array belongs to; NumPy for anything that is no array."""
    kind: Any = type(array)
    return _modules.get(kind) or _module_of(kind)


@cache
def _module_of(kind: Any) -> Any:
    return next((module for array_type, module in _modules.items() if issubclass(kind, array_type)), np)


def device_of(array: Array) -> str:
    """The name of the device an array lives on."""
    return next((d.name for d in _devices.values() if isinstance(array, d.array_type)), 'cpu')


def to_host(array: Array) -> np.ndarray:
    """The values of an array as a NumPy array (the same object when it is one)."""
    return np.asarray(_devices[device_of(array)].to_host(array))


def to_device(array: Array, device: str) -> Array:
    """The values of an array on another device (the same object when it is there)."""
    target = get_device(device)
    if isinstance(array, target.array_type):
        return array
    return target.xp.asarray(to_host(array))


def as_array(value: Any, what: str = 'A value') -> Array:
    """Anything array-like on the current backend: floats in the current precision, integers and booleans as
    they are. Never writes into `value`; gives back `value` itself when nothing is to be changed."""
    device, dtype = get_device(Backend.get_backend()), float_type()
    kind: Any = type(value)
    if kind is device.array_type and value.dtype == dtype:      # nearly always
        return value
    if kind not in _modules:
        try:
            value = np.array(value)         # a copy, as np.asarray may give a view of somebody's memory
        except (TypeError, ValueError, DeepFusionError) as error:
            raise BackendError(f'{what} should be a number or an array of numbers; '
                               f'found {type(value).__name__}, of which no array can be made.') from error
    if value.dtype.kind not in 'fiub':
        raise BackendError(f'{what} should hold numbers; found an array of type {value.dtype}. '
                           'Convert it to floats, integers or booleans first.')
    if type(value) is not device.array_type:
        value = to_device(value, device.name)
    return value.astype(dtype) if value.dtype.kind == 'f' and value.dtype != dtype else value


def moved(array: Array, device: str | None, dtype: type | None) -> Array:
    """A copy of an array on another device and, for floats, of another type; None stays None."""
    if array is None:
        return None
    array = array.astype(dtype) if dtype is not None and array.dtype.kind == 'f' else array.copy()
    return array if device is None else to_device(array, device)
