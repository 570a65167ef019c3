"""Squared near the target, absolute far away."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.difference import _Difference
from deepfusion.components.modules.numbers import check_number

Array = Any


class HuberLoss(_Difference):
    """Half the squared distance up to delta, and from there on a straight line.

    Forward: `l = d^2 / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`, `d = h - y`; J is the mean of all l.
    Backward: `dh = clip(d, -delta, delta) dl`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        delta: The distance where the line begins.
        reduction: 'mean' (over all entries), 'sum' or 'none'.

    Raises:
        ShapeError: Prediction and target differ in shape.
        OptionError: delta is not positive.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.HuberLoss`; Huber 1964 (Robust Estimation of a Location Parameter).

    Example:
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 5.]])
        >>> m = HuberLoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        1.25
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, delta: float = 1.0,
                 reduction: str = 'mean') -> None:
        self.delta = delta
        super().__init__(ID, inputs, output, reduction)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'delta', 'It is the distance where the two forms meet.', above=0)
        return super().output_shape(prediction, target)

    def _terms(self, xp: Any, d: Array) -> tuple[Array, Array]:
        slope = xp.clip(d, -self.delta, self.delta)
        return slope * (d - 0.5 * slope), slope         # one form for both sides of delta
