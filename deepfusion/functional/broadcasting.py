"""Undoing what broadcasting did, for derivatives."""

from typing import Any

import numpy as np

from deepfusion.errors import ShapeError

Array = Any


def unbroadcast(deriv: Array, shape: tuple[int, ...]) -> Array:
    """Sum a derivative over the axes along which a value of `shape` was repeated.

    Axes of length 1 may be missing or further ones be there: they change no number's place.

    Raises:
        ShapeError: The derivative is of no value that this shape broadcasts to.

    >>> import numpy as np
    >>> unbroadcast(np.ones((4, 2, 3)), (2, 1))
    array([[12.],
           [12.]])
    """
    if deriv.shape == shape:
        return deriv
    if [n for n in deriv.shape if n != 1] == [n for n in shape if n != 1]:
        return deriv.reshape(shape)
    extra = deriv.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, deriv.shape[extra:], strict=True)):
        raise ShapeError(f'expected a derivative of shape {shape}, or of one that it broadcasts to; '
                         f'found {deriv.shape}.')
    axes = tuple(range(extra)) + tuple(
        i + extra for i, n in enumerate(shape) if n == 1 and deriv.shape[i + extra] != 1)
    return deriv.sum(axis=axes).reshape(shape)


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that arrays of these shapes broadcast to, or None where they do not.

    >>> broadcast_shape((1, 3, 4, 4), (1, 3, 1, 1))
    (1, 3, 4, 4)
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def common_batch(xp: Any, *values: Array) -> list[Array]:
    """The values with the batch size of the largest: a batch of 1 is repeated (as a view).

    >>> import numpy as np
    >>> [v.shape for v in common_batch(np, np.ones((4, 2)), np.ones((1, 3)))]
    [(4, 2), (4, 3)]
    """
    size = max(value.shape[0] for value in values)
    return [value if value.shape[0] == size else xp.broadcast_to(value, (size, *value.shape[1:]))
            for value in values]
