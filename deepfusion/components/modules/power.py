"""Powers, with an exponent that is given or an input."""

from numbers import Real
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import broadcast
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError

Array = Any


class Power(Module):
    """Element-wise power of an input, to a given exponent or to a second input.

    Forward: `y = x^p`.
    Backward: `dx = p x^(p - 1) dy` (0 where p = 0), `dp = y log(x) dy` (0 where x = 0 and p >= 0).
    Shapes: inputs [x] or [x, p], which must be equal or broadcast; y has their common shape.

    Args:
        exponent: p, where it is no input.

    Raises:
        ShapeError: The shapes do not broadcast.
        OptionError: There is neither an exponent nor a second input, or both.

    Reference: `torch.pow`.

    Example:
        >>> m = Power('m', [Data('x', (1, 2), val=[[2., 3.]])], exponent=2)
        >>> m.forward()
        >>> m.output.val
        array([[4., 9.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None,
                 exponent: float | None = None) -> None:
        self.exponent = exponent
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        if len(shapes) > 2 or (len(shapes) == 2) == isinstance(self.exponent, Real):
            raise OptionError(f'{self!r}: expected either a number as exponent or a second input; found exponent='
                              f'{self.exponent!r} and {len(shapes)} inputs. Give one of them.')
        return broadcast(self, *shapes)

    def compute(self, xp: Any, x: Array, p: Array | None = None) -> tuple[Array, tuple[Any, ...]]:
        power = self.exponent if p is None else p
        y = x ** power
        return y, (x, power, y)

    def differentiate(self, xp: Any, deriv: Array, x: Array, p: Any, y: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if len(self.inputs) == 1:
            # Without this 0 * 0^-1 would be NaN
            return (xp.zeros_like(x) if p == 0 else deriv * (p * x ** (p - 1)),), {}
        lower = xp.where(p == 0, 0, p - 1)
        dx = deriv * (p * x ** lower)
        if not self.needs_input(1):
            return (dx, None), {}
        vanishes = (x == 0) & (p >= 0)
        base = xp.where(vanishes, 1, xp.where(x < 0, float('nan'), x))
        return (dx, xp.where(vanishes, 0, deriv * y * xp.log(base))), {}
