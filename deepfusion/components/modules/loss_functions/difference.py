"""Losses of the difference between prediction and target, entry by entry."""

from collections.abc import Callable
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise_into
from deepfusion.functional.reduction import loss_entries, reduce_loss

Array = Any


class _Difference(Module):
    """What losses `l(h - y)` have in common; they differ in `_terms`.

    Forward: `l(d)`, `d = h - y`; J is the mean of all l.
    Backward: `dh = l'(d) dl`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean' (over all entries), 'sum' or 'none'.
    """

    # (xp, d) -> `l(d)`, or their sum unless the reduction is 'none', and `l'(d)`, which may be d itself.
    _terms: Callable[[Any, Array], tuple[Array, Array]]

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean') -> None:
        self.reduction = reduction
        super().__init__(ID, inputs, output)

    def _count(self, d: Array) -> int:
        """What 'mean' divides by."""
        return int(d.size)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, prediction, target)
        return loss_shape(self, self.reduction, prediction)

    def compute(self, xp: Any, h: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        losses, slope = loss_entries(lambda h, y: self._terms(xp, h - y), self.reduction, h, y)
        value, factor = reduce_loss(losses, self.reduction, self._count(slope))
        return value, (slope, factor)

    def differentiate(self, xp: Any, deriv: Array, slope: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dh = elementwise_into(xp.multiply, slope, deriv * factor)
        return (dh, elementwise_into(xp.negative, dh) if self.needs_input(1) else None), {}
