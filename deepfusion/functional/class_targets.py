"""Targets of classification, as indices or as probabilities, brought to one form."""

from typing import Any

Array = Any


def one_hot(xp: Any, indices: Array, count: int, axis: int, dtype: Any) -> Array:
    """Ones where an index says so, along a new axis of that length; zeros for an index outside it.

    >>> import numpy as np
    >>> one_hot(np, np.array([2, 0, -1]), 3, 1, float)
    array([[0., 0., 1.],
           [1., 0., 0.],
           [0., 0., 0.]])
    """
    places = xp.arange(count).reshape((count,) + (1,) * (indices.ndim - axis))
    return (xp.expand_dims(indices, axis) == places).astype(dtype)


def along(xp: Any, values: Any, axis: int, rank: int, dtype: Any) -> Array:
    """A list of numbers as an array that broadcasts along one axis."""
    return xp.asarray(values, dtype=dtype).reshape((-1,) + (1,) * (rank - axis - 1))
