"""Which key belongs to which query: contrast within a batch."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.loss_functions.options import check_same, loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.reduction import reduce_loss
from deepfusion.functional.softmax import log_softmax

Array = Any


class InfoNCELoss(Module):
    """Cross-entropy of finding each query's own key among the keys of the whole batch.

    Forward: `l_i = -log softmax_j(q_i k_j / t)` at j = i, with q and k brought to length 1; symmetric: half of it
        plus half of the same with q and k exchanged. J is the mean of all l.
    Backward: `ds = (P - I) dl` for the similarities s, P their softmax by rows (and by columns); `dq = ds k / t`,
        `dk = ds^T q / t`, carried on through the lengths: `dx = (du - u (u du)) / |x|` for `u = x / |x|`.
    Shapes: inputs [query, key], both (B, D); J (1, 1) with a 0-d value; 'none': (B,).

    Args:
        temperature: t, positive.
        normalize: Whether vectors are brought to length 1 first.
        symmetric: Whether keys look for their queries, too.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ShapeError: The inputs are no vectors of one size.
        OptionError: The temperature is not positive.
        UnknownNameError: The reduction is not known.

    Reference: van den Oord et al. 2018 (Representation Learning with Contrastive Predictive Coding), equation 4;
        symmetric as in Radford et al. 2021 (Learning Transferable Visual Models From Natural Language Supervision).

    Example:
        >>> q, k = (Data(ID, (1, 2), val=[[1., 0.], [0., 1.]]) for ID in 'qk')
        >>> m = InfoNCELoss('m', [q, k], temperature=1.0)
        >>> m.forward()
        >>> print(m.output.val.round(4))
        0.3133
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, temperature: float = 0.1,
                 normalize: bool = True, symmetric: bool = False, reduction: str = 'mean') -> None:
        self.temperature, self.normalize = temperature, normalize
        self.symmetric, self.reduction = symmetric, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, query: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
        check_same(self, query, key)
        if len(query) != 2:
            raise self.shape_error('vectors of shape (1, D)', query, 'Flatten or pool them first.')
        check_number(self, 'temperature', 'Usual are 0.05 to 1.', above=0)
        return loss_shape(self, self.reduction, query[:1])

    def compute(self, xp: Any, q: Array, k: Array) -> tuple[Array, tuple[Any, ...]]:
        q, k = common_batch(xp, q, k)
        (q, q_length), (k, k_length) = self._directions(xp, q), self._directions(xp, k)
        s = q @ k.T / self.temperature
        by_row = log_softmax(s, 1)
        by_column = log_softmax(s, 0) if self.symmetric else by_row
        losses = -0.5 * (xp.diagonal(by_row) + xp.diagonal(by_column))
        value, factor = reduce_loss(losses, self.reduction, losses.size)
        return value, (q, q_length, k, k_length, by_row, by_column, factor)

    def _directions(self, xp: Any, x: Array) -> tuple[Array, Array | None]:
        if not self.normalize:
            return x, None
        length = xp.sqrt((x * x).sum(axis=1, keepdims=True))
        length = xp.where(length == 0, 1, length)       # a vector of zeros stays one
        return x / length, length

    def differentiate(self, xp: Any, deriv: Array, q: Array, q_length: Array | None, k: Array,
                      k_length: Array | None, by_row: Array, by_column: Array, factor: float
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        d = 0.5 * deriv * factor + xp.zeros(len(q), q.dtype)
        ds = (xp.exp(by_row) * d[:, None] + xp.exp(by_column) * (d if self.symmetric else d[:, None])
              - 2 * xp.diag(d)) / self.temperature
        return (_through_length(ds @ k, q, q_length), _through_length(ds.T @ q, k, k_length)), {}


def _through_length(du: Array, u: Array, length: Array | None) -> Array:
    return du if length is None else (du - u * (u * du).sum(axis=1, keepdims=True)) / length
