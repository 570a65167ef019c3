"""Half the squared distance between prediction and target."""

from typing import Any

from deepfusion.components.modules.loss_functions.difference import _Difference

Array = Any


class MSELoss(_Difference):
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
        >>> from deepfusion.components.data import Data
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 4.]])
        >>> m = MSELoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        2.0
    """

    def _terms(self, xp: Any, d: Array) -> tuple[Array, Array]:
        if self.reduction == 'none':
            return 0.5 * d * d, d
        flat = d.ravel(order='K')       # whose product with itself is the sum, in one pass
        return 0.5 * flat.dot(flat), d

    def _count(self, d: Array) -> int:
        return len(d)
