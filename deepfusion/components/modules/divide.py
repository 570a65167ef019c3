"""Quotient of two inputs."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import broadcast
from deepfusion.components.modules.module import Module

Array = Any


class Divide(Module):
    """Element-wise quotient, with broadcasting.

    Forward: `y = x1 / x2`.
    Backward: `dx1 = dy / x2`, `dx2 = -y dy / x2`, summed over the axes along which they were repeated.
    Shapes: those of the inputs, which must be equal or broadcast.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: `torch.div`.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 1), val=[[4.]])
        >>> d = Divide('d', [a, b])
        >>> d.forward()
        >>> d.output.val
        array([[0.25, 0.5 ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        return broadcast(self, a, b)

    def compute(self, xp: Any, a: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        y = a / b
        return y, (y, b)

    def differentiate(self, xp: Any, deriv: Array, y: Array, b: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        da = deriv / b
        return (da, -y * da if self.needs_input(1) else None), {}
