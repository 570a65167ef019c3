"""Pairs of vectors in one direction, or not."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.reduction import reduce_loss

Array = Any


class CosineEmbeddingLoss(Module):
    """Turns the vectors of like pairs towards each other, and those of unlike pairs apart.

    Forward: `l = 1 - c` where y = 1, `max(0, c - margin)` where y = -1, `c = a b / (|a| |b|)`; J is the mean of all l.
    Backward: `da = (b / (|a| |b|) - c a / |a|^2) dc`, db likewise; dc is -dl, or dl where `c > margin`.
    Shapes: inputs [a, b, y], a and b (B, ..., D), y (B, ...) or (B, ..., 1); J (1, 1) with a 0-d value;
        'none': (B, ...).

    Args:
        margin: The cosine up to which unlike pairs have no loss, from -1 to 1.
        reduction: 'mean', 'sum' or 'none'.
        epsilon: Added to the squared lengths.

    Raises:
        ShapeError: The vectors differ in shape, or there is not one target for each pair.
        UnknownNameError: The reduction is not known.

    Reference: `torch.nn.CosineEmbeddingLoss`.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 0.]]), Data('b', (1, 2), val=[[3., 4.]])
        >>> m = CosineEmbeddingLoss('m', [a, b, Data('y', (1, 1), val=[[1.]])])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.4
    """

    index_inputs = (2,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, margin: float = 0.0,
                 reduction: str = 'mean', epsilon: float = 1e-12) -> None:
        self.margin, self.reduction, self.epsilon = margin, reduction, epsilon
        super().__init__(ID, inputs, output)

    def output_shape(self, a: tuple[int, ...], b: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, a, b)
        check_number(self, 'margin', 'Usual are 0 to 0.5.', least=-1, most=1)
        if len(a) < 2 or y not in (a[:-1], (*a[:-1], 1)):
            raise self.shape_error(f'one target for each pair, of shape {a[:-1]}', y, 'Targets are 1 or -1.')
        return loss_shape(self, self.reduction, a[:-1])

    def compute(self, xp: Any, a: Array, b: Array, y: Array) -> tuple[Array, tuple[Any, ...]]:
        a, b, y = common_batch(xp, a, b, y)
        y = y.reshape(a.shape[:-1])
        aa, bb = ((v * v).sum(axis=-1) + self.epsilon for v in (a, b))
        lengths = xp.sqrt(aa * bb)
        cosine = (a * b).sum(axis=-1) / lengths
        losses = xp.where(y == 1, 1 - cosine, xp.where(y == -1, xp.maximum(cosine - self.margin, 0), 0))
        slope = xp.where(y == 1, -1, (y == -1) & (cosine > self.margin)).astype(a.dtype)
        value, factor = reduce_loss(losses, self.reduction, losses.size)
        return value, (a, b, aa[..., None], bb[..., None], lengths[..., None], cosine[..., None], slope, factor)

    def differentiate(self, xp: Any, deriv: Array, a: Array, b: Array, aa: Array, bb: Array, lengths: Array,
                      cosine: Array, slope: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dc = (slope * (deriv * factor))[..., None]
        return (dc * (b / lengths - cosine * a / aa), dc * (a / lengths - cosine * b / bb), None), {}
