"""Hard sigmoid."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any


class HardSigmoid(Module):
    """Element-wise logistic function made of three straight lines.

    Forward: `y = min(max(x + 3, 0), 6) / 6`.
    Backward: `dx = dy / 6` where -3 < x < 3, else 0.
    Shapes: y has the shape of x.

    Reference: Courbariaux, Bengio and David 2015, "BinaryConnect", with the lines of `torch.nn.Hardsigmoid`.

    Example:
        >>> h = HardSigmoid('h', [Data('x', (1, 3), val=[[-4., 0., 4.]])])
        >>> h.forward()
        >>> h.output.val
        array([[0. , 0.5, 1. ]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return elementwise(lambda x: xp.clip(x + 3, 0, 6) / 6, x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (elementwise(lambda d, x: d * (abs(x) < 3) / 6, deriv, x),), {}
