"""One number for each channel: its average or maximum over all places."""

from math import prod
from typing import Any

from deepfusion.components.modules.module import Module
from deepfusion.functional.parallel import product
from deepfusion.functional.windows import channels_last
from deepfusion.utils.backend import array_module

Array = Any


def _check(module: Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) < 3 or 0 in shape[2:]:
        raise module.shape_error('an input with channels and places (B, C, ...)',
                                 f"'{module.inputs[0].ID}' of shape {shape}", 'Use it before flattening.')
    return shape[:2]


def _places(x: Array) -> Array:
    """(B, C, *spatial) -> (B, places, C)"""
    xp = array_module(x)
    return xp.ascontiguousarray(channels_last(x)).reshape(x.shape[0], prod(x.shape[2:]), x.shape[1])


class GlobalAvgPool(Module):
    """The average of each channel over all places.

    Forward: `y[b, c] = mean over places of x[b, c]`.
    Backward: `dx[b, c, place] = dy[b, c] / places`.
    Shapes: x (B, C, ...) with any number of spatial axes, y (B, C).

    Raises:
        ShapeError: The input has no spatial axes.

    Reference: M. Lin, Q. Chen, S. Yan, Network in network, ICLR 2014, section 3.2.

    Example:
        >>> from deepfusion.components.data import Data
        >>> x = Data('x', (1, 1, 2, 2), val=[[[[1., 2.], [3., 6.]]]])
        >>> m = GlobalAvgPool('m', [x])
        >>> m.forward()
        >>> m.output.val
        array([[3.]], dtype=float32)
    """

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _check(self, shape)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        places = _places(x)
        count = places.shape[1]
        # A product with ones is the fastest way to add.
        return product(xp.ones((1, count), x.dtype), places, xp)[:, 0] / count, (x.shape,)

    def differentiate(self, xp: Any, deriv: Array, shape: tuple[int, ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        count = 1
        for n in shape[2:]:
            count *= n
        share = (deriv / count).reshape(deriv.shape + (1,) * (len(shape) - 2))
        return (xp.broadcast_to(share, shape),), {}         # a view: the derivative is the same at all places


class GlobalMaxPool(Module):
    """The maximum of each channel over all places.

    Forward: `y[b, c] = max over places of x[b, c]`.
    Backward: all of `dy[b, c]` goes to the first place, in row order, that holds the maximum.
    Shapes: x (B, C, ...) with any number of spatial axes, y (B, C).

    Raises:
        ShapeError: The input has no spatial axes.

    Reference: M. Oquab et al., Is object localization for free?, CVPR 2015, section 3.

    Example:
        >>> from deepfusion.components.data import Data
        >>> x = Data('x', (1, 1, 2, 2), val=[[[[1., 2.], [3., 6.]]]])
        >>> m = GlobalMaxPool('m', [x])
        >>> m.forward()
        >>> m.output.val
        array([[6.]], dtype=float32)
    """

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _check(self, shape)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return _places(x).max(axis=1), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if not self.needs_input(0):
            return (None,), {}
        places = _places(x)
        first = places.argmax(axis=1)[:, None]                          # (B, 1, C)
        dx = (xp.arange(places.shape[1])[:, None] == first) * deriv[:, None]
        dx = dx.reshape(x.shape[:1] + x.shape[2:] + x.shape[1:2])
        return (dx.transpose(0, x.ndim - 1, *range(1, x.ndim - 1)),), {}
