"""Group normalization."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import check_channels, check_epsilon
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.layer_norm import group_norm, group_norm_derivative

Array = Any


class GroupNorm(Module):
    """Shifts and scales groups of channels of each example to mean 0 and variance 1, then channels by learnt numbers.

    Forward: `y = gamma n + beta`, `n = (x - m) / sqrt(v + epsilon)`, m and v being the mean and variance of each
    example over the channels of a group and all places.
    Backward: `dbeta = sum dy`, `dgamma = sum dy n`, and with g = gamma dy
    `dx = (g - mean g - n mean(g n)) / sqrt(v + epsilon)` (means over a group and all places).
    Shapes: x and y (B, C), (B, C, L), (B, C, H, W), ...; gamma, beta (1, C), (1, C, 1), ...

    Args:
        groups: Into how many groups neighbouring channels are cut. 1: one group of all; C: instance normalization.
        epsilon: Added to the variance.
        affine: Whether gamma and beta exist.

    Raises:
        OptionError: epsilon is not positive, or groups no whole number of at least 1.
        ShapeError: The input has no channels, or groups do not divide them.

    Reference: Wu and He 2018, "Group normalization", equations 1, 2 and 7; `torch.nn.GroupNorm`.

    Example:
        >>> norm = GroupNorm('n', [Data('x', (1, 4), val=[[1., 3., 10., 30.]])], groups=2)
        >>> norm.forward()
        >>> norm.output.val.round(3)
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    gamma: Data
    beta: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        groups: int = 32,
        epsilon: float = 1e-5,
        affine: bool = True,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
    ) -> None:
        self.groups, self.epsilon, self.affine = groups, epsilon, affine
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_epsilon(self)
        if isinstance(self.groups, bool) or not isinstance(self.groups, int) or self.groups < 1:
            raise OptionError(f'{self!r}: expected groups to be an integer of at least 1; found {self.groups!r}. '
                              'Give a divisor of the number of channels.')
        check_channels(self, shape)
        if shape[1] % self.groups:
            raise self.shape_error(f'a multiple of groups={self.groups} channels',
                                   f"'{self.inputs[0].ID}' of shape {shape}", 'Choose groups that divide the channels.')
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        if self.affine:
            per_channel = (1, shape[1]) + (1,) * (len(shape) - 2)
            self.add_parameter('gamma', per_channel, init='One')
            self.add_parameter('beta', per_channel, init='Zero')

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        gamma, beta = (self.gamma.val, self.beta.val) if self.affine else (None, None)
        y, saved = group_norm(x, self.groups, self.epsilon, gamma, beta)
        return y, (saved, gamma)

    def differentiate(self, xp: Any, deriv: Array, saved: Any, gamma: Array | None
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dx, dgamma = group_norm_derivative(deriv, saved, self.groups, gamma)
        return (dx,), {} if gamma is None else {'gamma': dgamma, 'beta': deriv}
