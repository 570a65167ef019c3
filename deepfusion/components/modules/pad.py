"""Borders around volumes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.windows import per_side
from deepfusion.utils.names import look_up

Array = Any
MODES = {'constant': 'constant', 'reflect': 'reflect', 'replicate': 'edge'}     # and the names in xp.pad


class Pad(Module):
    """Adds a border to the axes behind the channels: a constant, a reflection, or the border entry repeated.

    Forward: `y[i + before] = x[i]`; outside, the constant, or `x[-i]` and `x[2(n - 1) - i]` (reflect), or x[0] and
        x[n - 1] (replicate).
    Backward: `dx[i]` is the sum of `dy` over the entries that were copied from `x[i]`.
    Shapes: x (B, C, *in), y (B, C, *(before + in + after)).

    Args:
        padding: A number for all sides, a number for each axis, or a pair (before, after) for each axis.
        mode: 'constant', 'reflect' or 'replicate'.
        value: The constant.

    Raises:
        ShapeError: The input has no axes behind the channels, or is too small to be reflected that far.
        OptionError: The padding fits no number of axes.

    Reference: `torch.nn.functional.pad`.

    Example:
        >>> p = Pad('p', [Data('x', (1, 1, 3), val=[[[1., 2., 3.]]])], padding=[(2, 1)], mode='reflect')
        >>> p.forward()
        >>> p.output.val
        array([[[3., 2., 1., 2., 3., 2.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, padding: Any = 0,
                 mode: str = 'constant', value: float = 0.0) -> None:
        self.padding, self.mode, self.value = padding, mode, value
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        look_up(self.mode, MODES, f'mode of {self!r}')
        if len(shape) < 3:
            raise self.shape_error('an input with axes behind the channels, (B, C, L) or more', shape,
                                   'Reshape it first.')
        spatial = shape[2:]
        ones = (1,) * len(spatial)
        if isinstance(self.padding, str):
            raise OptionError(f'{self!r}: expected padding in numbers; found {self.padding!r}. '
                              'Give a number, or pairs (before, after).')
        try:
            self._sides = per_side(self.padding, ones, ones, ones)
        except ValueError as error:
            raise OptionError(f'{self!r}: {error}') from None
        least = {'constant': 0, 'replicate': 1}
        for n, sides in zip(spatial, self._sides, strict=True):
            if n < least.get(self.mode, max(sides) + 1):
                raise self.shape_error(f'more than {max(sides)} entries to reflect', n, 'Use less padding.')
        return shape[:2] + tuple(n + sum(sides) for n, sides in zip(spatial, self._sides, strict=True))

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        options = {'constant_values': self.value} if self.mode == 'constant' else {}
        return xp.pad(x, ((0, 0), (0, 0), *self._sides), mode=MODES[self.mode], **options), ()

    def differentiate(self, xp: Any, deriv: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        for axis, (before, after) in enumerate(self._sides, 2):
            if before or after:
                deriv = self._fold(xp.moveaxis(deriv, axis, -1), before, after)
                deriv = xp.moveaxis(deriv, -1, axis)
        return (deriv,), {}

    def _fold(self, deriv: Array, before: int, after: int) -> Array:
        """Derivatives of the border, along the last axis, added to the entries that it was copied from."""
        end = deriv.shape[-1] - after
        inner = deriv[..., before:end]
        if self.mode == 'constant':
            return inner
        inner = inner.copy()
        if self.mode == 'replicate':
            inner[..., 0] += deriv[..., :before].sum(axis=-1)
            inner[..., -1] += deriv[..., end:].sum(axis=-1)
        else:
            inner[..., 1:before + 1] += deriv[..., :before][..., ::-1]
            n = end - before
            inner[..., n - 1 - after:n - 1] += deriv[..., end:][..., ::-1]
        return inner
