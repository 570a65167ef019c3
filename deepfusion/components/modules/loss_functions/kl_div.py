"""How far a distribution is from its target."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.reduction import reduce_loss

Array = Any


class KLDivLoss(Module):
    """Kullback-Leibler divergence of a prediction, given as logarithms of probabilities, from a target.

    Forward: `l = y (log y - x)`, 0 where y = 0; with a target in logarithms `l = exp(y) (y - x)`.
    Backward: `dx = -y dl`, `dy = (log y + 1 - x) dl` (0 where y = 0); in logarithms `dx = -exp(y) dl`,
        `dy = exp(y) (y + 1 - x) dl`.
    Shapes: inputs [x, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean' (over all entries), 'batchmean' (the sum over the batch size: the divergence itself), 'sum'
            or 'none'.
        log_target: Whether the target is given as logarithms, too.

    Raises:
        ShapeError: Prediction and target differ in shape.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.KLDivLoss`; Kullback and Leibler 1951 (On Information and Sufficiency), equation 2.4.

    Example:
        >>> x, y = Data('x', (1, 2), val=[[-1., -2.]]), Data('y', (1, 2), val=[[1., 0.]])
        >>> m = KLDivLoss('m', [x, y], reduction='batchmean')
        >>> m.forward()
        >>> print(m.output.val)
        1.0
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean',
                 log_target: bool = False) -> None:
        self.reduction, self.log_target = reduction, log_target
        super().__init__(ID, inputs, output)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, prediction, target)
        return loss_shape(self, 'mean' if self.reduction == 'batchmean' else self.reduction, prediction)

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        x, y = common_batch(xp, x, y)
        if self.log_target:
            p = xp.exp(y)
            ratio = y - x
        else:
            p = y
            # A target of 0 costs nothing, whatever was predicted there.
            ratio = xp.where(p > 0, xp.log(xp.where(p > 0, p, 1)) - x, 0)
        losses = p * ratio
        if self.reduction == 'batchmean':
            value, factor = reduce_loss(losses, 'mean', losses.shape[0])
        else:
            value, factor = reduce_loss(losses, self.reduction, losses.size)
        return value, (p, ratio, factor)

    def differentiate(self, xp: Any, deriv: Array, p: Array, ratio: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        deriv = deriv * factor
        dy = None
        if self.needs_input(1):
            dy = (ratio + 1) * deriv * (p if self.log_target else p > 0)
        return (-p * deriv, dy), {}
