"""Convolution with learnt filters, over one, two or three axes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.data.stamps import stamp_of
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import (
    check_count,
    check_groups,
    check_volume,
    make_windows,
    windowed_size,
)
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.convolution import convolve, convolve_backward
from deepfusion.functional.layer_norm import layer_norm, layer_norm_derivative
from deepfusion.functional.winograd_filters import KeptFilters

Array = Any


class Convolution(Module):
    """What Conv1D, Conv2D and Conv3D have in common; they differ in `rank`, the number of spatial axes.

    Args:
        filter_size: Size of the window, a number or one for each axis.
        filter_count: Channels of the output.
        padding: Zeros around the input: a number, one for each axis, pairs (before, after), 'same' or 'valid'.
        stride: Step of the window, a number or one for each axis.
        weight_init_type: How F starts, see `initial_value`.
        dilation: Distance between neighbouring entries of the window.
        groups: Into how many groups channels and filters are cut; each group of filters sees its channels only.
            As many groups as channels: depthwise.
        bias: Whether b exists.
        bias_init_type: How b starts.
        standardize_weights: Whether each filter is used with mean 0 and variance 1 (epsilon 1e-5), in place of F as
            it is. Reference: Qiao et al. 2019, "Micro-batch training with batch-channel normalization and weight
            standardization", equation 5.
    """

    is_regularizable = True
    rank: int
    F: Data
    b: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        filter_size: Any = None,
        filter_count: Any = None,
        padding: Any = 0,
        stride: int | tuple[int, ...] = 1,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
        weight_init_type: str = 'He',
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        bias_init_type: str = 'Zero',
        standardize_weights: bool = False,
    ) -> None:
        self.filter_size, self.filter_count = filter_size, filter_count
        self.padding, self.stride, self.dilation = padding, stride, dilation
        self.groups, self.bias, self.standardize_weights = groups, bias, standardize_weights
        self.weight_init_type, self.bias_init_type = weight_init_type, bias_init_type
        self._kept = KeptFilters()
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_volume(self, shape, self.rank)
        count = check_count(self, self.filter_count, 'filter_count')
        check_groups(self, shape, count, self.groups)
        self._windows = make_windows(self, self.rank, self.filter_size, self.stride, self.padding, self.dilation)
        return (1, count) + windowed_size(self, shape, self._windows)

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        channels, taps = shape[1] // self.groups, self._windows.taps
        self.add_parameter('F', (self.filter_count, channels) + self._windows.size, init=self.weight_init_type,
                           fan_in=channels * taps, fan_out=self.filter_count // self.groups * taps,
                           regularizable=True)
        if self.bias:
            self.add_parameter('b', (self.filter_count, 1), init=self.bias_init_type, fan_in=channels * taps)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        self._kept.stamp, raw = stamp_of(self.F), None      # before anything here holds the filters
        F = self.F.made('_val')
        if self.standardize_weights:
            F, raw = layer_norm(F, F.ndim - 1, 1e-5)
        b = self.b.val.reshape(-1) if self.bias else None
        y, saved = convolve(x, F, b, self._windows, self.groups, self._kept)
        return y, (raw, saved)

    def differentiate(self, xp: Any, deriv: Array, raw: Any, saved: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        wants_bias = self.bias and self.needs_parameter('b')
        dx, dF, db = convolve_backward(deriv, saved, self.needs_input(0), self.needs_parameter('F'), wants_bias)
        if raw is not None and dF is not None:
            dF = layer_norm_derivative(dF, raw, dF.ndim - 1)[0]
        parameters = {} if dF is None else {'F': dF}
        return (dx,), parameters if db is None else parameters | {'b': db.reshape(-1, 1)}


class Conv1D(Convolution):
    """Convolution over sequences: each filter's product with the window at each place.

    Forward: `y[b, k, i] = b[k] + sum_c,u F[k, c, u] x[b, c, stride i + dilation u - padding]`.
    Backward: `dx[b, c, j] = sum F[k, c, u] dy[b, k, i]` over the windows that met j,
    `dF[k, c, u] = sum_b,i dy[b, k, i] x[b, c, stride i + dilation u - padding]`, `db[k] = sum_b,i dy[b, k, i]`.
    Shapes: x (B, C, L), y (B, filter_count, L'), F (filter_count, C / groups, size), b (filter_count, 1).

    Args: see `Convolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.Conv1d`.

    Example:
        >>> x = Data('x', (1, 1, 4), val=[[[1., 2., 3., 4.]]])
        >>> m = Conv1D('m', [x], filter_size=2, filter_count=1, weight_init_type='One')
        >>> m.forward()
        >>> m.output.val
        array([[[3., 5., 7.]]], dtype=float32)
    """

    rank = 1


class Conv2D(Convolution):
    """Convolution over pictures: each filter's product with the window at each place.

    Forward: `y[b, k, i, j] = b[k] + sum_c,u,v F[k, c, u, v] x[b, c, stride i + dilation u - padding, ...]`.
    Backward: `dx[b, c, p] = sum F[k, c, u, v] dy[b, k, i, j]` over the windows that met p,
    `dF[k, c, u, v] = sum_b,i,j dy[b, k, i, j] x[b, c, ...]`, `db[k] = sum_b,i,j dy[b, k, i, j]`.
    Shapes: x (B, C, H, W), y (B, filter_count, H', W'), F (filter_count, C / groups, fh, fw), b (filter_count, 1),
    `H' = (H + padding - dilation (fh - 1) - 1) // stride + 1`, padding counted on both sides.

    Args: see `Convolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.Conv2d`; how it is computed, `deepfusion.functional.convolution`.

    Example:
        >>> x = Data('x', (1, 1, 2, 3), val=[[[[1., 2., 3.], [4., 5., 6.]]]])
        >>> m = Conv2D('m', [x], filter_size=2, filter_count=1, weight_init_type='One')
        >>> m.forward()
        >>> m.output.val
        array([[[[12., 16.]]]], dtype=float32)
    """

    rank = 2


class Conv3D(Convolution):
    """Convolution over volumes or films: each filter's product with the window at each place.

    Forward: `y[b, k, i] = b[k] + sum_c,u F[k, c, u] x[b, c, stride i + dilation u - padding]`, i and u triples.
    Backward: `dx[b, c, p] = sum F[k, c, u] dy[b, k, i]` over the windows that met p,
    `dF[k, c, u] = sum_b,i dy[b, k, i] x[b, c, ...]`, `db[k] = sum_b,i dy[b, k, i]`.
    Shapes: x (B, C, D, H, W), y (B, filter_count, D', H', W'), F (filter_count, C / groups, fd, fh, fw),
    b (filter_count, 1).

    Args: see `Convolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the window does not fit.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.Conv3d`.

    Example:
        >>> x = Data('x', (1, 2, 8, 8, 8))
        >>> Conv3D('m', [x], filter_size=(1, 3, 3), filter_count=4, padding='same').output.shape
        (1, 4, 8, 8, 8)
    """

    rank = 3
