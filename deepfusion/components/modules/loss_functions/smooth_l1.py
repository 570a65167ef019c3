"""The absolute distance, rounded off near the target."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.reduction import reduce_loss

Array = Any


class SmoothL1Loss(Module):
    """The distance, less a constant; a parabola nearer than beta.

    Forward: `l = d^2 / (2 beta)` where `|d| < beta`, else `|d| - beta / 2`, `d = h - y`; J is the mean of all l.
    Backward: `dh = clip(d / beta, -1, 1) dl`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        beta: The distance up to which it is rounded off; 0 for none.
        reduction: 'mean' (over all entries), 'sum' or 'none'.

    Raises:
        ShapeError: Prediction and target differ in shape.
        OptionError: beta is negative.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.SmoothL1Loss`; Girshick 2015 (Fast R-CNN), equation 3.

    Example:
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 5.]])
        >>> m = SmoothL1Loss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        1.25
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, beta: float = 1.0,
                 reduction: str = 'mean') -> None:
        self.beta, self.reduction = beta, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, prediction, target)
        if not self.beta >= 0:
            raise OptionError(f'{self!r}: expected beta to be at least 0; found {self.beta!r}. '
                              'It is the distance where the two forms meet.')
        return loss_shape(self, self.reduction, prediction)

    def compute(self, xp: Any, h: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        difference = h - y
        slope = xp.clip(difference / self.beta, -1, 1) if self.beta else xp.sign(difference)
        losses = slope * (difference - 0.5 * self.beta * slope)        # one form for both sides of beta
        value, factor = reduce_loss(losses, self.reduction, difference.size)
        return value, (slope, factor)

    def differentiate(self, xp: Any, deriv: Array, slope: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dh = slope * (deriv * factor)
        return (dh, -dh if self.needs_input(1) else None), {}
