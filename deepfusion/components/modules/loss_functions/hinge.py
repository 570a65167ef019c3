"""A margin between two classes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import (
    check_same,
    check_squareness,
    loss_shape,
)
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.reduction import reduce_loss

Array = Any


class HingeLoss(Module):
    """What a score lacks to stand on its target's side, beyond a margin: the loss of support vector machines.

    Forward: `l = max(0, margin - y h)^p`; J is the mean of all l.
    Backward: `dh = -y p m^(p - 1) dl` with `m = max(0, margin - y h)` (0 where m is), `dy` likewise with h.
    Shapes: inputs [h, y], both (B, ...), y being 1 or -1; J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        margin: How far beyond 0 a score has no loss.
        p: 1, or 2 for the squared form.
        reduction: 'mean' (over all entries), 'sum' or 'none'.

    Raises:
        ShapeError: Scores and targets differ in shape.
        OptionError: p is neither 1 nor 2.
        UnknownNameError: The reduction is not known.

    Reference: Cortes and Vapnik 1995 (Support-Vector Networks); Tang 2013 (Deep Learning using Linear Support
        Vector Machines), equations 5 and 6.

    Example:
        >>> h, y = Data('h', (1, 2), val=[[0.5, 3.]]), Data('y', (1, 2), val=[[-1., 1.]])
        >>> m = HingeLoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        0.75
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, margin: float = 1.0, p: int = 1,
                 reduction: str = 'mean') -> None:
        self.margin, self.p, self.reduction = margin, p, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, scores: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, scores, target)
        check_squareness(self, self.p)
        check_number(self, 'margin', 'Usual is 1.')
        return loss_shape(self, self.reduction, scores)

    def compute(self, xp: Any, h: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        lack = xp.maximum(self.margin - y * h, 0)
        value, factor = reduce_loss(lack ** self.p, self.reduction, lack.size)
        return value, (h, y, lack, factor)

    def differentiate(self, xp: Any, deriv: Array, h: Array, y: Array, lack: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        slope = -(deriv * factor) * (2 * lack if self.p == 2 else lack > 0)
        return (y * slope, h * slope if self.needs_input(1) else None), {}
