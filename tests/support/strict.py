"""The strict device: host memory that refuses what CuPy refuses, so a clean run is a clean GPU path.

`Array` is not an `ndarray`: it holds one and hides it. Host arrays are refused wherever a value is expected,
and `numpy.asarray(device)` raises: `xp.asarray(host)` and `device.get()` are the only ways there and back.
Reductions and elements are 0-d device arrays, element-wise results are C-contiguous, and only what CuPy has
can be called, with CuPy's keywords. Stricter than CuPy: NumPy's scalars are refused as operands (they would
turn float32 into float64), host arrays as indices too (CuPy copies them, silently and slowly), and there is
no `xp.random`: random numbers come from the host.

Importing this file makes the backend 'strict' known.
"""

import operator
from types import SimpleNamespace

import numpy as np

from deepfusion.utils.backend import Device, register_device
from tests.support.cupy_names import (
    ARRAYS_IN_A_ROW,
    ATTRIBUTES,
    DEVICE_RESULTS,
    KEYWORDS,
    LINALG,
    METHODS,
    NAMES,
    SCATTERED,
    SEQUENCES,
    UFUNC_METHODS,
)

NUMBERS = (bool, int, float, complex)
BINARY = {'add': 'add', 'sub': 'subtract', 'mul': 'multiply', 'truediv': 'true_divide', 'matmul': 'matmul',
          'floordiv': 'floor_divide', 'mod': 'remainder', 'divmod': 'divmod', 'pow': 'power',
          'and': 'bitwise_and', 'or': 'bitwise_or', 'xor': 'bitwise_xor',
          'lshift': 'left_shift', 'rshift': 'right_shift'}
COMPARISONS = {'eq': 'equal', 'ne': 'not_equal', 'lt': 'less', 'le': 'less_equal', 'gt': 'greater',
               'ge': 'greater_equal'}
UNARY = {'neg': 'negative', 'pos': 'positive', 'abs': 'absolute', 'invert': 'invert'}


def _refuse(value):
    raise TypeError(f'Unsupported type {type(value)}')


def _operand(value):
    """The host array behind an operand of arithmetic: a device array or a Python number, nothing else."""
    if isinstance(value, Array):
        return value._host
    return value if type(value) in NUMBERS else _refuse(value)


def _lower(value):
    """The same for any argument of a function: shapes, axes, types and names pass."""
    if isinstance(value, Array):
        return value._host
    if isinstance(value, (np.ndarray, np.inexact)):
        return _refuse(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_lower(item) for item in value)
    return value


def _lower_index(index):
    if isinstance(index, tuple):
        return tuple(_lower_index(item) for item in index)
    if isinstance(index, np.ndarray):
        return _refuse(index)
    return index._host if isinstance(index, Array) else index


def _raise(value):
    """Wrap what NumPy gave back: arrays and NumPy scalars are device arrays."""
    if isinstance(value, (np.ndarray, np.generic)):
        return Array._of(np.asarray(value))
    if type(value) in (list, tuple):
        return type(value)(_raise(item) for item in value)
    if isinstance(value, tuple):                                    # named tuples of numpy.linalg
        return type(value)(*(_raise(item) for item in value))
    return value


def _check_keywords(name, given):
    extra = set(given) - KEYWORDS.get(name, set(given))
    if extra:
        raise TypeError(f'{name}() got an unexpected keyword argument {sorted(extra)[0]!r}')


