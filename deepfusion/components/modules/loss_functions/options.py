"""What the loss functions check in the same way."""

from typing import Any

import numpy as np

from deepfusion.components.modules.indices import check_indices
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.errors import OptionError
from deepfusion.functional.class_targets import one_hot
from deepfusion.functional.reduction import REDUCTIONS
from deepfusion.utils.names import look_up

Array = Any
Shape = tuple[int, ...]


def loss_shape(module: Module, reduction: str, entries: Shape) -> Shape:
    """(1, 1), or the shape of the entries where nothing is reduced."""
    look_up(reduction, REDUCTIONS, f'reduction of {module!r}')
    module.reduces_batch = reduction != 'none'
    return entries if reduction == 'none' else (1, 1)


def check_same(module: Module, *shapes: Shape) -> None:
    """Refuse inputs that differ in more than the batch size."""
    if any(shape[1:] != shapes[0][1:] or len(shape) != len(shapes[0]) for shape in shapes):
        raise module.shape_error('inputs of equal shapes', ' and '.join(map(str, shapes)),
                                 'Bring them to one shape first.')


def check_classes(module: Module, scores: Shape, target: Shape, axis: int, weight: Any,
                  only_indices: bool = False) -> None:
    """Refuse targets that are neither of the scores' shape nor of that without the axis of classes (or with 1
    there), and weights that are not one per class."""
    before, behind = scores[1:axis], scores[axis + 1:]
    indices = (before + behind, (*before, 1, *behind))
    if target[1:] not in indices and (only_indices or target[1:] != scores[1:]):
        others = '' if only_indices else f'{scores} (one-hot, or probabilities) or '
        raise module.shape_error(f'targets of shape {others}{(1, *before, *behind)} (class indices)', target,
                                 f"The scores in '{module.inputs[0].ID}' have {scores[axis]} classes on axis {axis}.")
    if weight is not None and np.shape(weight) != (scores[axis],):
        raise module.shape_error(f'{scores[axis]} weights, one for each class',
                                 f'{len(weight)}' if np.ndim(weight) == 1 else f'shape {np.shape(weight)}',
                                 'Give as many as there are classes.')


def class_targets(module: Module, xp: Any, y: Array, scores: Array, axis: int, only_indices: bool = False) -> Array:
    """Targets in the shape of the scores."""
    if are_targets_dense(y, scores) and not only_indices:
        return y if y.dtype == scores.dtype else y.astype(scores.dtype)
    indices, _ = class_indices(module, xp, y, scores, axis)
    return one_hot(xp, indices.squeeze(axis), scores.shape[axis], axis, scores.dtype)


def are_targets_dense(y: Array, scores: Array) -> bool:
    """Whether there is a target for each score, not an index of a class."""
    return bool(y.shape[1:] == scores.shape[1:])


def class_indices(module: Module, xp: Any, y: Array, scores: Array, axis: int, ignore_index: int | None = None
                  ) -> tuple[Array, Array]:
    """Class indices, the axis of classes being 1, with 0 for those that are to be ignored; and where they are not."""
    indices = xp.expand_dims(y.reshape(scores.shape[:axis] + scores.shape[axis + 1:]), axis)
    counted = xp.ones(indices.shape, dtype=bool) if ignore_index is None else indices != ignore_index
    indices = xp.where(counted, indices, 0)
    check_indices(module, 1, indices, scores.shape[axis])
    return indices, counted


def check_smoothing(module: Module) -> None:
    """Refuse a label_smoothing that is no share."""
    check_number(module, 'label_smoothing', 'Give the share of the target that is spread over all classes.', least=0,
                 most=1)


def check_squareness(module: Module, p: int) -> None:
    """Refuse an exponent other than 1 and 2."""
    if p not in (1, 2):
        raise OptionError(f'{module!r}: expected p to be 1 or 2; found {p!r}. Use 2 for the squared form.')
