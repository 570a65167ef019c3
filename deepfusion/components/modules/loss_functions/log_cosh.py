"""The logarithm of the hyperbolic cosine of the distance."""

import math
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.reduction import reduce_loss

Array = Any


class LogCoshLoss(Module):
    """Half the squared distance near 0, the distance less log 2 far away, smooth in between.

    Forward: `l = log cosh(h - y) = |d| + log(1 + exp(-2|d|)) - log 2`, `d = h - y`; J is the mean of all l.
    Backward: `dh = tanh(h - y) dl`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean' (over all entries), 'sum' or 'none'.

    Raises:
        ShapeError: Prediction and target differ in shape.
        UnknownNameError: The reduction is not known.

    Reference: Saleh and Saleh 2022 (Statistical Properties of the log-cosh Loss Function), equation 1.

    Example:
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 5.]])
        >>> m = LogCoshLoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val.round(3))
        1.155
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean') -> None:
        self.reduction = reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, prediction, target)
        return loss_shape(self, self.reduction, prediction)

    def compute(self, xp: Any, h: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        difference = h - y
        size = abs(difference)
        losses = size + xp.log1p(xp.exp(-2 * size)) - math.log(2)
        value, factor = reduce_loss(losses, self.reduction, difference.size)
        return value, (xp.tanh(difference), factor)

    def differentiate(self, xp: Any, deriv: Array, slope: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dh = slope * (deriv * factor)
        return (dh, -dh if self.needs_input(1) else None), {}
