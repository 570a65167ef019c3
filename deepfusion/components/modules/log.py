"""The natural logarithm."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module

Array = Any


class Log(Module):
    """Element-wise natural logarithm.

    Forward: `y = log(x)`.
    Backward: `dx = dy / x`.
    Shapes: y has the shape of x.

    Reference: `torch.log`.

    Example:
        >>> m = Log('m', [Data('x', (1, 2), val=[[1., 10.]])])
        >>> m.forward()
        >>> m.output.val.round(3)
        array([[0.   , 2.303]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return xp.log(x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv / x,), {}
