"""Hyperbolic tangent."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any


class Tanh(Module):
    """Element-wise hyperbolic tangent, which maps all numbers between -1 and 1.

    Forward: `y = tanh(x)`.
    Backward: `dx = dy (1 - y^2)`.
    Shapes: y has the shape of x.

    Reference: `torch.nn.Tanh`.

    Example:
        >>> t = Tanh('t', [Data('x', (1, 2), val=[[0., 1e4]])])
        >>> t.forward()
        >>> t.output.val
        array([[0., 1.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = elementwise(xp.tanh, x)
        return y, (y,)

    def differentiate(self, xp: Any, deriv: Array, y: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, y: (1 - y * y) * d, deriv, y),), {}
