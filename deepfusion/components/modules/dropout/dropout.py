"""Dropout as it was first described: units dropped in training, all of them scaled down in testing."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.dropout.options import check_p_keep
from deepfusion.components.modules.module import Module
from deepfusion.functional.random import keep_mask

Array = Any


class Dropout(Module):
    """Sets entries to zero at random in training; in testing all are kept, times the chance of being kept.

    Forward: `y = m x` in training, with every entry of m 1 with probability p_keep and else 0; `y = p_keep x` in
    testing.
    Backward: `dx = m dy`, or `p_keep dy`.
    Shapes: y has the shape of x.

    Args:
        p_keep: Probability of keeping an entry, above 0 and at most 1.

    Raises:
        OptionError: p_keep is out of range.

    Reference: Hinton et al. 2012, "Improving neural networks by preventing co-adaptation of feature detectors",
    section 2; `InvertedDropout` is what `torch.nn.Dropout` does.

    Example:
        >>> d = Dropout('d', [Data('x', (1, 2), val=[[1., 2.]])], p_keep=0.8)
        >>> d.set_mode('test')
        >>> d.forward()
        >>> d.output.val
        array([[0.8, 1.6]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, p_keep: float = 0.5) -> None:
        self.p_keep = p_keep
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_p_keep(self)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        factor = keep_mask(xp, x.shape, self.p_keep) if self.mode == 'train' else float(self.p_keep)
        return x * factor, (factor,)

    def differentiate(self, xp: Any, deriv: Array, factor: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv * factor,), {}
