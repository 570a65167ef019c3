"""Rectified linear unit."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise_into, positive_part

Array = Any


class Relu(Module):
    """Element-wise positive part.

    Forward: `y = max(x, 0)`.
    Backward: `dx = dy` where x > 0, else 0 (also at x = 0).
    Shapes: y has the shape of x.

    Reference: `torch.nn.ReLU`.

    Example:
        >>> r = Relu('r', [Data('x', (1, 2), val=[[-1., 2.]])])
        >>> r.forward()
        >>> r.output.val
        array([[0., 2.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = elementwise_into(positive_part, x)
        return y, (y,)

    def differentiate(self, xp: Any, deriv: Array, y: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise_into(lambda d, y, out: xp.multiply(d, y > 0, out=out), deriv, y),), {}
