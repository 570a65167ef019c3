"""Half the squared distance between prediction and target."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.reduction import reduce_loss

Array = Any


class MSELoss(Module):
    """Mean squared error: half the squared distance, averaged over the batch.

    Forward: `J = 1 / (2B) sum (h - y)^2`; 'sum' leaves out 1/B, 'none' the sum as well.
    Backward: `dh = (h - y) / B dJ`, `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value.

    Args:
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: Prediction and target differ in shape.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.MSELoss`, but half of it, and averaged over examples only.

    Example:
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 4.]])
        >>> m = MSELoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        2.0
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean') -> None:
        self.reduction = reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, prediction: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, prediction, target)
        return loss_shape(self, self.reduction, prediction)

    def compute(self, xp: Any, h: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        difference = h - y
        value, factor = reduce_loss(0.5 * difference * difference, self.reduction, difference.shape[0])
        return value, (difference, factor)

    def differentiate(self, xp: Any, deriv: Array, difference: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dh = difference * (deriv * factor)
        return (dh, -dh if self.needs_input(1) else None), {}
