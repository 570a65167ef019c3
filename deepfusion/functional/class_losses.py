"""Sums over classes where all but one target is 0, or where all others are alike: what class indices ask for.

The target of a class is `own` where the index says so, plus `rest`; no array of zeros and ones is made of that, which
would be as large as the scores.
"""

from typing import Any

from deepfusion.functional.elementwise import examplewise
from deepfusion.functional.workspace import empty_like

Array = Any


def picked_losses(xp: Any, scores: Array, index: Array, own: Array, rest: Array | None, axis: int) -> Array:
    """`-sum_c t_c scores_c`, 0 where t_c is 0, along an axis.

    Args:
        index: Of the class, with an axis of length 1 there.
        own: What the target of that class has beside `rest`, of the index's shape.
        rest: What the targets of all classes have; broadcasts against the scores. None is 0.

    >>> import numpy as np
    >>> picked_losses(np, np.array([[-1., -2.]]), np.array([[1]]), np.array([[0.5]]), None, 1)
    array([1.])
    """
    losses = own * xp.where(own == 0, 0, xp.take_along_axis(scores, index, axis))
    if rest is not None:
        def put(scores: Array, rest: Array, out: Array) -> None:
            out[...] = (rest * xp.where(rest == 0, 0, scores)).sum(axis=axis, keepdims=True)

        losses = losses + examplewise(put, xp.empty(own.shape, scores.dtype), scores, rest)
    return -losses.squeeze(axis)


def picked(xp: Any, like: Array, index: Array, own: Array, axis: int) -> Array:
    """`own` at the index along an axis, 0 elsewhere, in an array like another.

    >>> import numpy as np
    >>> picked(np, np.ones((1, 3)), np.array([[1]]), np.array([[0.5]]), 1)
    array([[0. , 0.5, 0. ]])
    """
    places = _places(xp, like, axis)
    return examplewise(lambda index, own, out: xp.multiply(index == places, own, out=out), empty_like(xp, like),
                       index, own)


def picked_softmax_derivative(xp: Any, log_p: Array, index: Array, own: Array, rest: Array | None, axis: int) -> Array:
    """The derivative of x from `picked_losses` of `log_p = log_softmax(x)`: `p sum_c t_c - t`, the targets being
    multiplied by the derivatives of the losses already.

    >>> import numpy as np
    >>> picked_softmax_derivative(np, np.log(np.array([[0.25, 0.75]])), np.array([[1]]), np.array([[1.]]), None, 1)
    array([[ 0.25, -0.25]])
    """
    places, total = _places(xp, log_p, axis), own
    if rest is not None:
        total = own + (rest.sum(axis=axis, keepdims=True) if rest.shape[axis] > 1 else rest * log_p.shape[axis])

    def put(log_p: Array, index: Array, own: Array, total: Array, *rest: Array, out: Array) -> None:
        xp.exp(log_p, out=out)
        out *= total
        out -= (index == places) * own
        for each in rest:
            out -= each

    arrays = (log_p, index, own, total) if rest is None else (log_p, index, own, total, rest)
    return examplewise(put, empty_like(xp, log_p), *arrays)


def _places(xp: Any, scores: Array, axis: int) -> Array:
    """The numbers of the classes, along their axis."""
    return xp.arange(scores.shape[axis]).reshape((-1,) + (1,) * (scores.ndim - axis - 1))
