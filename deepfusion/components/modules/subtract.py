"""Difference of two inputs."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import broadcast
from deepfusion.components.modules.module import Module

Array = Any


class Subtract(Module):
    """Element-wise difference, with broadcasting.

    Forward: `y = x1 - x2`.
    Backward: `dx1 = dy`, `dx2 = -dy`, summed over the axes along which they were repeated.
    Shapes: those of the inputs, which must be equal or broadcast.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: `torch.sub`.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 1), val=[[3.]])
        >>> s = Subtract('s', [a, b])
        >>> s.forward()
        >>> s.output.val
        array([[-2., -1.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        return broadcast(self, a, b)

    def compute(self, xp: Any, a: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        return a - b, ()

    def differentiate(self, xp: Any, deriv: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv, -deriv if self.needs_input(1) else None), {}
