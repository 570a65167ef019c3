"""A gate between two inputs: linear interpolation by a third."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import broadcast_shape
from deepfusion.functional.elementwise import elementwise_into

Array = Any


class Lerp(Module):
    """From the first input to the second, as far as a third says: the soft switch of gated fusion.

    Forward: `y = factor (start + w (end - start))`, that is `factor ((1 - w) start + w end)`.
    Backward: `dstart = factor (1 - w) dy`, `dend = factor w dy`, `dw = factor (end - start) dy`.
    Shapes: inputs [start, end, w], equal or broadcasting; y the shape they broadcast to.

    Args:
        factor: A constant in front; attentional feature fusion uses 2.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: `torch.lerp`; gates: Arevalo et al., "Gated multimodal units for information fusion" (2017), equation 4.

    Example:
        >>> a, b = Data('a', (1, 1), val=[[0.]]), Data('b', (1, 1), val=[[10.]])
        >>> m = Lerp('m', [a, b, Data('w', (1, 1), val=[[0.25]])])
        >>> m.forward()
        >>> m.output.val
        array([[2.5]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, factor: float = 1.0) -> None:
        self.factor = factor
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        shape = broadcast_shape(*shapes) if len(shapes) == 3 else None
        if shape is None:
            raise self.shape_error('three inputs [start, end, w] whose shapes broadcast', list(shapes),
                                   'Bring them to one shape first.')
        return shape

    def compute(self, xp: Any, start: Array, end: Array, w: Array) -> tuple[Array, tuple[Any, ...]]:
        def value(difference: Array, start: Array, w: Array, out: Array | None) -> Array:
            y = xp.multiply(difference, w, out=out)
            y += start
            if self.factor != 1:
                y *= self.factor
            return y

        difference = elementwise_into(xp.subtract, end, start)
        return elementwise_into(value, difference, start, w), (difference, w)

    def differentiate(self, xp: Any, deriv: Array, difference: Array, w: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if self.factor != 1:
            deriv = elementwise_into(xp.multiply, deriv, self.factor)
        d_end = elementwise_into(xp.multiply, deriv, w)
        d_start = elementwise_into(xp.subtract, deriv, d_end)
        return (d_start, d_end, elementwise_into(xp.multiply, deriv, difference)), {}
