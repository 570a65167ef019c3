"""What the methods of a module have to give back, and how many inputs they take, in words."""

import inspect
from collections.abc import Callable
from typing import Any

from deepfusion.errors import NodeTypeError

Array = Any


def wrong_result(module: Any, result: Any) -> NodeTypeError:
    """The error for what `compute` gave back."""
    return NodeTypeError(f'{module!r}: expected compute to return (value, saved), value being an array and saved a '
                         f'tuple; found {_kind(result)}. Write `return value, (...)`, with () for nothing.')


def wrong_derivatives(module: Any, result: Any) -> NodeTypeError:
    """The error for what `differentiate` gave back."""
    return NodeTypeError(f'{module!r}: expected differentiate to return (input derivatives, {{name: derivative}}) '
                         f'with a tuple of {len(module.inputs)}, one for each input; found {_kind(result)}. '
                         'Write `return (dx,), {}` for one input and no parameter.')


def checked_shape(module: Any, shape: Any) -> tuple[int, ...]:
    """What `output_shape` gave back, as a tuple."""
    if isinstance(shape, tuple | list):
        return tuple(shape)
    raise NodeTypeError(f'{module!r}: expected output_shape to return a shape such as (1, 3); found '
                        f'{type(shape).__name__}. Return the shape of the output, batch axis 1 in front.')


def _kind(result: Any) -> str:
    """The type; of a tuple those of its entries, and how many there are in those that are lists."""
    if not isinstance(result, tuple):
        return type(result).__name__
    kinds = (f'{type(x).__name__} of {len(x)}' if isinstance(x, tuple | list) else type(x).__name__ for x in result)
    return f'({", ".join(kinds)})'


def input_count(function: Callable[..., Any]) -> str:
    """How many inputs a method takes.

    >>> input_count(lambda x, mask=None: None), input_count(lambda x, *others: None), input_count(lambda x: None)
    ('1 or 2 inputs', 'at least 1 input', '1 input')
    """
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    least = sum(p.kind is not p.VAR_POSITIONAL and p.default is p.empty for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return f'at least {least} input{"s" * (least != 1)}'
    counts = ' or '.join(map(str, range(least, len(parameters) + 1)))
    return f'{counts} input{"s" * (counts != "1")}'
