"""Softmax and its logarithm along any axis, for logits of any size; and their derivatives."""

from collections.abc import Callable
from typing import Any

from deepfusion.functional.elementwise import examplewise
from deepfusion.functional.workspace import empty_like
from deepfusion.utils.backend import array_module

Array = Any


def softmax(x: Array, axis: int = -1) -> Array:
    """`exp(x) / sum exp(x)` along an axis, with the largest entry taken off first so that nothing overflows.

    >>> import numpy as np
    >>> softmax(np.array([[1e4, 1e4, -1e4]]))
    array([[0.5, 0.5, 0. ]])
    """
    xp = array_module(x)

    def put(x: Array, out: Array) -> None:
        xp.subtract(x, x.max(axis=axis, keepdims=True), out=out)
        xp.exp(out, out=out)
        out /= out.sum(axis=axis, keepdims=True)

    return _filled(put, axis, x)


def softmax_derivative(deriv: Array, y: Array, axis: int = -1) -> Array:
    """The derivative of x from those of `y = softmax(x)`: `y (dy - sum dy y)`."""
    xp = array_module(y)

    def put(y: Array, deriv: Array, out: Array) -> None:
        xp.multiply(deriv, y, out=out)
        xp.subtract(deriv, out.sum(axis=axis, keepdims=True), out=out)
        out *= y

    return _filled(put, axis, y, deriv)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """`x - log sum exp(x)` along an axis.

    >>> import numpy as np
    >>> log_softmax(np.array([[1e4, -1e4]]))
    array([[     0., -20000.]])
    """
    xp = array_module(x)

    def put(x: Array, out: Array) -> None:
        xp.subtract(x, x.max(axis=axis, keepdims=True), out=out)
        out -= xp.log(xp.exp(out).sum(axis=axis, keepdims=True))

    return _filled(put, axis, x)


def log_softmax_derivative(deriv: Array, y: Array, axis: int = -1) -> Array:
    """The derivative of x from those of `y = log_softmax(x)`: `dy - exp(y) sum dy`."""
    xp = array_module(y)

    def put(y: Array, deriv: Array, out: Array) -> None:
        xp.exp(y, out=out)
        out *= -deriv.sum(axis=axis, keepdims=True)
        out += deriv

    return _filled(put, axis, y, deriv)


def _filled(put: Callable[..., None], axis: int, *arrays: Array) -> Array:
    """A new array like the first, filled by `put(*arrays, out)`, in blocks unless the axis is that of the examples."""
    out = empty_like(array_module(arrays[0]), arrays[0])
    if axis % out.ndim:
        return examplewise(put, out, *arrays)
    put(*arrays, out=out)
    return out
