"""Negative log-likelihood of classes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.loss_functions.options import (
    check_classes,
    class_indices,
    loss_shape,
)
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.class_losses import picked, picked_losses
from deepfusion.functional.reduction import reduce_loss

Array = Any


class NLLLoss(Module):
    """The negative logarithm of the right class's probability, from logarithms of probabilities.

    Forward: `l = -w_y x_y`; J is the mean of all l, weighted by w of the classes.
    Backward: `dx_y = -w_y dl`, 0 for the other classes.
    Shapes: inputs [x, y], x (B, C, ...), y (B, ...) or (B, 1, ...) (class indices, integers); J (1, 1)
        with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean', 'sum' or 'none'.
        weight: w, one factor per class.
        ignore_index: Places with this class index count for nothing, in the mean either.
        axis: The axis of classes; -1 for sequences (B, T, C).

    Raises:
        ShapeError: Targets do not fit, or the weights are not one per class.
        OptionError: A class index is not among the classes.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.NLLLoss`. LogSoftmax before it makes a CrossEntropyLoss.

    Example:
        >>> x, y = Data('x', (1, 2), val=[[-0.25, -2.]]), Data('y', (1,), val=[0])
        >>> m = NLLLoss('m', [x, y])
        >>> m.forward()
        >>> print(m.output.val)
        0.25
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean',
                 weight: Any = None, ignore_index: int = -100, axis: int = 1) -> None:
        self.reduction, self.weight, self.ignore_index, self.axis = reduction, weight, ignore_index, axis
        super().__init__(ID, inputs, output)

    def output_shape(self, scores: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        axis = check_axis(self, self.axis, scores)
        check_classes(self, scores, target, axis, self.weight, only_indices=True)
        return loss_shape(self, self.reduction, scores[:axis] + scores[axis + 1:])

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        axis = self.axis % x.ndim
        x, y = common_batch(xp, x, y)
        index, counted = class_indices(self, xp, y, x, axis, self.ignore_index)
        own = counted.astype(x.dtype)
        if self.weight is not None:
            own *= xp.asarray(self.weight, dtype=x.dtype)[index]
        losses = picked_losses(xp, x, index, own, None, axis)       # a probability of 0 does no harm elsewhere
        value, factor = reduce_loss(losses, self.reduction, own.sum())
        return value, (x, index, own, factor)

    def differentiate(self, xp: Any, deriv: Array, x: Array, index: Array, own: Array, factor: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        deriv = deriv * factor
        if self.reduction == 'none':
            deriv = xp.expand_dims(deriv, self.axis)
        return (picked(xp, x, index, -own * deriv, self.axis % x.ndim), None), {}
