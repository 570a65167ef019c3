"""Product of any number of inputs, entry by entry."""

from functools import partial
from itertools import accumulate
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import broadcast
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise_into

Array = Any


class Multiply(Module):
    """Element-wise product, with broadcasting: gates, masks and attention maps.

    Forward: `y = x1 x2 ... xn`.
    Backward: `dxi = dy prod(xj for j != i)`, summed over the axes along which xi was repeated.
    Shapes: those of the inputs, which must be equal or broadcast.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: `torch.mul`.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 1), val=[[3.]])
        >>> m = Multiply('m', [a, b])
        >>> m.forward()
        >>> m.output.val
        array([[3., 6.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return broadcast(self, *shapes)

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        product = values[0]
        for value in values[1:]:
            product = elementwise_into(xp.multiply, product, value)
        return product, values

    def differentiate(self, xp: Any, deriv: Array, *values: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        times = partial(elementwise_into, xp.multiply)
        # What stands before an input, times dy; and what stands behind it. No division, so zeros are safe.
        before = list(accumulate(values[:-1], times, initial=deriv))
        behind = list(accumulate(values[:0:-1], times))[::-1]
        derivs = [times(b, a) for b, a in zip(before, behind, strict=False)]
        return (*derivs, before[-1]), {}
