"""A part of every example along one axis."""

from numbers import Integral
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_axis
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError

Array = Any


class Slice(Module):
    """Entries `start`, `start + step`, ... before `stop` along an axis, as Python slices.

    Forward: `y = x[start:stop:step]` along `axis`.
    Backward: `dx` is `dy` at those entries, 0 elsewhere.
    Shapes: x (B, ..., d, ...), y (B, ..., number of entries taken, ...).

    Args:
        start: First entry; from the end where negative, the very first where None.
        stop: The entry to stop before, likewise.
        axis: Any axis but that of the batch.
        step: Distance of the entries, at least 1.

    Raises:
        ShapeError: There is no such axis, or nothing would be taken.
        OptionError: A bound or the step is no whole number.

    Reference: `torch.narrow`, and basic indexing.

    Example:
        >>> s = Slice('s', [Data('x', (1, 4), val=[[1., 2., 3., 4.]])], start=1, stop=-1)
        >>> s.forward()
        >>> s.output.val
        array([[2., 3.]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, start: int | None = None,
                 stop: int | None = None, axis: int = 1, step: int = 1) -> None:
        self.start, self.stop, self.axis, self.step = start, stop, axis, step
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        axis = check_axis(self, self.axis, shape)
        bounds = (self.start, self.stop, self.step)
        if not all(b is None or isinstance(b, Integral) for b in bounds) or self.step is None or self.step < 1:
            raise OptionError(f'{self!r}: expected start and stop to be integers or None, and step an integer of at '
                              f'least 1; found {bounds}. Use them as in x[start:stop:step].')
        count = len(range(shape[axis])[slice(*bounds)])
        if not count:
            raise self.shape_error(f'at least one of the {shape[axis]} entries of axis {axis}',
                                   f'none in {self.start}:{self.stop}:{self.step}', 'Check start and stop.')
        self._part = (slice(None),) * axis + (slice(*bounds),)
        return (*shape[:axis], count, *shape[axis + 1:])

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x[self._part], (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dx = xp.zeros_like(x)
        dx[self._part] = deriv
        return (dx,), {}
