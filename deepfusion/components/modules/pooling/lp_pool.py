"""The p-norm of windows of pictures."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.pooling.max_pool import check_pool_padding
from deepfusion.components.modules.windowed import check_volume, make_windows, windowed_size
from deepfusion.errors import OptionError
from deepfusion.functional.pooling import window_counts, window_sum, window_sum_backward

Array = Any


class LPPool2D(Module):
    """The p-norm of each window: between its sum (p = 1) and its maximum (p to infinity).

    Forward: `y[b, c, i, j] = (sum_u,v |x[b, c, stride i + u, stride j + v]|^p)^(1/p)`.
    Backward: `dx = sum dy |x|^(p-1) sign(x) y^(1-p)` over the windows that hold x; 0 where y is 0.
    Shapes: x (B, C, H, W), y (B, C, H', W').

    In ceil mode the norm of a window that is cut off is scaled up to a whole window's, as in PyTorch.

    Args:
        filter_size: Size of the window, a number or one for each axis.
        padding: Zeros around the input, see `AvgPool2D`.
        stride: Step of the window; None for the window's size.
        norm_type: p, a number of at least 1.
        ceil_mode: Whether a last window may reach beyond the end.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.LPPool2d`, with absolute values for odd p.

    Example:
        >>> x = Data('x', (1, 1, 1, 2), val=[[[[3., -4.]]]])
        >>> m = LPPool2D('m', [x], filter_size=(1, 2))
        >>> m.forward()
        >>> m.output.val
        array([[[[5.]]]], dtype=float32)
    """

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        filter_size: Any = None,
        padding: Any = 0,
        stride: int | tuple[int, ...] | None = 1,
        norm_type: float = 2,
        ceil_mode: bool = False,
    ) -> None:
        self.filter_size, self.padding, self.stride = filter_size, padding, stride
        self.norm_type, self.ceil_mode = norm_type, ceil_mode
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_volume(self, shape, 2)
        if not isinstance(self.norm_type, int | float) or not 1 <= self.norm_type < float('inf'):
            raise OptionError(f'{self!r}: expected norm_type to be a finite number of at least 1; '
                              f'found {self.norm_type!r}. For infinity use MaxPool.')
        self._windows = make_windows(self, 2, self.filter_size, self.stride, self.padding)
        check_pool_padding(self, self._windows)
        return shape[:2] + windowed_size(self, shape, self._windows, self.ceil_mode)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        p = self.norm_type
        y = window_sum(xp.abs(x) ** p, self._windows, self.ceil_mode)
        counts = window_counts(xp, self._windows, x.shape[2:], y.shape[2:], True, x.dtype)
        scale = self._windows.taps / counts
        y = (y * scale) ** (1 / p)
        return y, (x, y, scale)

    def differentiate(self, xp: Any, deriv: Array, x: Array, y: Array, scale: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if not self.needs_input(0):
            return (None,), {}
        p = self.norm_type
        share = deriv * scale * xp.where(y == 0, 1, y) ** (1 - p)
        share = share * (y != 0)
        dx = window_sum_backward(share, self._windows, x.shape[2:])
        return (dx * xp.sign(x) * xp.abs(x) ** (p - 1),), {}
