"""The strict device computes what NumPy computes and refuses what CuPy refuses."""

import copy

import numpy as np
import pytest

from deepfusion.utils.backend import array_module, as_array, device_of, to_device, to_host, use_backend
from tests.support import cupy_names
from tests.support.strict import Array, xp

HOST = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def x():
    return xp.asarray(HOST)


def test_an_array_is_no_ndarray_and_does_not_share_the_hosts_memory():
    host = HOST.copy()
    device = xp.asarray(host)
    host[:] = 7.0
    assert not isinstance(device, np.ndarray)
    assert type(device.get()) is np.ndarray
    np.testing.assert_array_equal(device.get(), HOST)
    device.get()[:] = 9.0
    np.testing.assert_array_equal(device.get(), HOST)


MIXTURES = {
    'device + host': lambda x: x + HOST,
    'host + device': lambda x: HOST + x,
    'host @ device': lambda x: HOST.T @ x,
    'device == host': lambda x: x == HOST,
    'host == device': lambda x: HOST == x,  # noqa: SIM300
    'device += host': lambda x: x.__iadd__(HOST),
    'host += device': lambda x: HOST.copy().__iadd__(x),
    'host[:] = device': lambda x: HOST.copy().__setitem__(slice(None), x),
    'device[:] = host': lambda x: x.__setitem__(slice(None), HOST),
    'device[0] = list': lambda x: x.__setitem__(0, [1.0, 2.0, 3.0]),
    'device[host]': lambda x: x[np.array([0, 1])],
    'device[:, host]': lambda x: x[:, np.array([0, 1])],
    'device * NumPy scalar': lambda x: x * np.float64(2.0),
    'NumPy scalar * device': lambda x: np.float32(2.0) * x,
    'np.asarray': np.asarray,
    'np.array of a list': lambda x: np.array([x, x]),
    'np.float32': lambda x: np.float32(x),
    'np.concatenate': lambda x: np.concatenate([x, HOST]),
    'np.multiply into the host': lambda x: np.multiply(x, 2.0, out=HOST.copy()),
    'np.add.at into the host': lambda x: np.add.at(HOST.copy(), 0, x),
    'xp.exp': lambda x: xp.exp(HOST),
    'xp.sum': lambda x: xp.sum(HOST),
    'xp.sum of a tuple': lambda x: xp.sum((1.0, 2.0)),
    'xp.sum of a number': lambda x: xp.sum(2.0),
    'xp.where': lambda x: xp.where(x > 1, HOST, 0.0),
    'xp.stack': lambda x: xp.stack([x, HOST]),
    'xp.einsum': lambda x: xp.einsum('ij,ij->i', x, HOST),
    'xp.linalg.norm': lambda x: xp.linalg.norm(HOST),
    'xp.maximum out': lambda x: xp.maximum(x, 0.0, out=HOST.copy()),
    'xp.matmul out': lambda x: xp.matmul(x, x.T, out=np.empty((2, 2))),
    'x.dot': lambda x: x.dot(HOST.T),
    'x.clip': lambda x: x.clip(np.float64(0.0), 1.0),
    'sliding windows': lambda x: xp.lib.stride_tricks.sliding_window_view(HOST, 2, axis=0),
    'range': lambda x: range(x[0, 0].astype(int)),
}


@pytest.mark.parametrize('mixture', MIXTURES)
def test_mixing_device_and_host_raises_type_error(mixture, x):
    with pytest.raises(TypeError):
        MIXTURES[mixture](x)
    np.testing.assert_array_equal(x.get(), HOST)


ABSENT = {
    'errstate': lambda x: xp.errstate, 'random': lambda x: xp.random, 'ndenumerate': lambda x: xp.ndenumerate,
    'einsum_path': lambda x: xp.einsum_path, 'longdouble': lambda x: xp.longdouble,
    'vecdot': lambda x: xp.vecdot, 'insert': lambda x: xp.insert, 'nothing': lambda x: xp.nothing,
    'array interface': lambda x: x.__array_interface__, 'ctypes': lambda x: x.ctypes,
    'writeable flag': lambda x: x.flags.writeable, 'setflags': lambda x: x.setflags,
    'a new attribute': lambda x: setattr(x, 'colour', 1),
}


