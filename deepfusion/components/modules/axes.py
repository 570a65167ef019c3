"""Shapes of element-wise work and reductions: axes checked and counted from the front, and broadcasting."""

from numbers import Integral

from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.broadcasting import broadcast_shape


def check_axis(module: Module, axis: int, shape: tuple[int, ...], extra: int = 0) -> int:
    """The axis counted from the front. Refuses that of the batch, and one that is not there.

    Args:
        module: Whose option it is.
        axis: The option.
        shape: The shape it is an axis of.
        extra: How many axes the result has beyond `shape`.
    """
    rank = len(shape) + extra
    if not isinstance(axis, Integral) or not -rank < axis < rank or axis == 0:
        raise module.shape_error(f'an axis other than the batch, from 1 to {rank - 1}', f'axis {axis!r}',
                                 f"The shape of '{module.inputs[0].ID}' is {shape}.")
    return axis % rank


def check_integers(module: Module, name: str) -> tuple[int, ...]:
    """The option of that name as a tuple. Refuses what is no list of integers."""
    value = getattr(module, name)
    if not isinstance(value, tuple | list) or not all(isinstance(n, Integral) for n in value):
        raise OptionError(f'{module!r}: expected {name} to be a tuple of integers; found {value!r}. '
                          f'A single one is written as {name}=(6,).')
    return tuple(map(int, value))


def broadcast(module: Module, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that all of them broadcast to. Refuses shapes that do not."""
    shape = broadcast_shape(*shapes)
    if shape is None:
        raise module.shape_error('inputs of equal shapes, or shapes that broadcast', list(shapes),
                                 'Bring them to one shape first.')
    return shape


def check_axes(module: Module, axes: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes counted from the front, in order; all but the batch where None."""
    if axes is None:
        return tuple(range(1, len(shape)))
    named = tuple(axes) if isinstance(axes, tuple | list) else (axes,)
    found = {check_axis(module, axis, shape) for axis in named}
    if len(found) < len(named):
        raise module.shape_error('axes that differ from each other', named, 'Name each axis once.')
    return tuple(sorted(found))


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """The shape after a reduction over these axes."""
    return tuple(1 if axis in axes else n for axis, n in enumerate(shape) if keepdims or axis not in axes)
