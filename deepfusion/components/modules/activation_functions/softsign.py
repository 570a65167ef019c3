"""Softsign."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any


class Softsign(Module):
    """Element-wise division by one more than the size, which maps all numbers between -1 and 1.

    Forward: `y = x / (1 + |x|)`.
    Backward: `dx = dy / (1 + |x|)^2`.
    Shapes: y has the shape of x.

    Reference: Bergstra et al. 2009, "Quadratic polynomials learn better image features"; `torch.nn.Softsign`.

    Example:
        >>> s = Softsign('s', [Data('x', (1, 2), val=[[-1., 3.]])])
        >>> s.forward()
        >>> s.output.val
        array([[-0.5 ,  0.75]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: x / (1 + abs(x)), x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            share = 1 / (1 + abs(x))
            return d * share * share

        return (elementwise(slope, deriv, x),), {}