class Array:
    """A device array. `xp.ndarray` is this class."""

    __slots__ = ('_host',)
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float):
        self._host = np.empty(shape, dtype)

    @classmethod
    def _of(cls, host):
        if host.dtype.kind not in 'biufc':
            raise ValueError(f'Unsupported dtype {host.dtype}')
        array = cls.__new__(cls)
        array._host = host
        return array

    def __getattr__(self, name):
        if name in METHODS:
            return _method(self._host, name)
        if name not in ATTRIBUTES:
            raise AttributeError(f"'strict.ndarray' object has no attribute {name!r}")
        if name == 'flags':                                         # CuPy's flags know no `writeable`
            flags = self._host.flags
            return SimpleNamespace(c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous,
                                   owndata=flags.owndata)
        return _raise(getattr(self._host, name))

    def __setattr__(self, name, value):
        if name == '_host':
            object.__setattr__(self, name, value)
        elif name == 'shape':
            self._host = self._host.reshape(value)
        else:
            raise AttributeError(f'{name!r} of a device array cannot be set')

    def get(self, stream=None, order='C', out=None, blocking=True):
        """A copy on the host."""
        host = np.array(self._host, order=order)
        if out is None:
            return host
        out[...] = host
        return out

    def __array__(self, dtype=None, copy=None):
        raise TypeError('Implicit conversion to a NumPy array is not allowed. '
                        'Please use `.get()` to construct a NumPy array explicitly.')

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **keywords):
        mine = getattr(xp, ufunc.__name__, None)
        if mine is None:
            return NotImplemented
        if out:
            keywords['out'] = out[0] if len(out) == 1 else out
        return (mine if method == '__call__' else getattr(mine, method))(*inputs, **keywords)

    def __array_function__(self, function, types, args, keywords):
        space = xp
        for part in function.__module__.split('.')[1:]:
            space = getattr(space, part, None)
        mine = getattr(space, function.__name__, None)
        if mine is None or not all(issubclass(kind, (Array, np.ndarray)) for kind in types):
            return NotImplemented
        return mine(*args, **keywords)

    def __getitem__(self, index):
        index = _lower_index(index)
        row = index if isinstance(index, tuple) else (index,)
        # With an ellipsis an element is a 0-d view, no scalar
        return Array._of(self._host[row if any(item is Ellipsis for item in row) else (*row, ...)])

    def __setitem__(self, index, value):
        self._host[_lower_index(index)] = _operand(value)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self._host)))

    def __bool__(self):
        return bool(self._host)

    def __int__(self):
        return int(self._host)

    def __float__(self):
        return float(self._host)

    def __format__(self, how):
        return format(self._host, how)

    def __repr__(self):
        return repr(self._host)

    def __copy__(self):
        return Array._of(self._host.copy())

    def __deepcopy__(self, memo):
        return Array._of(self._host.copy())


def _method(host, name):
    def call(*args, **keywords):
        _check_keywords(name, keywords)
        if name == 'item' and args:
            raise TypeError('item() takes no arguments')
        keywords = {key: _lower(value) for key, value in keywords.items()}
        result = getattr(host, name)(*map(_lower, args), **keywords)
        return result if name in ('item', 'tolist') else _raise(result)
    return call


class Ufunc:
    """An element-wise function: `out`, `dtype` and `casting` are its only keywords."""

    def __init__(self, name):
        self.__name__, self._ufunc = name, getattr(np, name)
        self.nin, self.nout = self._ufunc.nin, self._ufunc.nout

    def __call__(self, *args, out=None, **keywords):
        extra = set(keywords) - {'dtype', 'casting'}
        if extra and self.__name__ != 'matmul':
            raise TypeError(f'Wrong arguments {sorted(extra)}')
        args = [_operand(value) for value in args]
        if out is None:
            return _raise(_in_c_order(self._ufunc(*args, **keywords)))
        outs = out if isinstance(out, tuple) else (out,)
        self._ufunc(*args, out=tuple(map(_operand, outs)), **keywords)
        return out

    def __getattr__(self, method):
        if method not in UFUNC_METHODS:
            raise AttributeError(f'{self.__name__} has no {method}')

        def call(array, *args, **keywords):
            if UFUNC_METHODS[method] and self.__name__ not in UFUNC_METHODS[method]:
                raise NotImplementedError(f'`{self.__name__}.{method}` is not supported yet')
            if method == 'at' and str(array.dtype) not in SCATTERED:
                raise TypeError(f'{array.dtype} is not supported in scatter_{self.__name__}')
            if set(keywords) - {'axis', 'dtype', 'out', 'keepdims'}:
                raise TypeError(f'{method} got unexpected keywords {sorted(keywords)}')
            keywords = {key: _lower(value) for key, value in keywords.items()}
            return _raise(getattr(self._ufunc, method)(_operand(array), *map(_lower, args), **keywords))
        return call


