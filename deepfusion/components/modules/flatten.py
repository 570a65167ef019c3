"""All axes of an example in a row."""

import math
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module

Array = Any


class Flatten(Module):
    """Every example as one row of features.

    Forward: `y[b] = x[b]`, read axis by axis.
    Backward: `dx` is `dy` in the shape of x.
    Shapes: x (B, d1, ..., dn), y (B, d1 ... dn).

    Reference: `torch.nn.Flatten`.

    Example:
        >>> f = Flatten('f', [Data('x', (1, 2, 2), val=[[[1., 2.], [3., 4.]]])])
        >>> f.forward()
        >>> f.output.val
        array([[1., 2., 3., 4.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:1], math.prod(shape[1:]))

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), (x.shape,)

    def differentiate(self, xp: Any, deriv: Array, shape: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv.reshape(shape),), {}
