"""The absolute distance, rounded off near the target."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.difference import _Difference
from deepfusion.components.modules.numbers import check_number

Array = Any


class SmoothL1Loss(_Difference):
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
        self.beta = beta
        super().__init__(ID, inputs, output, reduction)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'beta', 'It is the distance where the two forms meet.', least=0)
        return super().output_shape(prediction, target)

    def _terms(self, xp: Any, d: Array) -> tuple[Array, Array]:
        slope = xp.clip(d / self.beta, -1, 1) if self.beta else xp.sign(d)
        return slope * (d - 0.5 * self.beta * slope), slope         # one form for both sides of beta