def _in_c_order(result):
    return tuple(map(np.ascontiguousarray, result)) if isinstance(result, tuple) else (
        np.ascontiguousarray(result).reshape(np.shape(result)))


class Function:
    """Any other function."""

    def __init__(self, name, function):
        self.__name__, self._function = name, function

    def __call__(self, *args, **keywords):
        name, first = self.__name__, args[0] if args else None
        _check_keywords(name, keywords)
        if name in ARRAYS_IN_A_ROW and not all(isinstance(item, Array) for item in first):
            raise TypeError('Only device arrays can be concatenated')
        wants_array = name in METHODS or (
            isinstance(first, (list, tuple)) and name not in ARRAYS_IN_A_ROW | SEQUENCES)
        if wants_array and not isinstance(first, Array):
            _refuse(first)
        lowered = {key: _lower(value) for key, value in keywords.items()}
        result = self._function(*map(_lower, args), **lowered)
        if isinstance(keywords.get('out'), Array):
            return keywords['out']
        return _raise(np.asarray(result) if name in DEVICE_RESULTS else result)


class Namespace:
    """An array module: the names that CuPy offers, nothing more."""

    def __init__(self, name, module, names, **members):
        self.__name__ = name
        self._module, self._names = module, names
        self.__dict__.update(members)

    def __getattr__(self, name):
        if name not in self._names or not hasattr(self._module, name):
            raise AttributeError(f'{self.__name__} has no {name!r}: CuPy does not offer it, '
                                 'or it has no place in a pass (random numbers come from the host)')
        found = getattr(self._module, name)
        if isinstance(found, np.ufunc):
            found = Ufunc(name)
        elif callable(found) and not isinstance(found, type):
            found = Function(name, found)
        setattr(self, name, found)
        return found

    def __repr__(self):
        return f'<array module {self.__name__!r}>'


def _from_host(value):
    """Host values for a new device array: a copy, whose strides are plain."""
    if isinstance(value, Array):
        return value._host
    if isinstance(value, (list, tuple)):
        return [_from_host(item) for item in value]
    host = np.asarray(value)
    return np.array(host, order='F' if host.flags.f_contiguous and not host.flags.c_contiguous else 'C')


def _array(obj, dtype=None, copy=True, order='K', ndmin=0):
    return Array._of(np.array(_from_host(obj), dtype, copy=copy, order=order, ndmin=ndmin))


def _asarray(a, dtype=None, order=None):
    if isinstance(a, Array) and (dtype is None or a.dtype == dtype) and order in (None, 'K', 'A'):
        return a
    return Array._of(np.asarray(_from_host(a), dtype, order=order))


def _as_strided(x, shape=None, strides=None):
    return Array._of(np.lib.stride_tricks.as_strided(_operand(x), shape, strides))


def _sliding_window_view(x, window_shape, axis=None):
    return Array._of(np.lib.stride_tricks.sliding_window_view(_operand(x), window_shape, axis))


xp = Namespace(
    'strict', np, NAMES, ndarray=Array, array=_array, asarray=_asarray, asanyarray=_asarray,
    asnumpy=lambda array: array.get() if isinstance(array, Array) else np.asarray(array),
    linalg=Namespace('strict.linalg', np.linalg, LINALG),
    lib=SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_as_strided,
                                                      sliding_window_view=_sliding_window_view)))


def _define_operators():
    def define(name, method):
        setattr(Array, f'__{name}__', method)

    for short, name in BINARY.items():
        f = getattr(xp, name)
        define(short, lambda self, other, f=f: f(self, other))
        define(f'r{short}', lambda self, other, f=f: f(other, self))
        if short not in ('matmul', 'divmod'):             # CuPy has no `@=` either: Python falls back to `@`
            define(f'i{short}', lambda self, other, f=f: f(self, other, out=self))
    for short, name in COMPARISONS.items():
        f = getattr(xp, name)
        define(short, lambda self, other, f=f: f(self, other))
    for short, name in UNARY.items():
        f = getattr(xp, name)
        define(short, lambda self, f=f: f(self))


_define_operators()


register_device(Device('strict', xp, Array, operator.methodcaller('get')))