@pytest.mark.parametrize('name', ABSENT)
def test_what_cupy_lacks_is_absent(name, x):
    with pytest.raises(AttributeError):
        ABSENT[name](x)


UNSUPPORTED = {
    'sum(where)': lambda x: xp.sum(x, where=x > 1), '.sum(where)': lambda x: x.sum(where=x > 1),
    'max(initial)': lambda x: xp.max(x, initial=0.0), '.max(initial)': lambda x: x.max(initial=0.0),
    'mean(where)': lambda x: x.mean(where=x > 1), 'std(correction)': lambda x: xp.std(x, correction=1),
    'exp(where)': lambda x: xp.exp(x, where=x > 1), 'add(order)': lambda x: xp.add(x, x, order='K'),
    'einsum(out)': lambda x: xp.einsum('ij->i', x, out=xp.zeros(2)),
    'take(mode)': lambda x: xp.take(x, xp.asarray([0]), mode='clip'),
    'argsort(stable)': lambda x: xp.argsort(x, stable=True),
    'ones(device)': lambda x: xp.ones(2, device='cpu'),
    'add.reduce(initial)': lambda x: xp.add.reduce(x, initial=1.0), 'item(0)': lambda x: x.item(0),
    'int64 add.at': lambda x: xp.add.at(x.astype(np.int64), xp.asarray([0]), 1),
}


@pytest.mark.parametrize('call', UNSUPPORTED)
def test_keywords_and_types_that_cupy_does_not_take(call, x):
    with pytest.raises(TypeError):
        UNSUPPORTED[call](x)


@pytest.mark.parametrize('call', [lambda x: xp.maximum.accumulate(x), lambda x: xp.maximum.reduce(x),
                                  lambda x: xp.multiply.reduceat(x, [0]), lambda x: xp.subtract.at(x, 0, 1.0)])
def test_ufunc_methods_that_cupy_does_not_have(call, x):
    with pytest.raises(NotImplementedError):
        call(x)


