"""Overlap of predicted and true regions."""

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


class DiceLoss(Module):
    """One minus the Dice coefficient of a segmentation, averaged over examples and channels.

    Forward: `l = 1 - (2 sum p y + s) / (sum p + sum y + s)` for each example and channel, sums over space; J is the
        mean of all l.
    Backward: with the coefficient N / D: `dp = -(2 y - N / D) / D dl`, on through the activation;
        `dy = -(2 p - N / D) / D dl`.
    Shapes: inputs [x, y], x (B, C, ...), y the same (1 inside), or (B, ...) or (B, 1, ...) (class indices,
        integers); J (1, 1) with a 0-d value; 'none': (B, C).

    Args:
        smooth: s, which keeps the coefficient of empty regions from 0/0.
        activation: What makes p of x: 'sigmoid', 'softmax' (over the channels), or 'none' (x is p).
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: The input has no space, or targets fit neither way.
        OptionError: smooth is negative, or a class index is not among the classes.
        UnknownNameError: The activation or reduction is not known.

    Reference: Sudre et al. 2017 (Generalised Dice Overlap as a Deep Learning Loss Function), equation 4, for each
        channel; Milletari et al. 2016 (V-Net) for the idea.

    Example:
        >>> p, y = Data('p', (1, 1, 2), val=[[[1., 1.]]]), Data('y', (1, 1, 2), val=[[[1., 0.]]])
        >>> m = DiceLoss('m', [p, y], smooth=0, activation='none')
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.3333
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, smooth: float = 1.0,
                 activation: str = 'sigmoid', reduction: str = 'mean') -> None:
        self.smooth, self.activation, self.reduction = smooth, activation, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, scores: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        check_regions(self, scores, self.activation, 'smooth')
        check_classes(self, scores, target, 1, None)
        return loss_shape(self, self.reduction, scores[:2])

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        x, y = common_batch(xp, x, y)
        is_soft = y.dtype.kind == 'f'
        t = class_targets(self, xp, y, x, 1)
        p = region_probabilities(x, self.activation)
        ratio, denominator = tversky(p, t, 0.5, 0.5, self.smooth / 2)     # Dice is Tversky's index at 1/2, 1/2
        value, factor = reduce_loss(1 - ratio, self.reduction, ratio.size)
        return value, (p, t, denominator, ratio, is_soft, factor)

    def differentiate(self, xp: Any, deriv: Array, p: Array, t: Array, denominator: Array, ratio: Array,
                      is_soft: bool, factor: float) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dp, dt = tversky_derivative(-deriv * factor, p, t, 0.5, 0.5, ratio, denominator)
        return (region_derivative(dp, p, self.activation), dt if is_soft else None), {}
