"""Stochastic depth."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.dropout.options import check_p_keep
from deepfusion.components.modules.module import Module
from deepfusion.functional.random import scaled_mask

Array = Any


class StochasticDepth(Module):
    """Leaves a whole branch out at random in training, for single examples or for all; placed before the addition.

    Forward: `y = m x / p_keep` in training, with m the same for all entries of an example, 1 with probability p_keep
    and else 0; `y = x` in testing.
    Backward: `dx = m dy / p_keep`, or `dy`.
    Shapes: y has the shape of x.

    Args:
        p_keep: Probability of keeping the branch, above 0 and at most 1.
        per_example: Whether each example draws for itself; otherwise one draw holds for the batch.

    Raises:
        OptionError: p_keep is out of range.

    Reference: Huang et al. 2016, "Deep networks with stochastic depth", section 3, scaled in training in place of
    testing, as `torchvision.ops.StochasticDepth` does.

    Example:
        >>> s = StochasticDepth('s', [Data('x', (1, 2), val=[[1., 2.]])], p_keep=1)
        >>> s.forward()
        >>> s.output.val
        array([[1., 2.]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, p_keep: float = 0.5,
                 per_example: bool = True) -> None:
        self.p_keep, self.per_example = p_keep, per_example
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_p_keep(self)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        if self.mode == 'test':
            return x, (None,)
        examples = x.shape[:1] if self.per_example else (1,)
        factor = scaled_mask(xp, x, examples + (1,) * (x.ndim - 1), self.p_keep)
        return x * factor, (factor,)

    def differentiate(self, xp: Any, deriv: Array, factor: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv if factor is None else deriv * factor,), {}
