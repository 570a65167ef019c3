"""Positions told by waves."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.rotary import angles

Array = Any


class SinusoidalEncoding(Module):
    """Adds waves of many lengths, by which places in a sequence can be told apart.

    Forward: `y = x + p`, `p[t, 2i] = sin(t base^(-2i / d))`, `p[t, 2i+1] = cos(t base^(-2i / d))`.
    Backward: `dx = dy`.
    Shapes: x and y (B, T, d).

    Args:
        base: Of the wave lengths, which run from 2 pi to base x 2 pi.

    Raises:
        ShapeError: The input is no sequence of features.

    Reference: Vaswani et al. 2017, "Attention is all you need", section 3.5.

    Example:
        >>> s = SinusoidalEncoding('s', [Data('x', (1, 2, 2), val=[[[0., 0.], [0., 0.]]])])
        >>> s.forward()
        >>> s.output.val.round(3)
        array([[[0.   , 1.   ],
                [0.841, 0.54 ]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, base: float = 10000.0) -> None:
        self.base = base
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        check_sequence(self, shapes)
        return shapes[0]

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        x = values[0]
        steps, width = x.shape[1:]
        cosine, sine = angles(xp, steps, width, self.base, x.dtype)
        waves = xp.stack([sine, cosine], axis=2).reshape(steps, -1)[:, :width]
        return x + waves, ()

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv,), {}


def check_sequence(module: Module, shapes: tuple[tuple[int, ...], ...]) -> None:
    """Refuse inputs that are not one sequence of features."""
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise module.shape_error('one input of rank 3 (B, T, features)', f'shapes {list(shapes)}',
                                 'Use Data of shape (1, steps, features).')
