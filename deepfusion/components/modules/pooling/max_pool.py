"""The maximum of windows, over one, two or three axes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_volume, make_windows, windowed_size
from deepfusion.errors import OptionError
from deepfusion.functional.pooling import max_pool, max_pool_backward
from deepfusion.functional.windows import Windows

Array = Any


def check_pool_padding(module: Module, windows: Windows) -> None:
    """Refuse padding of more than half a window: some windows would lie in it altogether."""
    for extent, sides in zip(windows.extent, windows.padding, strict=True):
        if 2 * max(sides) > extent:
            raise OptionError(f'{module!r}: expected padding of at most half the window {windows.extent}; '
                              f'found {windows.padding}. Pad less, or use a larger filter_size.')


class MaxPooling(Module):
    """What MaxPool1D, MaxPool and MaxPool3D have in common; they differ in `rank`, the number of spatial axes.

    Args:
        filter_size: Size of the window, a number or one for each axis.
        padding: What lies around the input and never is the maximum (-infinity): a number, one for each axis,
            pairs (before, after), 'same' or 'valid'; at most half a window.
        stride: Step of the window, a number or one for each axis; None for the window's size.
        dilation: Distance between neighbouring entries of the window.
        ceil_mode: Whether a last window may reach beyond the end.
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
        dilation: int | tuple[int, ...] = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.filter_size, self.padding, self.stride = filter_size, padding, stride
        self.dilation, self.ceil_mode = dilation, ceil_mode
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_volume(self, shape, self.rank)
        self._windows = make_windows(self, self.rank, self.filter_size, self.stride, self.padding, self.dilation)
        check_pool_padding(self, self._windows)
        return shape[:2] + windowed_size(self, shape, self._windows, self.ceil_mode)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y, stages = max_pool(x, self._windows, self.ceil_mode)
        return y, (stages,)

    def differentiate(self, xp: Any, deriv: Array, stages: list[Array]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (max_pool_backward(deriv, stages, self._windows) if self.needs_input(0) else None,), {}


class MaxPool1D(MaxPooling):
    """The largest entry of each window of a sequence, channel by channel.

    Forward: `y[b, c, i] = max_u x[b, c, stride i + dilation u - padding]`.
    Backward: all of `dy[b, c, i]` goes to the first entry that is the maximum.
    Shapes: x (B, C, L), y (B, C, L').

    Args: see `MaxPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.MaxPool1d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 1, 4), val=[[[1., 4., 2., 3.]]])
        >>> m = MaxPool1D('m', [x], filter_size=2)
        >>> m.forward()
        >>> m.output.val
        array([[[4., 4., 3.]]], dtype=float32)
    """

    rank = 1


class MaxPool(MaxPooling):
    """The largest entry of each window of a picture, channel by channel.

    Forward: `y[b, c, i, j] = max_u,v x[b, c, stride i + dilation u - padding, ...]`.
    Backward: all of `dy[b, c, i, j]` goes to the first entry, in row order, that is the maximum.
    Shapes: x (B, C, H, W), y (B, C, H', W').

    Args: see `MaxPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.MaxPool2d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 1, 2, 4), val=[[[[1., 4., 2., 3.], [0., 5., 1., 1.]]]])
        >>> m = MaxPool('m', [x], filter_size=2, stride=2)
        >>> m.forward()
        >>> m.output.val
        array([[[[5., 3.]]]], dtype=float32)
    """

    rank = 2


class MaxPool3D(MaxPooling):
    """The largest entry of each window of a volume or film, channel by channel.

    Forward: `y[b, c, i] = max_u x[b, c, stride i + dilation u - padding]`, i and u triples.
    Backward: all of `dy[b, c, i]` goes to the first entry, in row order, that is the maximum.
    Shapes: x (B, C, D, H, W), y (B, C, D', H', W').

    Args: see `MaxPooling`.

    Raises:
        ShapeError: The input has another rank, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.MaxPool3d`, but for the default stride of 1.

    Example:
        >>> x = Data('x', (1, 2, 4, 8, 8))
        >>> MaxPool3D('m', [x], filter_size=2, stride=2).output.shape
        (1, 2, 2, 4, 4)
    """

    rank = 3
