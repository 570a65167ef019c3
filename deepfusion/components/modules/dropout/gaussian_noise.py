"""Gaussian noise."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.numbers import check_number
from deepfusion.functional.random import normal

Array = Any


class GaussianNoise(Module):
    """Adds normally distributed noise in training.

    Forward: `y = x + std z` in training, z being standard normal numbers; `y = x` in testing.
    Backward: `dx = dy`.
    Shapes: y has the shape of x.

    Args:
        std: Standard deviation of the noise, at least 0.

    Raises:
        OptionError: std is negative or no number.

    Reference: Bishop 1995, "Training with noise is equivalent to Tikhonov regularization", section 2.

    Example:
        >>> g = GaussianNoise('g', [Data('x', (1, 2), val=[[1., 2.]])])
        >>> g.set_mode('test')
        >>> g.forward()
        >>> g.output.val
        array([[1., 2.]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, std: float = 0.1) -> None:
        self.std = std
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_number(self, 'std', 'Give the standard deviation of the noise.', least=0)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        if self.mode == 'test':
            return x, ()
        noise = normal(xp, x.shape).astype(x.dtype)
        noise *= float(self.std)
        noise += x
        return noise, ()

    def differentiate(self, xp: Any, deriv: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv,), {}
