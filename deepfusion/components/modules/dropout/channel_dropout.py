"""Dropout of whole channels."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.dropout.options import check_p_keep
from deepfusion.components.modules.module import Module
from deepfusion.functional.random import scaled_mask

Array = Any


class ChannelDropout(Module):
    """Sets whole channels of volumes (sequences, images, stacks of images) to zero at random in training.

    Forward: `y = m x / p_keep` in training, with m the same for all places of a channel of an example, 1 with
    probability p_keep and else 0; `y = x` in testing.
    Backward: `dx = m dy / p_keep`, or `dy`.
    Shapes: x and y (B, C, L), (B, C, H, W) or (B, C, D, H, W).

    Args:
        p_keep: Probability of keeping a channel, above 0 and at most 1.

    Raises:
        OptionError: p_keep is out of range.
        ShapeError: The input has no axes besides batch and channels, or more than three.

    Reference: Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.2;
    `torch.nn.Dropout1d`, `Dropout2d` and `Dropout3d` with `p = 1 - p_keep`.

    Example:
        >>> d = ChannelDropout('d', [Data('x', (1, 1, 1, 2), val=[[[[1., 2.]]]])], p_keep=1)
        >>> d.forward()
        >>> d.output.val
        array([[[[1., 2.]]]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, p_keep: float = 0.5) -> None:
        self.p_keep = p_keep
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_p_keep(self)
        if not 3 <= len(shape) <= 5:
            raise self.shape_error('an input of rank 3 to 5: batch, channels, and one to three axes of places',
                                   f"'{self.inputs[0].ID}' of shape {shape}", 'Use InvertedDropout for vectors.')
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        if self.mode == 'test':
            return x, (None,)
        factor = scaled_mask(xp, x, x.shape[:2] + (1,) * (x.ndim - 2), self.p_keep)
        return x * factor, (factor,)

    def differentiate(self, xp: Any, deriv: Array, factor: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv if factor is None else deriv * factor,), {}
