"""The absolute distance between prediction and target."""

from typing import Any

from deepfusion.components.modules.loss_functions.difference import _Difference

Array = Any


class MAELoss(_Difference):
    """Mean absolute error.

    Forward: `l = |h - y|`; J is the mean of all l.
    Backward: `dh = sign(h - y) dl` (0 where they are equal), `dy = -dh`.
    Shapes: inputs [h, y], both (B, ...), J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        reduction: 'mean' (over all entries), 'sum' or 'none'.

    Raises:
        ShapeError: Prediction and target differ in shape.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.L1Loss`.

    Example:
        >>> from deepfusion.components.data import Data
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 5.]])
        >>> m = MAELoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val)
        1.5
    """

    def _terms(self, xp: Any, d: Array) -> tuple[Array, Array]:
        return abs(d), xp.sign(d)
