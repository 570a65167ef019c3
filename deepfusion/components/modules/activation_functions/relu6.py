"""Rectified linear unit with a ceiling."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any


class Relu6(Module):
    """Element-wise clipping to the interval from 0 to 6.

    Forward: `y = min(max(x, 0), 6)`.
    Backward: `dx = dy` where 0 < x < 6, else 0.
    Shapes: y has the shape of x.

    Reference: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10", section 2.1; `torch.nn.ReLU6`.

    Example:
        >>> r = Relu6('r', [Data('x', (1, 3), val=[[-1., 2., 8.]])])
        >>> r.forward()
        >>> r.output.val
        array([[0., 2., 6.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: xp.clip(x, 0, 6), x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, x: d * ((x > 0) & (x < 6)), deriv, x),), {}
