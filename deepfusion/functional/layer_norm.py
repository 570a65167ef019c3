"""Normalizing each example over its last axes: the common part of layer, group, instance and RMS normalization.

The work goes over blocks of examples, each small enough to stay in cache between its steps.
"""

from math import prod
from typing import Any

import numpy as np

from deepfusion.functional.broadcasting import unbroadcast
from deepfusion.functional.parallel import BLOCK, split
from deepfusion.functional.workspace import empty
from deepfusion.utils.backend import array_module

Array = Any


def layer_norm(x: Array, axes: int, epsilon: float, gamma: Array | None = None, beta: Array | None = None,
               centered: bool = True) -> tuple[Array, tuple[Array, Array | None, Array]]:
    """`gamma (x - m) / sqrt(v + epsilon) + beta`, m and v being mean and variance over the last `axes` axes.

    Args:
        gamma, beta: Arrays that broadcast against x, or None.
        centered: False leaves m away (RMS normalization).

    Returns:
        The result, and what `layer_norm_derivative` needs.
    """
    xp = array_module(x)
    x = xp.ascontiguousarray(x)
    y = empty(xp, x.shape, x.dtype)
    rows, width = _rows(x, axes)
    mean = xp.empty((rows, 1), x.dtype) if centered else None
    norm = xp.empty((rows, 1), x.dtype)
    each = rows // max(1, x.shape[0])                  # rows of one example
    ones = xp.ones((width, 1), x.dtype)

    def fill(share: slice) -> None:
        block, of = x[share].reshape(-1, width), slice(share.start * each, share.stop * each)
        n = y[share].reshape(-1, width)                # a view: what is written there is written into y
        if mean is not None:
            mean[of] = block @ ones / width
            block = xp.subtract(block, mean[of], out=n)
        norm[of] = 1 / xp.sqrt(_dot(xp, block, block) / width + epsilon)
        xp.multiply(block, norm[of], out=n)
        if gamma is not None:
            y[share] *= gamma
        if beta is not None:
            y[share] += beta

    split(xp, fill, x.shape[0], x.size, BLOCK)
    return y, (x, mean, norm)


def layer_norm_derivative(deriv: Array, saved: tuple[Array, Array | None, Array], axes: int,
                          gamma: Array | None = None) -> tuple[Array, Array]:
    """The derivatives of x and gamma (0 where there is none) from those of `layer_norm`'s result.

    With c = x - m, s = 1 / sqrt(v + epsilon) and g = gamma s dy: `dx = g - mean g - c s^2 mean(g c)`,
    `dgamma = sum s dy c`.
    """
    x, mean, norm = saved
    xp = array_module(x)
    deriv = xp.ascontiguousarray(deriv)
    dx = empty(xp, x.shape, x.dtype)
    rows, width = _rows(x, axes)
    each = rows // max(1, x.shape[0])
    ones = xp.ones((width, 1), x.dtype)

    def fill(share: slice) -> Array:
        part, block, of = dx[share], x[share].reshape(-1, width), slice(share.start * each, share.stop * each)
        g = part.reshape(-1, width)                    # a view again
        room = empty(xp, block.shape, x.dtype)
        c = block if mean is None else xp.subtract(block, mean[of], out=room)
        xp.multiply(deriv[share].reshape(g.shape), norm[of], out=g)
        dgamma = 0
        if gamma is not None:
            dgamma = _sum_of_products(xp, part, c.reshape(part.shape), gamma.shape)
            part *= gamma
        c = xp.multiply(c, norm[of] ** 2 * _dot(xp, g, c) / width, out=room)
        if mean is not None:
            c += g @ ones / width
        g -= c
        return dgamma

    parts = split(xp, fill, x.shape[0], x.size, BLOCK)
    return dx, sum(parts)


def group_norm(x: Array, groups: int, epsilon: float, gamma: Array | None = None, beta: Array | None = None
               ) -> tuple[Array, Any]:
    """The same over groups of neighbouring channels of (B, C, ...) and all places; gamma and beta (1, C, 1, ...)."""
    gamma, beta = (None if p is None else _grouped(p, groups) for p in (gamma, beta))
    y, saved = layer_norm(_grouped(x, groups), x.ndim - 1, epsilon, gamma, beta)
    return y.reshape(x.shape), saved


def group_norm_derivative(deriv: Array, saved: Any, groups: int, gamma: Array | None = None) -> tuple[Array, Array]:
    """The derivatives of x and gamma (0 where there is none) from those of `group_norm`'s result."""
    grouped = None if gamma is None else _grouped(gamma, groups)
    dx, dgamma = layer_norm_derivative(_grouped(deriv, groups), saved, deriv.ndim - 1, grouped)
    return dx.reshape(deriv.shape), dgamma if gamma is None else dgamma.reshape(gamma.shape)


def _grouped(x: Array, groups: int) -> Array:
    return x.reshape(x.shape[:1] + (groups, x.shape[1] // groups) + x.shape[2:])      # (B, C, ...) -> (B, G, C/G, ...)


def _rows(x: Array, axes: int) -> tuple[int, int]:
    split_at = x.ndim - axes
    return prod(x.shape[:split_at]), prod(x.shape[split_at:])


def _dot(xp: Any, a: Array, b: Array) -> Array:
    """The product of each row of a with that of b, (rows, 1)."""
    return (np.vecdot(a, b) if xp is np else xp.einsum('mn,mn->m', a, b))[:, None]


def _sum_of_products(xp: Any, a: Array, b: Array, shape: tuple[int, ...]) -> Array:
    """`a b`, summed over the axes along which an array of `shape` is repeated: some of the first, some of the last."""
    behind = next((k for k, n in enumerate(reversed(shape)) if n != 1), 0)
    if behind:
        kept, length = a.shape[:-behind], prod(a.shape[-behind:])
        return unbroadcast(_dot(xp, a.reshape(-1, length), b.reshape(-1, length)).reshape(*kept, *(1,) * behind), shape)
    size = prod(shape)
    return xp.einsum('mn,mn->n', a.reshape(-1, size), b.reshape(-1, size)).reshape(shape)
