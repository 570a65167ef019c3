"""Sigmoid linear unit, also called swish."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise
from deepfusion.functional.sigmoid import sigmoid

Array = Any


class SiLU(Module):
    """Element-wise product of a number and its logistic function; `Swish` is the same class.

    Forward: `y = x s`, `s = 1 / (1 + exp(-x))`.
    Backward: `dx = dy s (1 + x (1 - s))`.
    Shapes: y has the shape of x.

    Reference: Ramachandran, Zoph and Le 2017, "Searching for activation functions", section 3.2 with beta = 1;
    `torch.nn.SiLU`.

    Example:
        >>> s = SiLU('s', [Data('x', (1, 2), val=[[-1e4, 1.]])])
        >>> s.forward()
        >>> s.output.val.round(4)
        array([[-0.    ,  0.7311]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: x * sigmoid(x), x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            s = sigmoid(x)
            return d * (s * (1 + x * (1 - s)))

        return (elementwise(slope, deriv, x),), {}


Swish = SiLU
