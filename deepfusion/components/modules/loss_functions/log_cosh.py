"""The logarithm of the hyperbolic cosine of the distance."""

import math
from typing import Any

from deepfusion.components.modules.loss_functions.difference import _Difference

Array = Any


class LogCoshLoss(_Difference):
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
        >>> from deepfusion.components.data import Data
        >>> h, y = Data('h', (1, 2), val=[[1., 2.]]), Data('y', (1, 2), val=[[1., 5.]])
        >>> m = LogCoshLoss('m', [h, y])
        >>> m.forward()
        >>> print(m.output.val.round(3))
        1.155
    """

    def _terms(self, xp: Any, d: Array) -> tuple[Array, Array]:
        size = abs(d)
        return size + xp.log1p(xp.exp(-2 * size)) - math.log(2), xp.tanh(d)
