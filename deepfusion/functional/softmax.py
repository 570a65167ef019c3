"""Softmax and its logarithm along any axis, for logits of any size; and their derivatives."""

from typing import Any

from deepfusion.utils.backend import array_module

Array = Any


def softmax(x: Array, axis: int = -1) -> Array:
    """`exp(x) / sum exp(x)` along an axis, with the largest entry taken off first so that nothing overflows.

    >>> import numpy as np
    >>> softmax(np.array([[1e4, 1e4, -1e4]]))
    array([[0.5, 0.5, 0. ]])
    """
    xp = array_module(x)
    y = xp.subtract(x, x.max(axis=axis, keepdims=True), out=xp.empty_like(x))
    xp.exp(y, out=y)
    y /= y.sum(axis=axis, keepdims=True)
    return y


def softmax_derivative(deriv: Array, y: Array, axis: int = -1) -> Array:
    """The derivative of x from those of `y = softmax(x)`: `y (dy - sum dy y)`."""
    dx = deriv * y
    along = dx.sum(axis=axis, keepdims=True)
    dx -= y * along
    return dx


def log_softmax(x: Array, axis: int = -1) -> Array:
    """`x - log sum exp(x)` along an axis.

    >>> import numpy as np
    >>> log_softmax(np.array([[1e4, -1e4]]))
    array([[     0., -20000.]])
    """
    xp = array_module(x)
    y = xp.subtract(x, x.max(axis=axis, keepdims=True), out=xp.empty_like(x))
    y -= xp.log(xp.exp(y).sum(axis=axis, keepdims=True))
    return y


def log_softmax_derivative(deriv: Array, y: Array, axis: int = -1) -> Array:
    """The derivative of x from those of `y = log_softmax(x)`: `dy - exp(y) sum dy`."""
    xp = array_module(y)
    dx = xp.exp(y, out=xp.empty_like(y))
    dx *= -deriv.sum(axis=axis, keepdims=True)
    dx += deriv
    return dx