SAME = {
    'arithmetic': lambda xp, x: (1 - x) * x / 2 + (-x) ** 2 - abs(x) // 3 % 2,
    'comparison': lambda xp, x: ((x > 1) & (x != 4)) | ~(x <= 2),
    'matmul': lambda xp, x: x @ x.T,
    'np.exp': lambda xp, x: np.exp(x),
    'np.matmul': lambda xp, x: np.matmul(x, x.T),
    'np.add.reduce': lambda xp, x: np.add.reduce(x, axis=1),
    'np.mean': lambda xp, x: np.mean(x, axis=0, keepdims=True),
    'np.linalg.norm': lambda xp, x: np.linalg.norm(x),
    'reductions': lambda xp, x: xp.stack([x.sum(), x.max(), x.mean(), x.var(), xp.prod(x)]),
    'einsum': lambda xp, x: xp.einsum('ij,kj->ik', x, x, optimize=True),
    'tensordot': lambda xp, x: xp.tensordot(x, x, axes=([1], [1])),
    'pad': lambda xp, x: xp.pad(x, ((1, 1), (0, 2))),
    'where': lambda xp, x: xp.where(x > 2, x, 0.0),
    'concatenate': lambda xp, x: xp.concatenate([x, x], axis=1),
    'windows': lambda xp, x: xp.lib.stride_tricks.sliding_window_view(x, 2, axis=1).sum(axis=-1),
    'strided': lambda xp, x: xp.lib.stride_tricks.as_strided(x, (2, 2), (x.strides[0], x.strides[1])),
    'creation': lambda xp, x: xp.zeros((2, 3)) + xp.ones_like(x) + xp.full((2, 3), 2.0) + xp.eye(2, 3),
    'transpose': lambda xp, x: x.T.reshape(2, 3)[::-1, 1:],
    'fancy index': lambda xp, x: x[xp.asarray([1, 0]), [0, 2]],
    'mask': lambda xp, x: x[x > 1],
    'take_along_axis': lambda xp, x: xp.take_along_axis(x, x.argmax(axis=1)[:, None], axis=1),
    'unique': lambda xp, x: xp.unique(x // 2, return_counts=True)[1],
    'svd': lambda xp, x: xp.linalg.svd(x)[1],
    'array of lists': lambda xp, x: xp.array([[1.0, 2.0], [3.0, 4.0]]),
}


@pytest.mark.parametrize('name', SAME)
def test_values_are_numpys(name, x):
    found, expected = SAME[name](xp, x), SAME[name](np, HOST)
    assert type(found) is Array
    assert (found.shape, found.dtype) == (np.shape(expected), expected.dtype)
    np.testing.assert_array_equal(found.get(), expected)


def test_reductions_and_elements_stay_on_the_device(x):
    for value in (x.sum(), x[0, 1], xp.max(x), x.argmax(), xp.count_nonzero(x), xp.allclose(x, x), x.any()):
        assert type(value) is Array
        assert value.shape == ()
    assert float(x[1, 2]) == x[1, 2].item() == 5.0
    assert int(x.argmax()) == 5
    assert bool((x >= 0).all())
    assert f'{x[0, 1]:8.3f}' == '   1.000'
    assert x.tolist() == HOST.tolist()


def test_in_place_work_reaches_every_view(x):
    row = x[1]
    x *= 2
    x[0] = 1.0
    x[x > 8] -= 1.0
    xp.add(x, 1.0, out=x)
    np.testing.assert_array_equal(row.get(), [7.0, 9.0, 10.0])
    total = xp.zeros(3)
    xp.add.at(total, xp.asarray([0, 0, 2]), xp.ones(3))
    np.testing.assert_array_equal(total.get(), [2.0, 0.0, 1.0])
    assert xp.maximum(x, 0.0, out=total[None].repeat(2, axis=0)).shape == (2, 3)


def test_results_are_c_contiguous_whatever_the_order_of_the_inputs():
    x = xp.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2)
    assert not x.flags.c_contiguous
    assert (x + 1).flags.c_contiguous
    assert xp.asarray(np.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2)).flags.c_contiguous
    assert xp.asarray(np.zeros((4, 5)).T).flags.f_contiguous


def test_numbers_do_not_change_the_precision():
    x = xp.ones(3, dtype=xp.float32)
    assert (2.0 * x + 1).dtype == np.float32
    with pytest.raises(TypeError):
        x.astype(np.int32).__iadd__(0.5)


def test_copies_are_independent(x):
    for other in (copy.copy(x), copy.deepcopy(x), x.copy(), xp.array(x)):
        other += 1
    assert xp.asarray(x) is x
    np.testing.assert_array_equal(x.get(), HOST)


def test_the_package_finds_the_device(x):
    assert array_module(x) is xp
    assert device_of(x) == 'strict'
    np.testing.assert_array_equal(to_host(x), HOST)
    assert type(to_device(HOST, 'strict')) is Array
    with use_backend('strict'):
        assert type(as_array([1.0, 2.0])) is Array
        assert type(as_array(HOST)) is Array
    with use_backend('cpu'):
        assert type(as_array(x)) is np.ndarray


def test_the_names_are_cupys():
    cupy = pytest.importorskip('cupy')
    assert {name for name in cupy_names.NAMES if not hasattr(cupy, name)} == set()
    assert {name for name in cupy_names.LINALG if not hasattr(cupy.linalg, name)} == set()
    array = cupy_names.METHODS | cupy_names.ATTRIBUTES
    assert {name for name in array if not hasattr(cupy.ndarray, name)} == set()
