"""Softmax cross-entropy on logits."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.loss_functions.options import (
    are_targets_dense,
    check_classes,
    check_smoothing,
    class_indices,
    loss_shape,
)
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.class_losses import picked_losses, picked_softmax_derivative
from deepfusion.functional.class_targets import along
from deepfusion.functional.elementwise import elementwise_into, examplewise
from deepfusion.functional.reduction import reduce_loss
from deepfusion.functional.softmax import log_softmax, log_softmax_derivative

Array = Any


class CrossEntropyLoss(Module):
    """Cross-entropy between the softmax of logits and classes, stable for logits of any size.

    Forward: `l = -sum_c t_c log p_c` with `p = softmax(x)` and `t_c = w_c ((1 - e) y_c + e / C)`; J is the mean of
        all l. Where targets are class indices, y is 1 at the index, and the mean is weighted by w of the classes.
    Backward: `dx = (p sum_c t_c - t) dl`, `dy = -(1 - e) w log p dl`.
    Shapes: inputs [x, y], x (B, C, ...), y the same (one-hot, or probabilities), or (B, ...) or (B, 1, ...)
        (class indices, integers); J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean', 'sum' or 'none'.
        weight: w, one factor per class.
        label_smoothing: e, the share of the target that is spread over all classes.
        ignore_index: Places with this class index count for nothing, in the mean either.
        axis: The axis of classes; -1 for sequences (B, T, C).

    Raises:
        ShapeError: Targets fit neither way, or the weights are not one per class.
        OptionError: A class index is not among the classes, or the smoothing not between 0 and 1.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.CrossEntropyLoss`.

    Example:
        >>> x, y = Data('x', (1, 2), val=[[0., 0.], [1e4, -1e4]]), Data('y', (1,), val=[0, 0])
        >>> m = CrossEntropyLoss('m', [x, y])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.3466
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean',
                 weight: Any = None, label_smoothing: float = 0.0, ignore_index: int = -100, axis: int = 1) -> None:
        self.reduction, self.weight, self.label_smoothing = reduction, weight, label_smoothing
        self.ignore_index, self.axis = ignore_index, axis
        super().__init__(ID, inputs, output)

    def output_shape(self, logits: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        axis = check_axis(self, self.axis, logits)
        check_classes(self, logits, target, axis, self.weight)
        check_smoothing(self)
        return loss_shape(self, self.reduction, logits[:axis] + logits[axis + 1:])

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        axis = self.axis % x.ndim
        x, y = common_batch(xp, x, y)
        w = None if self.weight is None else along(xp, self.weight, axis, x.ndim, x.dtype)
        are_dense, log_p = are_targets_dense(y, x), log_softmax(x, axis)
        losses, count, saved = (self._dense if are_dense else self._picked)(xp, log_p, y, w, axis)
        value, factor = reduce_loss(losses, self.reduction, count)
        return value, (factor, are_dense, log_p, *saved)

    def _dense(self, xp: Any, log_p: Array, y: Array, w: Array | None, axis: int
               ) -> tuple[Array, Any, tuple[Any, ...]]:
        """The losses, what 'mean' divides by, and what backward needs, from a target for each class."""
        e, t = self.label_smoothing, y if y.dtype == log_p.dtype else y.astype(log_p.dtype)
        if e:
            t = (1 - e) * t + e / log_p.shape[axis]
        if w is not None:
            t = t * w

        def put(t: Array, log_p: Array, out: Array) -> None:       # 0 log 0 = 0, where logits are -inf
            xp.negative((t * xp.where(t == 0, 0, log_p)).sum(axis=axis), out=out)

        losses = examplewise(put, xp.empty(t.shape[:axis] + t.shape[axis + 1:], t.dtype), t, log_p)
        return losses, losses.size, (t, w, y.dtype.kind == 'f')

    def _picked(self, xp: Any, log_p: Array, y: Array, w: Array | None, axis: int
                ) -> tuple[Array, Any, tuple[Any, ...]]:
        """The same from class indices."""
        index, counted = class_indices(self, xp, y, log_p, axis, self.ignore_index)
        own, rest, e = counted.astype(log_p.dtype), None, self.label_smoothing
        if e:
            rest = e / log_p.shape[axis] * own * (1 if w is None else w)
        if w is not None:
            own *= w.reshape(-1)[index]
        count = own.sum()
        own *= 1 - e
        return picked_losses(xp, log_p, index, own, rest, axis), count, (index, own, rest)

    def differentiate(self, xp: Any, deriv: Array, factor: Any, are_dense: bool, log_p: Array, *saved: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        deriv = deriv * factor
        if self.reduction == 'none':
            deriv = xp.expand_dims(deriv, self.axis)
        if not are_dense:
            index, own, rest = saved
            rest = None if rest is None else rest * deriv
            return (picked_softmax_derivative(xp, log_p, index, own * deriv, rest, self.axis % log_p.ndim), None), {}
        t, w, is_soft = saved
        dx = log_softmax_derivative(elementwise_into(xp.multiply, t, -deriv), log_p, self.axis)
        dy = None
        if is_soft and self.needs_input(1):
            dy = log_p * (deriv * (self.label_smoothing - 1) * (1.0 if w is None else w))
        return (dx, dy), {}
