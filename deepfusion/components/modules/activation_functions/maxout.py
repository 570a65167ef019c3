"""Maxout."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError

Array = Any


class Maxout(Module):
    """The largest of every few neighbours along an axis; after a linear map, a bend of learnt shape.

    Forward: `y_i = max_j x_(k i + j)`, j = 0 .. k - 1, k being the number of pieces.
    Backward: `dx_(k i + j) = dy_i` for the first j at which the maximum is met, else 0.
    Shapes: y has the shape of x, with 1 / k of the size along the axis.

    Args:
        pieces: How many entries compete.
        axis: The axis whose neighbours compete.

    Raises:
        OptionError: pieces is no whole number of at least 1.
        ShapeError: There is no such axis, it is the batch's, or pieces do not divide its size.

    Reference: Goodfellow et al. 2013, "Maxout networks", section 3.

    Example:
        >>> m = Maxout('m', [Data('x', (1, 4), val=[[1., 2., 4., 3.]])])
        >>> m.forward()
        >>> m.output.val
        array([[2., 4.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, pieces: int = 2,
                 axis: int = 1) -> None:
        self.pieces, self.axis = pieces, axis
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not isinstance(self.pieces, int) or self.pieces < 1:
            raise OptionError(f'{self!r}: expected pieces to be an integer of at least 1; found {self.pieces!r}. '
                              'The usual 2 is the default.')
        self._at = at = check_axis(self, self.axis, shape)
        if shape[at] % self.pieces:
            raise self.shape_error(f'a multiple of pieces={self.pieces} along axis {self.axis}',
                                   f"'{self.inputs[0].ID}' of shape {shape}",
                                   'Make the input pieces times the width wanted.')
        return shape[:at] + (shape[at] // self.pieces,) + shape[at + 1:]

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        at, shape = self._at, x.shape
        rivals = x.reshape(shape[:at] + (shape[at] // self.pieces, self.pieces) + shape[at + 1:])
        return rivals.max(axis=at + 1), (rivals.argmax(axis=at + 1), shape)

    def differentiate(self, xp: Any, deriv: Array, winner: Array, shape: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        places = xp.arange(self.pieces).reshape((-1,) + (1,) * (len(shape) - self._at - 1))
        won = xp.expand_dims(winner, self._at + 1) == places
        return ((xp.expand_dims(deriv, self._at + 1) * won).reshape(shape),), {}
