"""Devices and precision."""

import importlib.util
import threading

import numpy as np
import pytest

from deepfusion.errors import BackendError, UnknownNameError
from deepfusion.utils.backend import (
    Backend,
    array_module,
    device_of,
    float_type,
    to_device,
    to_host,
    use_backend,
    use_precision,
)


def test_defaults_and_scopes():
    assert (Backend.get_backend(), Backend.get_precision()) == ('cpu', 'float32')
    with use_backend('strict'), use_precision('float64'):
        assert (Backend.get_backend(), Backend.get_precision()) == ('strict', 'float64')
        assert Backend.get_array_module() is not np
        with use_backend('cpu'):
            assert Backend.get_array_module() is np
    assert float_type() is np.float32


def test_a_scope_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), use_precision('float64'):
        raise ZeroDivisionError
    assert Backend.get_precision() == 'float32'


def test_a_scope_is_the_threads_own():
    seen = []
    with use_precision('float64'):
        thread = threading.Thread(target=lambda: seen.append(Backend.get_precision()))
        thread.start()
        thread.join()
    assert seen == ['float32']


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="Did you mean 'gpu'"):
        Backend.set_backend('gpuu')
    with pytest.raises(UnknownNameError, match="Did you mean 'float32'"):
        Backend.set_precision('float23')
    with pytest.raises(UnknownNameError, match="'cpu'"), use_backend('xyz'):
        pass
    assert Backend.get_backend() == 'cpu'


def test_a_missing_gpu_is_one_sentence():
    if importlib.util.find_spec('cupy'):
        pytest.skip('CuPy is here')
    with pytest.raises(BackendError, match="'gpu' backend needs CuPy"):
        Backend.set_backend('gpu')
    assert Backend.get_backend() == 'cpu'


def test_there_and_back():
    host = np.arange(6.0).reshape(2, 3)
    device = to_device(host, 'strict')
    assert device_of(device) == 'strict'
    assert array_module(device) is not np
    np.testing.assert_array_equal(to_host(device), host)
    assert to_device(host, 'cpu') is host
