"""How well a predicted region covers a true one, channel by channel."""

from typing import Any

Array = Any


def tversky(p: Array, t: Array, alpha: float, beta: float, smooth: float) -> tuple[Array, Array]:
    """The ratio `(TP + s) / (TP + alpha FP + beta FN + s)`, with the sums
    `TP = sum p t`, `FP = sum p (1 - t)`, `FN = sum (1 - p) t` over all axes behind the channels;
    and its denominator.

    >>> import numpy as np
    >>> print(tversky(np.array([[[1., 1.]]]), np.array([[[1., 0.]]]), 0.5, 0.5, 0.0)[0].round(3))
    [[0.667]]
    """
    axes = tuple(range(2, p.ndim))
    both = (p * t).sum(axis=axes)
    denominator = (1 - alpha - beta) * both + alpha * p.sum(axis=axes) + beta * t.sum(axis=axes) + smooth
    return (both + smooth) / denominator, denominator


def tversky_derivative(deriv: Array, p: Array, t: Array, alpha: float, beta: float, ratio: Array, denominator: Array
                       ) -> tuple[Array, Array]:
    """The derivatives of p and t from those of the ratio: `(dN - ratio dD) / D`."""
    shape = ratio.shape + (1,) * (p.ndim - 2)
    over = (deriv / denominator).reshape(shape)
    mixed = 1 - (1 - alpha - beta) * ratio.reshape(shape)
    ratio = ratio.reshape(shape)
    return (t * mixed - alpha * ratio) * over, (p * mixed - beta * ratio) * over
