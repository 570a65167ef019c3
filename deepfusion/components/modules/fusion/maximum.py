"""Element-wise maximum of any number of inputs."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.broadcasting import broadcast_shape

Array = Any


class Maximum(Module):
    """The largest of the inputs at each place, with broadcasting.

    Forward: `y = max(x1, ..., xn)`, entry by entry.
    Backward: `dxi = dy` where xi is the largest (the first of equal ones), else 0.
    Shapes: those of the inputs, which must be equal or broadcast.

    Raises:
        ShapeError: The shapes do not broadcast.

    Reference: maxout fusion, Goodfellow et al., "Maxout networks" (ICML 2013), equation 1, over inputs.

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 4.]]), Data('b', (1, 2), val=[[3., 2.]])
        >>> m = Maximum('m', [a, b])
        >>> m.forward()
        >>> m.output.val
        array([[3., 4.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        shape = broadcast_shape(*shapes)
        if shape is None:
            raise self.shape_error('inputs of equal shapes, or shapes that broadcast', list(shapes),
                                   'Bring them to one shape first.')
        return shape

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        y = values[0]
        for value in values[1:]:
            y = xp.maximum(y, value)
        return y, (y, values)

    def differentiate(self, xp: Any, deriv: Array, y: Array, values: tuple[Array, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        free = xp.ones(y.shape, bool)           # places that no earlier input has taken
        derivs = []
        for value in values:
            largest = (value == y) & free
            free = free & ~largest
            derivs.append(deriv * largest)
        return tuple(derivs), {}
