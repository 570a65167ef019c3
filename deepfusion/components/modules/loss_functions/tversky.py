"""Overlap of predicted and true regions, misses and false alarms weighted apart."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import (
    check_classes,
    class_targets,
    loss_shape,
)
from deepfusion.components.modules.loss_functions.regions import (
    check_regions,
    region_derivative,
    region_probabilities,
)
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.overlap import tversky, tversky_derivative
from deepfusion.functional.reduction import reduce_loss

Array = Any


class TverskyLoss(Module):
    """One minus the Tversky index of a segmentation, averaged over examples and channels.

    Forward: `l = 1 - (TP + s) / (TP + alpha FP + beta FN + s)` for each example and channel, with `TP = sum p y`,
        `FP = sum p (1 - y)`, `FN = sum (1 - p) y` over space; J is the mean of all l.
    Backward: with the index N / D: `dp = -(y D - N (alpha + (1 - alpha - beta) y)) / D^2 dl`, on through the
        activation; `dy = -(p D - N (beta + (1 - alpha - beta) p)) / D^2 dl`.
    Shapes: inputs [x, y], x (B, C, ...), y the same (1 inside), or (B, ...) or (B, 1, ...) (class indices,
        integers); J (1, 1) with a 0-d value; 'none': (B, C).

    Args:
        alpha: Weight of false positives.
        beta: Weight of false negatives; with both 1/2 it is a DiceLoss.
        smooth: s, which keeps the index of empty regions from 0/0.
        activation: What makes p of x: 'sigmoid', 'softmax' (over the channels), or 'none' (x is p).
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: The input has no space, or targets fit neither way.
        OptionError: A weight is negative, or a class index is not among the classes.
        UnknownNameError: The activation or reduction is not known.

    Reference: Salehi et al. 2017 (Tversky Loss Function for Image Segmentation), equation 3.

    Example:
        >>> p, y = Data('p', (1, 1, 2), val=[[[1., 1.]]]), Data('y', (1, 1, 2), val=[[[1., 0.]]])
        >>> m = TverskyLoss('m', [p, y], smooth=0, activation='none')
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.2308
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, alpha: float = 0.3, beta: float = 0.7,
                 smooth: float = 1.0, activation: str = 'sigmoid', reduction: str = 'mean') -> None:
        self.alpha, self.beta, self.smooth = alpha, beta, smooth
        self.activation, self.reduction = activation, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, scores: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_regions(self, scores, self.activation, 'alpha', 'beta', 'smooth')
        check_classes(self, scores, target, 1, None)
        return loss_shape(self, self.reduction, scores[:2])

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        x, y = common_batch(xp, x, y)
        is_soft = y.dtype.kind == 'f'
        t = class_targets(self, xp, y, x, 1)
        p = region_probabilities(x, self.activation)
        ratio, denominator = tversky(p, t, self.alpha, self.beta, self.smooth)
        value, factor = reduce_loss(1 - ratio, self.reduction, ratio.size)
        return value, (p, t, denominator, ratio, is_soft, factor)

    def differentiate(self, xp: Any, deriv: Array, p: Array, t: Array, denominator: Array, ratio: Array,
                      is_soft: bool, factor: float) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dp, dt = tversky_derivative(-deriv * factor, p, t, self.alpha, self.beta, ratio, denominator)
        return (region_derivative(dp, p, self.activation), dt if is_soft else None), {}
