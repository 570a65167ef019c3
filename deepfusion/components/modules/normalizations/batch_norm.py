"""Batch normalization."""

from numbers import Real
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import check_channels, check_epsilon
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.batch_norm import (
    channel_statistics,
    channel_sums,
    combine_channels,
    normalize_channels,
    scale_channels,
)
from deepfusion.utils.backend import as_array

Array = Any


class BatchNorm(Module):
    """Shifts and scales each channel to mean 0 and variance 1 over batch and places, then by two learnt numbers.

    Forward: `y = gamma n + beta`, `n = (x - m) / sqrt(v + epsilon)`. In training m and v are the mean and variance
    of the batch, and `running_mean`, `running_var` move towards m and the unbiased v by the share `momentum`. In
    testing, and when the statistics are frozen, m and v are those two, which stay.
    Backward: `dbeta = sum dy`, `dgamma = sum dy n`, and with s = gamma / sqrt(v + epsilon)
    `dx = s (dy - mean dy - n mean(dy n))` in training, else `dx = s dy`.
    Shapes: x and y (B, C), (B, C, L), (B, C, H, W) or (B, C, D, H, W); gamma, beta (1, C), (1, C, 1), ...;
    running_mean, running_var (C,).

    Args:
        epsilon: Added to the variance.
        momentum: Share of the batch's statistics in the running ones.
        freeze_statistics: Whether the running statistics are used and kept in training, too. None: while the module
            is frozen. Also an attribute, to be changed at any time.

    Raises:
        ShapeError: The input's rank is not 2 to 5; or a training batch has a single value per channel.
        OptionError: epsilon is not positive, or momentum not between 0 and 1.

    Reference: Ioffe and Szegedy 2015, "Batch normalization", algorithm 1; the conventions of
    `torch.nn.BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`.

    Example:
        >>> norm = BatchNorm('n', [Data('x', (1, 1), val=[[1.], [3.]])])
        >>> norm.forward()
        >>> norm.output.val.round(3)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> norm.running_mean, norm.running_var
        (array([0.2], dtype=float32), array([1.1], dtype=float32))
    """

    different_at_train_test = True
    state_names = ('running_mean', 'running_var', 'freeze_statistics')
    gamma: Data
    beta: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        freeze_statistics: bool | None = None,
    ) -> None:
        self.epsilon, self.momentum, self.freeze_statistics = epsilon, momentum, freeze_statistics
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_epsilon(self)
        if not isinstance(self.momentum, Real) or not 0 <= float(self.momentum) <= 1:
            raise OptionError(f'{self!r}: expected momentum from 0 to 1; found {self.momentum!r}. '
                              'Give the share of the new batch in the running statistics, such as 0.1.')
        check_channels(self, shape, most=5)
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        per_channel = (1, shape[1]) + (1,) * (len(shape) - 2)
        self.add_parameter('gamma', per_channel, init='One')
        self.add_parameter('beta', per_channel, init='Zero')
        self.running_mean: Array = as_array([0.0] * shape[1])
        self.running_var: Array = as_array([1.0] * shape[1])

    @property
    def uses_batch(self) -> bool:
        """Whether forward takes the statistics of the batch, and moves the running ones."""
        frozen = self.is_frozen if self.freeze_statistics is None else self.freeze_statistics
        return self.mode == 'train' and not frozen

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        count = x.size // max(1, x.shape[1])       # values per channel
        by_batch = self.uses_batch
        if by_batch:
            if count < 2:
                raise self.shape_error('more than one value per channel to train on', f'a batch of shape {x.shape}',
                                       "Use larger batches, also as the last of an epoch, set_mode('test'), or "
                                       'freeze_statistics=True.')
            mean, variance = channel_statistics(x)
            self.running_mean = self._moved(self.running_mean, mean)
            self.running_var = self._moved(self.running_var, variance * (count / (count - 1)))
        else:
            mean, variance = self.running_mean, self.running_var
        norm = 1 / xp.sqrt(variance + self.epsilon)
        scale = norm * self.gamma.val.reshape(-1)
        return normalize_channels(x, mean, scale, self.beta.val.reshape(-1)), (x, mean, norm, scale, count, by_batch)

    def _moved(self, running: Array, new: Array) -> Array:
        return ((1 - self.momentum) * running + self.momentum * new).astype(running.dtype)

    def differentiate(self, xp: Any, deriv: Array, x: Array, mean: Array, norm: Array, scale: Array, count: int,
                      by_batch: bool) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        parameters = {}
        if by_batch or self.needs_parameter('gamma') or self.needs_parameter('beta'):
            sum_d, sum_dx = channel_sums(deriv, x, mean, 1 / norm)      # sum dy, sum dy (x - m)
            parameters = {'gamma': (sum_dx * norm).astype(x.dtype).reshape(self.gamma.shape),
                          'beta': sum_d.astype(x.dtype).reshape(self.beta.shape)}
        if not self.needs_input(0):
            return (None,), parameters
        if not by_batch:
            return (scale_channels(deriv, x, scale),), parameters
        share = -scale / count
        return (combine_channels(deriv, x, mean, scale, share * norm ** 2 * sum_dx, share * sum_d),), parameters
