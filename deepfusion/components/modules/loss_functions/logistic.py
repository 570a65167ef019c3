"""Binary cross-entropy on logits."""

from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, check_smoothing, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.broadcasting import broadcast_shape
from deepfusion.functional.elementwise import elementwise_into
from deepfusion.functional.reduction import loss_entries, reduce_loss
from deepfusion.functional.sigmoid import sigmoid

Array = Any


class LogisticLoss(Module):
    """Binary cross-entropy between logits and targets 0 or 1 (or probabilities), stable for logits of any size.

    Forward: `l = -w (p y log s(x) + (1 - y) log s(-x))`, s the logistic function; J is the mean of all l.
    Backward: `dx = w (s(x) (p y + 1 - y) - p y) dl`, `dy = -w (p log s(x) - log s(-x)) dl`.
    Shapes: inputs [x, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean', 'sum' or 'none'.
        weight: w, a factor per entry: a number, or an array that broadcasts against one example.
        pos_weight: p, a factor of the positive part, in the same forms.
        label_smoothing: Share e of the target that is spread evenly: y becomes `(1 - e) y + e / 2`.
        ignore_index: Entries with this target count for nothing, in the mean either.

    Raises:
        ShapeError: Logits and targets differ in shape, or a weight does not broadcast against one example.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.BCEWithLogitsLoss`.

    Example:
        >>> x, y = Data('x', (1, 1), val=[[0.], [1e4]]), Data('y', (1, 1), val=[[0.], [1.]])
        >>> m = LogisticLoss('m', [x, y])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.3466
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean',
                 weight: Any = None, pos_weight: Any = None, label_smoothing: float = 0.0,
                 ignore_index: int = -100) -> None:
        self.reduction = reduction
        self.weight, self.pos_weight = weight, pos_weight
        self.label_smoothing, self.ignore_index = label_smoothing, ignore_index
        self.marks = {1: ignore_index}
        super().__init__(ID, inputs, output)

    def output_shape(self, logits: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, logits, target)
        check_smoothing(self)
        for name, option in (('weight', self.weight), ('pos_weight', self.pos_weight)):
            if option is not None and (np.asarray(option).dtype.kind not in 'biuf' or np.less(option, 0).any()):
                raise OptionError(f'{self!r}: expected {name} to be a number of at least 0, or an array of such; found '
                                  f'{option!r:.60}. None weighs all alike.')
            if broadcast_shape(np.shape(0 if option is None else option), logits) != logits:
                raise self.shape_error(f'{name} to broadcast against one example, {logits}', np.shape(option),
                                       'Give a number, or one for each entry of an example.')
        return loss_shape(self, self.reduction, logits)

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        losses, slope = loss_entries(lambda x, y: self._terms(xp, x, y), self.reduction, x, y)
        counted = (y != self.ignore_index).sum()
        value, factor = reduce_loss(losses, self.reduction, counted * (slope.size // y.size) if y.size else 0)
        return value, (x, y, slope, factor)

    def _terms(self, xp: Any, x: Array, y: Array) -> tuple[Array, Array]:
        """The losses, and their derivatives by the logits."""
        y, w, p = self._weighted(xp, x, y)
        positive, negative = self._costs(xp, x)
        py, ny = p * y, 1 - y
        return w * (py * positive + ny * negative), w * (sigmoid(x) * (py + ny) - py)

    def _weighted(self, xp: Any, x: Array, y: Array) -> tuple[Array, Any, Any]:
        """The targets, smoothed, and the factors of entries and of positive parts."""
        counted, e = y != self.ignore_index, self.label_smoothing
        w, p = (1.0 if option is None else xp.asarray(option, dtype=x.dtype)
                for option in (self.weight, self.pos_weight))
        return xp.where(counted, y * (1 - e) + e / 2, 0), counted.astype(x.dtype) * w, p

    def _costs(self, xp: Any, x: Array) -> tuple[Array, Array]:
        """`-log s(x) = max(-x, 0) + log(1 + exp(-|x|))`, and `-log s(-x)`, which is x more: nothing overflows."""
        rest = xp.log1p(xp.exp(-abs(x)))
        return xp.maximum(-x, 0) + rest, xp.maximum(x, 0) + rest

    def differentiate(self, xp: Any, deriv: Array, x: Array, y: Array, slope: Array, factor: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        deriv, dy = deriv * factor, None
        if self.needs_input(1):
            (positive, negative), (_, w, p) = self._costs(xp, x), self._weighted(xp, x, y)
            dy = w * (1 - self.label_smoothing) * (p * positive - negative) * deriv
        return (elementwise_into(xp.multiply, slope, deriv), dy), {}
