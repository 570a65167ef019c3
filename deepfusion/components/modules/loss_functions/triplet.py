"""Nearer to one vector than to another."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.reduction import reduce_loss

Array = Any


class TripletLoss(Module):
    """What an anchor lacks to be nearer to a positive than to a negative, beyond a margin.

    Forward: `l = max(0, d(a, p) - d(a, n) + margin)`, `d(u, v) = |u - v + eps|_p`, for each example; with swap,
        `min(d(a, n), d(p, n))` takes the place of d(a, n). J is the mean of all l.
    Backward: `du = e |e|^(p - 2) / d^(p - 1) dd`, `dv = -du`, with `e = u - v + eps`, where l > 0.
    Shapes: inputs [a, p, n], all (B, ..., D); J (1, 1) with a 0-d value; 'none': (B, ...).

    Args:
        margin: How much nearer the positive should be.
        p: The norm, at least 1.
        swap: Whether the negative should be far from the positive as well.
        reduction: 'mean', 'sum' or 'none'.
        epsilon: Added to differences.

    Raises:
        ShapeError: The inputs differ in shape.
        OptionError: p is below 1.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.TripletMarginLoss`; Balntas et al. 2016 (Learning Local Feature Descriptors with Triplets
        and Shallow Convolutional Neural Networks), equations 2 and 3.

    Example:
        >>> a, p, n = (Data(ID, (1, 1), val=[[v]]) for ID, v in (('a', 0.), ('p', 1.), ('n', 1.5)))
        >>> m = TripletLoss('m', [a, p, n])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.5
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, margin: float = 1.0, p: float = 2.0,
                 swap: bool = False, reduction: str = 'mean', epsilon: float = 1e-6) -> None:
        self.margin, self.p, self.swap, self.reduction, self.epsilon = margin, p, swap, reduction, epsilon
        super().__init__(ID, inputs, output)

    def output_shape(self, anchor: tuple[int, ...], positive: tuple[int, ...], negative: tuple[int, ...]
                     ) -> tuple[int, ...]:
        check_same(self, anchor, positive, negative)
        check_number(self, 'p', 'Use 2 for Euclidean distance.', least=1)
        check_number(self, 'margin', 'Usual is 1.')
        return loss_shape(self, self.reduction, anchor[:-1])

    def compute(self, xp: Any, a: Array, p: Array, n: Array) -> tuple[Array, tuple[Any, ...]]:
        near, to_near = self._distance(xp, a, p)
        far, to_far = self._distance(xp, a, n)
        other, to_other = self._distance(xp, p, n) if self.swap else (None, None)
        # The share of d(a, n) in the smaller of the two distances; equal ones count half each.
        share = 1.0 if other is None else 0.5 * (1 + xp.sign(other - far))
        lack = near - (far if other is None else xp.minimum(far, other)) + self.margin
        value, factor = reduce_loss(xp.maximum(lack, 0), self.reduction, lack.size)
        return value, (to_near, to_far, to_other, share, lack > 0, factor)

    def _distance(self, xp: Any, u: Array, v: Array) -> tuple[Array, Array]:
        """Distances along the last axis, and their derivatives by u."""
        e = u - v + self.epsilon
        size = abs(e)
        distance = (size ** self.p).sum(axis=-1, keepdims=True) ** (1 / self.p)
        slope = xp.sign(e) * (size / xp.where(distance == 0, 1, distance)) ** (self.p - 1)
        return distance[..., 0], slope

    def differentiate(self, xp: Any, deriv: Array, to_near: Array, to_far: Array, to_other: Array | None,
                      share: Any, lacking: Array, factor: float) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        d = lacking * (deriv * factor)
        near, far = d[..., None] * to_near, (d * share)[..., None] * to_far
        if to_other is None:
            return (near - far, -near, far), {}
        other = (d * (1 - share))[..., None] * to_other
        return (near - far, -near - other, far + other), {}
