"""Dropout that does nothing in testing."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.dropout.options import check_p_keep
from deepfusion.components.modules.module import Module
from deepfusion.functional.random import scaled_mask

Array = Any


class InvertedDropout(Module):
    """Sets entries to zero at random in training and scales the kept ones up, so that testing needs no change.

    Forward: `y = m x / p_keep` in training, with every entry of m 1 with probability p_keep and else 0; `y = x` in
    testing.
    Backward: `dx = m dy / p_keep`, or `dy`.
    Shapes: y has the shape of x.

    Args:
        p_keep: Probability of keeping an entry, above 0 and at most 1.

    Raises:
        OptionError: p_keep is out of range.

    Reference: `torch.nn.Dropout` with `p = 1 - p_keep`; Srivastava et al. 2014, "Dropout: a simple way to prevent
    neural networks from overfitting", section 10.

    Example:
        >>> d = InvertedDropout('d', [Data('x', (1, 2), val=[[1., 2.]])], p_keep=0.8)
        >>> d.set_mode('test')
        >>> d.forward()
        >>> d.output.val
        array([[1., 2.]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, p_keep: float = 0.5) -> None:
        self.p_keep = p_keep
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_p_keep(self)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        if self.mode == 'test':
            return x, (None,)
        factor = scaled_mask(xp, x, x.shape, self.p_keep)
        return x * factor, (factor,)

    def differentiate(self, xp: Any, deriv: Array, factor: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv if factor is None else deriv * factor,), {}
