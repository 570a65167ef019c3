"""Transposed convolution with learnt filters, over one, two or three axes."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_count, check_groups, check_volume, make_windows
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.transposed_convolution import (
    output_size,
    transposed_convolve,
    transposed_convolve_backward,
)
from deepfusion.functional.windows import per_axis

Array = Any


class TransposedConvolution(Module):
    """What ConvTranspose1D, 2D and 3D have in common; they differ in `rank`, the number of spatial axes.

    Args:
        filter_size: Size of the window, a number or one for each axis.
        filter_count: Channels of the output.
        padding: What is cut off around the output: a number, one for each axis, or pairs (before, after).
        stride: Step of the window over the output, a number or one for each axis.
        weight_init_type: How F starts, see `initial_value`.
        dilation: Distance between neighbouring entries of the window.
        groups: Into how many groups channels and filters are cut.
        bias: Whether b exists.
        bias_init_type: How b starts.
        output_padding: Places added at the end of the output, fewer than the stride or the dilation: several sizes
            have the same size once convolved, this chooses among them.
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
        output_padding: int | tuple[int, ...] = 0,
    ) -> None:
        self.filter_size, self.filter_count = filter_size, filter_count
        self.padding, self.stride, self.dilation = padding, stride, dilation
        self.groups, self.bias, self.output_padding = groups, bias, output_padding
        self.weight_init_type, self.bias_init_type = weight_init_type, bias_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_volume(self, shape, self.rank)
        count = check_count(self, self.filter_count, 'filter_count')
        check_groups(self, shape, count, self.groups)
        self._windows = make_windows(self, self.rank, self.filter_size, self.stride, self.padding, self.dilation)
        size = output_size(self._windows, shape[2:], self._extra())
        if min(size) < 1:
            raise self.shape_error('an output with at least one place along each axis', size,
                                   'Use less padding or a larger filter_size.')
        return (1, count) + size

    def _extra(self) -> tuple[int, ...]:
        try:
            extra = per_axis(self.output_padding, self.rank, 'output_padding', least=0)
        except ValueError as error:
            raise OptionError(f'{self!r}: {error}') from None
        if any(e >= max(s, d) for e, s, d in zip(extra, self._windows.stride, self._windows.dilation, strict=True)):
            raise OptionError(f'{self!r}: expected output_padding to be less than the stride or the dilation; '
                              f'found {extra}. Choose it so that the output has the size you want.')
        return extra

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        channels, filters, taps = shape[1], self.filter_count // self.groups, self._windows.taps
        fan_in = channels // self.groups * taps
        self.add_parameter('F', (channels, filters) + self._windows.size, init=self.weight_init_type,
                           fan_in=fan_in, fan_out=filters * taps, regularizable=True)
        if self.bias:
            self.add_parameter('b', (self.filter_count, 1), init=self.bias_init_type, fan_in=fan_in)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        bias = self.b.val.reshape(-1) if self.bias else None
        y = transposed_convolve(x, self.F.val, bias, self._windows, self.groups, self.output.shape[2:])
        return y, (x, self.F.val)

    def differentiate(self, xp: Any, deriv: Array, x: Array, weight: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        wants = self.needs_input(0), self.needs_parameter('F'), self.bias and self.needs_parameter('b')
        dx, dF, db = transposed_convolve_backward(deriv, x, weight, self._windows, self.groups, *wants)
        parameters = {} if dF is None else {'F': dF}
        return (dx,), parameters if db is None else parameters | {'b': db.reshape(-1, 1)}


class ConvTranspose1D(TransposedConvolution):
    """Transposed convolution over sequences: each entry is spread over a window, windows are added.

    Forward: `y[b, k, j] = b[k] + sum_c F[c, k, u] x[b, c, i]` over all i, u with `j = stride i + dilation u - padding`.
    Backward: `dx[b, c, i] = sum_k,u F[c, k, u] dy[b, k, j]`, `dF[c, k, u] = sum_b,i x[b, c, i] dy[b, k, j]`, with the
    same j; `db[k] = sum_b,j dy[b, k, j]`.
    Shapes: x (B, C, L), y (B, filter_count, L'), F (C, filter_count / groups, size), b (filter_count, 1),
    `L' = (L - 1) stride - padding + dilation (size - 1) + 1 + output_padding`, padding counted on both sides.

    Args: see `TransposedConvolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the output would be empty.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.ConvTranspose1d`.

    Example:
        >>> x = Data('x', (1, 1, 2), val=[[[1., 2.]]])
        >>> m = ConvTranspose1D('m', [x], filter_size=2, filter_count=1, stride=2, weight_init_type='One')
        >>> m.forward()
        >>> m.output.val
        array([[[1., 1., 2., 2.]]], dtype=float32)
    """

    rank = 1


class ConvTranspose2D(TransposedConvolution):
    """Transposed convolution over pictures: each entry is spread over a window, windows are added.

    Forward: `y[b, k, j] = b[k] + sum_c F[c, k, u] x[b, c, i]` over all pairs i, u with
    `j = stride i + dilation u - padding` along both axes.
    Backward: `dx[b, c, i] = sum_k,u F[c, k, u] dy[b, k, j]`, `dF[c, k, u] = sum_b,i x[b, c, i] dy[b, k, j]`, with the
    same j; `db[k] = sum_b,j dy[b, k, j]`.
    Shapes: x (B, C, H, W), y (B, filter_count, H', W'), F (C, filter_count / groups, fh, fw), b (filter_count, 1).

    Args: see `TransposedConvolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the output would be empty.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.ConvTranspose2d`; M. Zeiler et al., Deconvolutional networks, CVPR 2010.

    Example:
        >>> x = Data('x', (1, 1, 1, 2), val=[[[[1., 2.]]]])
        >>> m = ConvTranspose2D('m', [x], filter_size=(1, 2), filter_count=1, weight_init_type='One')
        >>> m.forward()
        >>> m.output.val
        array([[[[1., 3., 2.]]]], dtype=float32)
    """

    rank = 2


class ConvTranspose3D(TransposedConvolution):
    """Transposed convolution over volumes or films: each entry is spread over a window, windows are added.

    Forward: `y[b, k, j] = b[k] + sum_c F[c, k, u] x[b, c, i]` over all triples i, u with
    `j = stride i + dilation u - padding` along each axis.
    Backward: `dx[b, c, i] = sum_k,u F[c, k, u] dy[b, k, j]`, `dF[c, k, u] = sum_b,i x[b, c, i] dy[b, k, j]`, with the
    same j; `db[k] = sum_b,j dy[b, k, j]`.
    Shapes: x (B, C, D, H, W), y (B, filter_count, D', H', W'), F (C, filter_count / groups, fd, fh, fw),
    b (filter_count, 1).

    Args: see `TransposedConvolution`.

    Raises:
        ShapeError: The input has another rank, groups do not divide, or the output would be empty.
        OptionError: An option has a value outside its range.

    Reference: the conventions of `torch.nn.ConvTranspose3d`.

    Example:
        >>> x = Data('x', (1, 2, 4, 4, 4))
        >>> ConvTranspose3D('m', [x], filter_size=2, filter_count=3, stride=2).output.shape
        (1, 3, 8, 8, 8)
    """

    rank = 3
