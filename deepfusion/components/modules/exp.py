"""The exponential function."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module

Array = Any


class Exp(Module):
    """Element-wise exponential.

    Forward: `y = exp(x)`.
    Backward: `dx = y dy`.
    Shapes: y has the shape of x.

    Reference: `torch.exp`.

    Example:
        >>> e = Exp('e', [Data('x', (1, 2), val=[[0., 1.]])])
        >>> e.forward()
        >>> e.output.val.round(3)
        array([[1.   , 2.718]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = xp.exp(x)
        return y, (y,)

    def differentiate(self, xp: Any, deriv: Array, y: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv * y,), {}
