"""The sum of a value as a loss."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.functional.reduction import reduce_loss

Array = Any


class SumLoss(Module):
    """The sum over every example's entries, averaged over the batch: makes a loss of any value.

    Forward: `J = 1/B sum x`; 'sum' leaves out 1/B, 'none' gives x.
    Backward: `dx = dJ / B`.
    Shapes: x (B, ...), J (1, 1) with a 0-d value.

    Args:
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        UnknownNameError: The reduction is not known.

    Reference: `torch.sum`, divided by the batch size.

    Example:
        >>> s = SumLoss('s', [Data('x', (1, 2), val=[[1., 2.], [3., 4.]])])
        >>> s.forward()
        >>> print(s.output.val)
        5.0
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, reduction: str = 'mean') -> None:
        self.reduction = reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return loss_shape(self, self.reduction, shape)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        value, factor = reduce_loss(x, self.reduction, x.shape[0])
        return value, (x, factor)

    def differentiate(self, xp: Any, deriv: Array, x: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (xp.zeros_like(x) + deriv * factor,), {}
