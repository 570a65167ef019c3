"""Cross-entropy that looks away from what is easy."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import (
    check_classes,
    class_targets,
    loss_shape,
)
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.reduction import loss_entries, reduce_loss
from deepfusion.functional.sigmoid import sigmoid
from deepfusion.functional.softmax import log_softmax, log_softmax_derivative
from deepfusion.utils.names import look_up

Array = Any
ACTIVATIONS = {name: name for name in ('sigmoid', 'softmax')}


class FocalLoss(Module):
    """Cross-entropy on logits, each term scaled down as its probability approaches 1.

    Forward: `f(p) = -(1 - p)^g log p`. 'sigmoid': `l = a y f(p) + (1 - a) (1 - y) f(1 - p)`, `p = s(x)`, for every
        entry; 'softmax': `l = a sum_c y_c f(p_c)`, `p = softmax(x)` over axis 1. J is the mean of all l.
    Backward: `df/d(log p) = -(1 - p)^g + g p (1 - p)^(g - 1) log p`, carried on through `log p`; dy by the factor
        of y in l.
    Shapes: inputs [x, y], x (B, C, ...), y the same (1 for the class, or probabilities), or (B, ...) or (B, 1, ...)
        (class indices, integers); J (1, 1) with a 0-d value; 'none': as x, or (B, ...) with 'softmax'.

    Args:
        alpha: a, the weight of positives; None for no weighting.
        gamma: g, at least 0; with 0 it is plain cross-entropy.
        activation: 'sigmoid' (classes on their own) or 'softmax' (exactly one of them).
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: Targets fit neither way.
        OptionError: gamma is negative, or a class index is not among the classes.
        UnknownNameError: The activation or reduction is not known.

    Reference: Lin et al. 2017 (Focal Loss for Dense Object Detection), equations 4 and 5.

    Example:
        >>> x, y = Data('x', (1, 1), val=[[0.], [9.]]), Data('y', (1, 1), val=[[1.], [1.]])
        >>> m = FocalLoss('m', [x, y], alpha=None)
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.0866
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, alpha: float | None = 0.25,
                 gamma: float = 2.0, activation: str = 'sigmoid', reduction: str = 'mean') -> None:
        self.alpha, self.gamma, self.activation, self.reduction = alpha, gamma, activation, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, logits: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
        look_up(self.activation, ACTIVATIONS, f'activation of {self!r}')
        check_number(self, 'gamma', 'The paper uses 2.', least=0)
        if self.alpha is not None:
            check_number(self, 'alpha', 'The paper uses 0.25; None weighs both alike.', least=0, most=1)
        if len(logits) < 2:
            raise self.shape_error('logits with an axis of classes, (B, C, ...)', logits, 'Use Data of shape (1, n).')
        check_classes(self, logits, target, 1, None)
        entries = logits if self.activation == 'sigmoid' else logits[:1] + logits[2:]
        return loss_shape(self, self.reduction, entries)

    def compute(self, xp: Any, x: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        x, y = common_batch(xp, x, y)
        is_soft = y.dtype.kind == 'f'
        t = class_targets(self, xp, y, x, 1)
        is_each = self.activation == 'sigmoid'
        terms = self._sigmoid if is_each else self._softmax
        losses, slope, dt = loss_entries(lambda x, t: terms(xp, x, t), self.reduction, x, t, slopes=2)
        value, factor = reduce_loss(losses, self.reduction, x.size if is_each else x.size // x.shape[1])
        return value, (slope, dt if is_soft else None, factor)

    def _sigmoid(self, xp: Any, x: Array, t: Array) -> tuple[Array, Array, Array]:
        """Losses, and their derivatives by logits and targets."""
        positive, negative = (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)
        p, q = sigmoid(x), sigmoid(-x)
        rest = xp.log1p(xp.exp(-abs(x)))
        f, df = self._focus(xp, p, q, xp.minimum(x, 0) - rest)
        g, dg = self._focus(xp, q, p, xp.minimum(-x, 0) - rest)
        losses = positive * t * f + negative * (1 - t) * g
        return losses, positive * t * df * q - negative * (1 - t) * dg * p, positive * f - negative * g

    def _softmax(self, xp: Any, x: Array, t: Array) -> tuple[Array, Array, Array]:
        alpha = 1.0 if self.alpha is None else self.alpha
        log_p = log_softmax(x, 1)
        f, df = self._focus(xp, xp.exp(log_p), -xp.expm1(log_p), log_p)
        return alpha * (t * f).sum(axis=1), log_softmax_derivative(alpha * t * df, log_p, 1), alpha * f

    def _focus(self, xp: Any, p: Array, q: Array, log_p: Array) -> tuple[Array, Array]:
        """f(p) and its derivative by log p, from p, q = 1 - p and log p."""
        scale = q ** self.gamma
        # (1 - p)^(g - 1) log p, where p may be 1: log p / (1 - p) goes to -1 there
        ratio = log_p / xp.where(q > 0, q, 1)
        return -scale * log_p, self.gamma * p * scale * ratio - scale

    def differentiate(self, xp: Any, deriv: Array, slope: Array, dt: Array | None, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        deriv = deriv * factor
        if self.activation == 'softmax' and self.reduction == 'none':
            deriv = xp.expand_dims(deriv, 1)
        return (slope * deriv, None if dt is None else dt * deriv), {}
