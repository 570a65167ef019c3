"""Volumes in another size."""

from math import inf
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.resize import resize, resize_derivative
from deepfusion.functional.windows import per_axis
from deepfusion.utils.names import look_up

Array = Any
MODES = {'nearest': 'nearest', 'linear': 'linear', 'bilinear': 'linear', 'trilinear': 'linear', 'bicubic': 'cubic',
         'area': 'area'}


class Resize(Module):
    """Volumes of one, two or three spatial axes in another size, to a number of entries or by a factor.

    Forward: `y = R x` along each spatial axis. Row i of R reads at `s = (i + 1/2) in/out - 1/2`, or with aligned
        corners at `s = i (in - 1)/(out - 1)`. 'nearest': x at `floor(i in/out)`. 'linear' (also 'bilinear',
        'trilinear'): the two entries around s. 'bicubic': the four around s, by Keys' kernel with a = -0.75.
        'area': the mean from `floor(i in/out)` up to `ceil((i + 1) in/out)`. Beyond the border its entry is repeated.
    Backward: `dx = R^T dy` along each spatial axis.
    Shapes: x (B, C, *in), y (B, C, *out), with out = size, or floor(scale in).

    Args:
        size: Spatial size of the output: a number, or one for each axis.
        scale: Factor, or one for each axis, in place of size; positions then use it, not `out/in`.
        mode: 'nearest', 'linear', 'bilinear', 'trilinear', 'bicubic' or 'area'.
        align_corners: Whether the centres of the corner entries keep their place (linear and bicubic).
        like: A node (or shape) whose spatial size to take.

    Raises:
        OptionError: Not exactly one of size, scale, like and output is given, or corners are aligned in a mode
            that has none.
        ShapeError: The input has no spatial axes, or the output would be empty.

    Reference: `torch.nn.functional.interpolate`; Keys 1981 (Cubic Convolution Interpolation), equation 4.

    Example:
        >>> r = Resize('r', [Data('x', (1, 1, 2), val=[[[1., 2.]]])], size=4)
        >>> r.forward()
        >>> r.output.val
        array([[[1., 1., 2., 2.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, size: Any = None, scale: Any = None,
                 mode: str = 'nearest', align_corners: bool = False, *,
                 like: Data | tuple[int, ...] | None = None) -> None:
        self.size, self.scale, self.mode, self.align_corners = size, scale, mode, align_corners
        self.like = like.shape if isinstance(like, Data) else like
        if isinstance(like, Data):       # saved as a shape: that node is no input
            args, kwargs = self._construction
            self._construction = (args, kwargs | {'like': like.shape})
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        rank = len(shape) - 2
        if rank not in (1, 2, 3):
            raise self.shape_error('an input (B, C, L), (B, C, H, W) or (B, C, D, H, W)', shape, 'Reshape it first.')
        kernel = look_up(self.mode, MODES, f'mode of {self!r}')
        if self.align_corners and kernel not in ('linear', 'cubic'):
            raise OptionError(f"{self!r}: expected align_corners with mode 'bilinear' or 'bicubic'; found mode="
                              f'{self.mode!r}. Leave align_corners away.')
        self._size = self._new_size(shape, rank)
        if min(self._size) < 1:
            raise self.shape_error('an output of at least one entry along each axis', self._size,
                                   'Use a larger size or scale.')
        return shape[:2] + self._size

    def _new_size(self, shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
        self._factors: tuple[float, ...] | None = None
        given = [value for value in (self.size, self.scale, self.like) if value is not None]
        if not given and self.given_shape and len(self.given_shape) == len(shape):
            return self.given_shape[2:]
        if len(given) != 1:
            raise OptionError(f'{self!r}: expected one of size, scale, like or an output; found size={self.size!r}, '
                              f'scale={self.scale!r}, like={self.like!r}. Give one of them.')
        if self.like is not None:
            if len(self.like) != len(shape):
                raise self.shape_error(f'like to have {rank} spatial axes', self.like, 'Name a node of the same rank.')
            return tuple(self.like[2:])
        if self.size is not None:
            return self._numbers(self.size, rank)
        factors = tuple(self.scale) if isinstance(self.scale, list | tuple) else (self.scale,) * rank
        if len(factors) != rank or not all(isinstance(f, int | float) and 0 < f < inf for f in factors):
            raise OptionError(f'{self!r}: expected scale to be a positive number, or {rank} of them; '
                              f'found {self.scale!r}. Use numbers like 2 or 0.5.')
        self._factors = factors
        return tuple(int(n * f) for n, f in zip(shape[2:], factors, strict=True))

    def _numbers(self, size: Any, rank: int) -> tuple[int, ...]:
        try:
            return per_axis(size, rank, 'size')
        except ValueError as error:
            raise OptionError(f'{self!r}: {error}') from None

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y, matrices = resize(x, self._size, MODES[self.mode], self.align_corners, self._factors)
        return y, tuple(matrices)

    def differentiate(self, xp: Any, deriv: Array, *matrices: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (resize_derivative(deriv, list(matrices)),), {}
