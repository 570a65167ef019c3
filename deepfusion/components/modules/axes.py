"""Axes as options: checked, and counted from the front."""

from numbers import Integral

from deepfusion.components.modules.module import Module


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
