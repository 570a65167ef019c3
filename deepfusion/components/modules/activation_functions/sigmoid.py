"""Logistic function."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise
from deepfusion.functional.sigmoid import sigmoid, sigmoid_derivative

Array = Any


class Sigmoid(Module):
    """Element-wise logistic function, which maps all numbers between 0 and 1.

    Forward: `y = 1 / (1 + exp(-x))`.
    Backward: `dx = dy y (1 - y)`.
    Shapes: y has the shape of x.

    Reference: `torch.nn.Sigmoid`.

    Example:
        >>> s = Sigmoid('s', [Data('x', (1, 2), val=[[0., 1e4]])])
        >>> s.forward()
        >>> s.output.val
        array([[0.5, 1. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = elementwise(sigmoid, x)
        return y, (y,)

    def differentiate(self, xp: Any, deriv: Array, y: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(sigmoid_derivative, deriv, y),), {}
