"""Positions told by rotation."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_count
from deepfusion.errors import OptionError
from deepfusion.functional.rotary import angles, rotate

Array = Any


class RotaryEncoding(Module):
    """Rotates pairs of features by angles that grow with the place, so that products of two rotated vectors tell
    how far apart they stand.

    Forward: at place t, `(y_2i, y_2i+1)` is `(x_2i, x_2i+1)` rotated by the angle `t base^(-2i / d)`.
    Backward: `dx` is `dy` rotated back.
    Shapes: x and y (B, T, heads x d) or, with heads as an axis, (B, h, T, d).

    Args:
        heads: Into how many parts of d columns each row is cut; each is rotated alike.
        base: Of the angles.

    Raises:
        ShapeError: The input has no axis of places, or the parts have no pairs.

    Reference: Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding", equation 34. For q and
    k before `ScaledDotProductAttention`; `MultiHeadAttention` does it with `rotary_base`.

    Example:
        >>> r = RotaryEncoding('r', [Data('x', (1, 2, 2), val=[[[1., 0.], [1., 0.]]])])
        >>> r.forward()
        >>> r.output.val.round(3)
        array([[[1.   , 0.   ],
                [0.54 , 0.841]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, heads: int = 1,
                 base: float = 10000.0) -> None:
        self.heads, self.base = heads, base
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        shape = shapes[0]
        check_count(self, self.heads, 'heads')
        if not self.base > 0:
            raise OptionError(f'{self!r}: expected a base above 0; found {self.base!r}. Use 10000.')
        if len(shapes) != 1 or len(shape) < 3 or shape[-1] % (2 * self.heads):
            raise self.shape_error(f'one input (1, T, width), its width a multiple of 2 x heads = {2 * self.heads}',
                                   f'shapes {list(shapes)}', 'Choose heads of even width.')
        return shape

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        return self._rotated(xp, values[0]), ()

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (self._rotated(xp, deriv, back=True),), {}

    def _rotated(self, xp: Any, x: Array, back: bool = False) -> Array:
        steps, width = x.shape[-2], x.shape[-1] // self.heads
        parts = x.reshape(*x.shape[:-1], self.heads, width).swapaxes(-3, -2)
        turned = rotate(xp, parts, angles(xp, steps, width, self.base, x.dtype), back=back)
        return turned.swapaxes(-3, -2).reshape(x.shape)
