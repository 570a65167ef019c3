"""The average of windows, over one, two or three axes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.pooling.max_pool import check_pool_padding
from deepfusion.components.modules.windowed import check_volume, make_windows, windowed_size
from deepfusion.functional.pooling import window_counts, window_sum, window_sum_backward

Array = Any


class AvgPooling(Module):
    """What AvgPool1D, AvgPool2D and AvgPool3D have in common; they differ in `rank`, the number of spatial axes.

    Args:
        filter_size: Size of the window, a number or one for each axis.
        padding: Zeros around the input: a number, one for each axis, pairs (before, after), 'same' or 'valid'; at
            most half a window.
        stride: Step of the window, a number or one for each axis; None for the window's size.
        ceil_mode: Whether a last window may reach beyond the end.
        count_include_pad: Whether padding counts in the average.
    """

    rank: int

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        filter_size: Any = None,
        padding: Any = 0,
        stride: int | tuple[int, ...] | None = 1,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.filter_size, self.padding, self.stride = filter_size, padding, stride
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_volume(self, shape, self.rank)
        self._windows = make_windows(self, self.rank, self.filter_size, self.stride, self.padding)
        check_pool_padding(self, self._windows)
        return shape[:2] + windowed_size(self, shape, self._windows, self.ceil_mode)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y = window_sum(x, self._windows, self.ceil_mode)
        counts = window_counts(xp, self._windows, x.shape[2:], y.shape[2:], self.count_include_pad, x.dtype)
        y /= counts
        return y, (counts, x.shape[2:])

    def differentiate(self, xp: Any, deriv: Array, counts: Any, spatial: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (window_sum_backward(deriv / counts, self._windows, spatial) if self.needs_input(0) else None,), {}


class AvgPool1D(AvgPooling):
    """The average of each window of a sequence, channel by channel.

    Forward: `y[b, c, i] = mean_u x[b, c, stride i + u - padding]`.
    Backward: `dx[b, c, j] = sum dy[b, c, i] / count(i)` over the windows i that hold j.
    Shapes: x (B, C, L), y (B, C, L').

    Args: see `AvgPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.AvgPool1d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 1, 4), val=[[[1., 3., 5., 9.]]])
        >>> m = AvgPool1D('m', [x], filter_size=2)
        >>> m.forward()
        >>> m.output.val
        array([[[2., 4., 7.]]], dtype=float32)
    """

    rank = 1


class AvgPool2D(AvgPooling):
    """The average of each window of a picture, channel by channel.

    Forward: `y[b, c, i, j] = mean_u,v x[b, c, stride i + u - padding, stride j + v - padding]`.
    Backward: `dx[b, c, p] = sum dy[b, c, i, j] / count(i, j)` over the windows that hold p.
    Shapes: x (B, C, H, W), y (B, C, H', W').

    Args: see `AvgPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.AvgPool2d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 1, 2, 4), val=[[[[1., 4., 2., 3.], [0., 5., 1., 2.]]]])
        >>> m = AvgPool2D('m', [x], filter_size=2, stride=2)
        >>> m.forward()
        >>> m.output.val
        array([[[[2.5, 2. ]]]], dtype=float32)
    """

    rank = 2


class AvgPool3D(AvgPooling):
    """The average of each window of a volume or film, channel by channel.

    Forward: `y[b, c, i] = mean_u x[b, c, stride i + u - padding]`, i and u triples.
    Backward: `dx[b, c, p] = sum dy[b, c, i] / count(i)` over the windows that hold p.
    Shapes: x (B, C, D, H, W), y (B, C, D', H', W').

    Args: see `AvgPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.AvgPool3d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 2, 4, 8, 8))
        >>> AvgPool3D('m', [x], filter_size=2, stride=2).output.shape
        (1, 2, 2, 4, 4)
    """

    rank = 3
