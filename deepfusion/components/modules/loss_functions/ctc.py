"""Labels in order, without saying when."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.indices import check_indices
from deepfusion.components.modules.loss_functions.options import loss_shape
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional import ctc
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.class_targets import one_hot
from deepfusion.functional.reduction import reduce_loss
from deepfusion.functional.softmax import log_softmax, softmax

Array = Any


class CTCLoss(Module):
    """The negative log-probability that frames of logits spell a sequence of labels, over all alignments.

    Forward: `l = -log sum_a prod_t p_t(a_t)`, `p_t = softmax(x_t)`, over all a that become the labels when repeated
        entries are merged and then blanks are left out. J is the mean of all l, each divided by its labels' number.
    Backward: `dx_t = (p_t - g_t) dl`, g_t(c) being the probability, given the labels, that a_t = c.
    Shapes: inputs [x, labels] or [x, labels, frames, lengths]: x (B, T, C), labels (B, S) (class indices, integers),
        frames (B,) and lengths (B,) (integers, how many of T and of S count); J (1, 1) with a 0-d value; 'none': (B,).

    Args:
        blank: The class that stands for no label.
        zero_infinity: Whether labels that do not fit into the frames cost 0 in place of infinity. Their derivatives
            are 0 in any case.
        reduction: 'mean' (over the batch, of losses divided by their number of labels), 'sum' or 'none'.

    Raises:
        ShapeError: The shapes are none of these.
        OptionError: A label is not among the classes or the blank, or a length beyond its axis.
        UnknownNameError: The reduction is not known.

    Reference: Graves et al. 2006 (Connectionist Temporal Classification), equations 6 to 16; `torch.nn.CTCLoss` of
        the logarithm of the softmax, with the batch first.

    Example:
        >>> x, labels = Data('x', (1, 2, 3), val=[[[0., 0., 0.]] * 2]), Data('labels', (1, 1), val=[[1]])
        >>> m = CTCLoss('m', [x, labels])
        >>> m.forward()
        >>> print(m.output.val.round(4))
        1.0986
    """

    index_inputs = (1, 2, 3)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, blank: int = 0,
                 zero_infinity: bool = False, reduction: str = 'mean') -> None:
        self.blank, self.zero_infinity, self.reduction = blank, zero_infinity, reduction
        super().__init__(ID, inputs, output)

    def output_shape(self, x: tuple[int, ...], labels: tuple[int, ...], *lengths: tuple[int, ...]) -> tuple[int, ...]:
        if len(x) != 3 or len(labels) != 2 or x[1] < 1 or len(lengths) not in (0, 2) or {(1,)} | set(lengths) != {(1,)}:
            raise self.shape_error('logits (1, T, C), labels (1, S) and, if any, two lengths (1,)',
                                   [x, labels, *lengths], 'List them in this order.')
        if self.blank not in range(x[2]):
            raise OptionError(f'{self!r}: expected blank from 0 to {x[2] - 1}; found {self.blank!r}. '
                              'It is one of the classes.')
        return loss_shape(self, self.reduction, x[:1])

    def compute(self, xp: Any, x: Array, labels: Array, *lengths: Array) -> tuple[Array, tuple[Any, ...]]:
        x, labels, *given = common_batch(xp, x, labels, *lengths)
        frames, counts = given or (xp.full(len(x), x.shape[1]), xp.full(len(x), labels.shape[1]))
        self._check_values(xp, x, labels, frames, counts)
        labels, frames, counts = (a.astype(int) for a in (labels, frames, counts))      # small ones would overflow
        log_p = log_softmax(x, -1)
        states, skips = ctc.spread(xp, labels, counts, self.blank)
        places = xp.broadcast_to(states[:, None, :], (*x.shape[:2], states.shape[1]))
        emitted = xp.take_along_axis(log_p, places, axis=2)             # (B, T, 2S + 1)
        alpha = ctc.prefixes(emitted, skips, frames)
        total = ctc.log_probability(alpha, counts)
        total = xp.where(frames > 0, total, xp.where(counts > 0, ctc.LOG_ZERO, 0.0).astype(x.dtype))
        fits = total > ctc.LOG_ZERO / 2
        losses = xp.where(fits, -total, 0.0 if self.zero_infinity else float('inf'))
        share = 1 / xp.maximum(counts, 1).astype(x.dtype) if self.reduction == 'mean' else 1.0
        value, factor = reduce_loss(losses * share, self.reduction, len(x))
        return value, (log_p, emitted, alpha, states, skips, frames, counts, fits, share, factor)

    def _check_values(self, xp: Any, x: Array, labels: Array, frames: Array, counts: Array) -> None:
        if len(self.inputs) == 4:
            check_indices(self, 2, frames, x.shape[1] + 1)
            check_indices(self, 3, counts, labels.shape[1] + 1)
        inside = xp.arange(labels.shape[1]) < counts[:, None]
        other = 1 if self.blank == 0 else 0
        check_indices(self, 1, xp.where(inside, labels, other), x.shape[2])
        if (inside & (labels == self.blank)).any():
            raise OptionError(f"{self!r}: expected labels other than the blank, {self.blank}, in "
                              f"'{self.inputs[1].ID}'; found some. Number the labels past it, or choose another blank.")

    def differentiate(self, xp: Any, deriv: Array, log_p: Array, emitted: Array, alpha: Array, states: Array,
                      skips: Array, frames: Array, counts: Array, fits: Array, share: Any,
                      factor: float) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        beta = ctc.suffixes(emitted, skips, frames, counts)
        in_time = (xp.arange(log_p.shape[1]) < frames[:, None]) & fits[:, None]
        # alpha + beta sums to the same total in every frame; softmax divides by it as it was rounded there.
        occupied = softmax(alpha + beta, axis=-1).transpose(1, 0, 2)
        given = xp.matmul(occupied, one_hot(xp, states, log_p.shape[2], 2, log_p.dtype))       # (B, T, C)
        scale = (deriv * factor * share * in_time.T.astype(log_p.dtype)).T
        return ((xp.exp(log_p) - given) * scale[..., None], *(None,) * (len(self.inputs) - 1)), {}
