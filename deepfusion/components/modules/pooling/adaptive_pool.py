"""The average or maximum of windows chosen so that the output has a given size."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.adaptive_pooling import (
    adaptive_average,
    adaptive_average_backward,
    adaptive_max,
    adaptive_max_backward,
)
from deepfusion.functional.windows import per_axis

Array = Any


def _output_shape(module: Module, shape: tuple[int, ...], output_size: Any) -> tuple[int, ...]:
    if len(shape) < 3 or 0 in shape[2:]:
        raise module.shape_error('an input with channels and places (B, C, ...)',
                                 f"'{module.inputs[0].ID}' of shape {shape}", 'Use it before flattening.')
    try:
        return shape[:2] + per_axis(output_size, len(shape) - 2, 'output_size')
    except ValueError as error:
        raise OptionError(f'{module!r}: {error}') from None


class AdaptiveAvgPool(Module):
    """The average of windows spread over the input so that the output has `output_size`.

    Forward: `y[b, c, i] = mean of x[b, c, floor(i n / o) : ceil((i + 1) n / o)]` along each axis of n to o places.
    Backward: `dx[b, c, j] = sum dy[b, c, i] / length(i)` over the windows i that hold j.
    Shapes: x (B, C, ...) with any number of spatial axes, y (B, C, *output_size).

    Args:
        output_size: Size of the output, a number or one for each axis.

    Raises:
        ShapeError: The input has no spatial axes.
        OptionError: The size is no positive number.

    Reference: the conventions of `torch.nn.AdaptiveAvgPool2d`.

    Example:
        >>> x = Data('x', (1, 1, 3), val=[[[1., 3., 5.]]])
        >>> m = AdaptiveAvgPool('m', [x], output_size=2)
        >>> m.forward()
        >>> m.output.val
        array([[[2., 4.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, output_size: Any = None) -> None:
        self.output_size = output_size
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _output_shape(self, shape, self.output_size)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return adaptive_average(x, self.output.shape[2:]), (x.shape[2:],)

    def differentiate(self, xp: Any, deriv: Array, spatial: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (adaptive_average_backward(deriv, spatial) if self.needs_input(0) else None,), {}


class AdaptiveMaxPool(Module):
    """The maximum of windows spread over the input so that the output has `output_size`.

    Forward: `y[b, c, i] = max of x[b, c, floor(i n / o) : ceil((i + 1) n / o)]` along each axis of n to o places.
    Backward: all of `dy[b, c, i]` goes to the first entry, in row order, that is the maximum.
    Shapes: x (B, C, ...) with any number of spatial axes, y (B, C, *output_size).

    Args:
        output_size: Size of the output, a number or one for each axis.

    Raises:
        ShapeError: The input has no spatial axes.
        OptionError: The size is no positive number.

    Reference: the conventions of `torch.nn.AdaptiveMaxPool2d`.

    Example:
        >>> x = Data('x', (1, 1, 3), val=[[[1., 3., 5.]]])
        >>> m = AdaptiveMaxPool('m', [x], output_size=2)
        >>> m.forward()
        >>> m.output.val
        array([[[3., 5.]]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, output_size: Any = None) -> None:
        self.output_size = output_size
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _output_shape(self, shape, self.output_size)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        y, stages = adaptive_max(x, self.output.shape[2:])
        return y, (stages,)

    def differentiate(self, xp: Any, deriv: Array, stages: list[Array]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (adaptive_max_backward(deriv, stages) if self.needs_input(0) else None,), {}
