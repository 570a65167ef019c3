"""A margin between the right class and all others."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import (
    check_classes,
    check_squareness,
    class_targets,
    loss_shape,
)
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.class_targets import along
from deepfusion.functional.reduction import reduce_loss

Array = Any


class MultiMarginLoss(Module):
    """What the right class's score lacks, beyond a margin, against each of the others.

    Forward: `l = w_y / C sum_{c != y} m_c^p` with `m_c = max(0, margin - x_y + x_c)`; J is the mean of all l.
    Backward: `dx_c = w_y p / C m_c^(p - 1) dl` for c != y (0 where m is), `dx_y = -sum dx_c`.
    Shapes: inputs [x, y], x (B, C), y (B,) or (B, 1) (class indices, integers); J (1, 1) with a 0-d value;
        'none': (B,).

    Args:
        p: 1, or 2 for the squared form.
        margin: How far the right class should be ahead.
        weight: w, one factor per class.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: Targets do not fit, or the weights are not one per class.
        OptionError: p is neither 1 nor 2, or a class index is not among the classes.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.MultiMarginLoss`; Crammer and Singer 2001 for the idea.

    Example:
        >>> x, y = Data('x', (1, 3), val=[[1., 2.5, 3.]]), Data('y', (1,), val=[2])
        >>> m = MultiMarginLoss('m', [x, y])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.1667
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, p: int = 1, margin: float = 1.0,
                 weight: Any = None, reduction: str = 'mean') -> None:
        self.p, self.margin, self.weight, self.reduction = p, margin, weight, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, scores: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        if len(scores) != 2:
            raise self.shape_error('scores of shape (1, C)', scores, 'Flatten them first.')
        check_classes(self, scores, target, 1, self.weight, only_indices=True)
        check_squareness(self, self.p)
        check_number(self, 'margin', 'Usual is 1.')
        return loss_shape(self, self.reduction, scores[:1])

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        x, y = common_batch(xp, x, y)
        right = class_targets(self, xp, y, x, 1, only_indices=True)
        lack = xp.maximum(self.margin - (x * right).sum(axis=1, keepdims=True) + x, 0) * (1 - right)
        scale = right if self.weight is None else right * along(xp, self.weight, 1, 2, x.dtype)
        scale = scale.sum(axis=1) / x.shape[1]
        value, factor = reduce_loss((lack ** self.p).sum(axis=1) * scale, self.reduction, x.shape[0])
        return value, (lack, right, scale, factor)

    def differentiate(self, xp: Any, deriv: Array, lack: Array, right: Array, scale: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        slope = (2 * lack if self.p == 2 else lack > 0) * (deriv * factor * scale)[:, None]
        return (slope - right * slope.sum(axis=1, keepdims=True), None), {}
