"""Channels spread over space: upsampling without interpolation."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError

Array = Any


class PixelShuffle(Module):
    """Turns channels into a finer grid: each group of r^d channels becomes one, r times as fine on d axes.

    Forward: `y[c, i r + a, j r + b] = x[c r^2 + a r + b, i, j]` in two dimensions; in others likewise.
    Backward: the entries of `dy`, brought back to their places.
    Shapes: x (B, C r^d, *in), y (B, C, *(r in)), d spatial axes.

    Args:
        upscale_factor: r.

    Raises:
        ShapeError: The input has no spatial axes, or its channels are no multiple of r^d.
        OptionError: The factor is no whole number of at least 1.

    Reference: Shi et al. 2016 (Real-Time Single Image and Video Super-Resolution), equation 4;
        `torch.nn.PixelShuffle`.

    Example:
        >>> x = Data('x', (1, 4, 1, 1), val=[[[[1.]], [[2.]], [[3.]], [[4.]]]])
        >>> p = PixelShuffle('p', [x], upscale_factor=2)
        >>> p.forward()
        >>> p.output.val
        array([[[[1., 2.],
                 [3., 4.]]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, upscale_factor: int = 2) -> None:
        self.upscale_factor = upscale_factor
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        r, d = self.upscale_factor, len(shape) - 2
        if not isinstance(r, int) or r < 1:
            raise OptionError(f'{self!r}: expected upscale_factor to be an integer of at least 1; found {r!r}. '
                              'Use a whole number.')
        if d < 1:
            raise self.shape_error('an input with spatial axes, (B, C, L) or more', shape, 'Reshape it first.')
        if shape[1] % r ** d:
            raise self.shape_error(f'channels to be a multiple of {r ** d}', shape[1],
                                   f"Change the channels of '{self.inputs[0].ID}', or upscale_factor.")
        return (shape[0], shape[1] // r ** d, *(n * r for n in shape[2:]))

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        r, d = self.upscale_factor, x.ndim - 2
        size = x.shape[2:]
        fine = x.reshape(x.shape[0], x.shape[1] // r ** d, *(r,) * d, *size)       # (B, C, r, r, H, W)
        order = [0, 1]
        for axis in range(2, d + 2):
            order += [d + axis, axis]                                              # (B, C, H, r, W, r)
        y = fine.transpose(order).reshape(*fine.shape[:2], *(n * r for n in size))
        return y, ([fine.shape[axis] for axis in order], order, x.shape)

    def differentiate(self, xp: Any, deriv: Array, mixed: list[int], order: list[int],
                      shape: tuple[int, ...]) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        back = sorted(range(len(order)), key=order.__getitem__)
        return (deriv.reshape(mixed).transpose(back).reshape(shape),), {}
