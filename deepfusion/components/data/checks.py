"""What nodes check of their names, shapes and rates, and say of them."""

from math import prod
from typing import Any

import numpy as np

from deepfusion.errors import NodeTypeError, OptionError, ShapeError

Array = Any


def check_ID(ID: str, kind: str) -> str:
    """Refuse an ID that is no string, or empty."""
    if not isinstance(ID, str) or not ID:
        raise NodeTypeError(f'{kind}: expected ID to be a non-empty string; found {ID!r:.60}. '
                            "Give a name as the first argument, such as 'conv1'.")
    return ID


def check_learning_rate(learning_rate: float, node: str) -> float:
    """Refuse a rate that is no number of at least 0."""
    try:
        if learning_rate >= 0:
            return float(learning_rate)
    except (TypeError, ValueError):
        pass
    raise OptionError(f'{node}: expected a learning rate of at least 0; found {learning_rate!r}.')


def check_flag(value: bool, name: str, node: str) -> bool:
    """Refuse an option that is neither True nor False: any string would count as True."""
    if isinstance(value, bool | np.bool_) or value in (0, 1):
        return bool(value)
    raise OptionError(f'{node}: expected {name} to be True or False; found {value!r:.60}.')


def check_shape(shape: tuple[int, ...], ID: str) -> tuple[int, ...]:
    """A shape as a tuple of plain integers; refuse anything else."""
    try:
        dims = tuple(int(n) for n in shape)
        valid = all(n >= 0 and n == m for n, m in zip(dims, shape, strict=True))
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ShapeError(f"Data '{ID}': expected shape to be a tuple of whole numbers like (1, 3); found {shape!r}.")
    return dims


def fits(shape: tuple[int, ...], expected: tuple[int, ...], exactly: bool) -> bool:
    """Whether a value of that shape is one of a Data of the expected shape, with any batch size unless `exactly`."""
    if exactly:
        return shape == expected
    if len(shape) == len(expected) and shape[1:] == expected[1:]:
        return True
    return len(shape) < len(expected) and prod(shape) == prod(expected) == 1        # a loss


def shape_in_words(shape: tuple[int, ...], exactly: bool) -> str:
    """What shape a value may have, any batch size unless `exactly` that."""
    if exactly:
        return str(shape)
    return '(' + ', '.join(['batch', *map(str, shape[1:])]) + (',)' if len(shape) == 1 else ')')


def fix_of(array: Array, shape: tuple[int, ...], is_parameter: bool) -> str:
    """What to do with a value that does not fit."""
    if array.shape == shape[1:] and not is_parameter:
        return 'Add a batch axis in front: value[None].'
    if array.ndim == 1 and len(shape) == 2 and shape[1] == 1:
        return 'Give value[:, None], one number an example.'
    if array.dtype.kind in 'iu' and 0 < array.ndim < 3 and len(shape) == 2 and array.size == len(array):
        return f'For class indices as one-hot targets, give np.eye({shape[1]})[indices].'
    return 'Reshape the value, or make the Data with another shape.'


def array_in_words(array: Array) -> str | None:
    """Kind, shape and type of an array, if there is one."""
    return None if array is None else f'{type(array).__name__} {array.shape} {array.dtype}'
