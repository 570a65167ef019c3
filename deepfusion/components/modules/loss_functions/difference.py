"""Losses of the difference between prediction and target, entry by entry."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import FORMULA, elementwise_into
from deepfusion.functional.parallel import split_sum
from deepfusion.functional.reduction import reduce_loss
from deepfusion.functional.workspace import empty_like

Array = Any


class _Difference(Module):
    """What losses `l(h - y)` have in common; they differ in `_terms`.

    Forward: `l(d)`, `d = h - y`; J is the mean of all l.
    Backward: `dh = l'(d) dl`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean' (over all entries), 'sum' or 'none'.
    """

    _terms: Callable[[Any, Array], tuple[Array, Array]]      # (xp, d) -> `l(d)` and `l'(d)`, which may be d itself

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
        if h.size > FORMULA and xp is np and self.reduction != 'none' and (h.shape, h.dtype) == (y.shape, y.dtype):
            losses, slope = self._sums(h, y)
        else:
            losses, slope = self._terms(xp, h - y)
        value, factor = reduce_loss(losses, self.reduction, self._count(slope))
        return value, (slope, factor)

    def _sums(self, h: Array, y: Array) -> tuple[Array, Array]:
        """The sum of large numbers of losses, and their slopes: in blocks that stay in cache, on all cores."""
        slope = empty_like(np, h)

        def task(share: slice) -> tuple[Array]:
            d = np.subtract(h[share], y[share], out=slope[share])
            losses, found = self._terms(np, d)
            if found is not d:
                slope[share] = found
            return (losses.sum().reshape(1),)

        return split_sum(np, task, len(h), h.size, FORMULA)[0], slope

    def differentiate(self, xp: Any, deriv: Array, slope: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dh = elementwise_into(xp.multiply, slope, deriv * factor)
        return (dh, elementwise_into(xp.negative, dh) if self.needs_input(1) else None), {}
