"""Instance normalization."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import check_channels, check_epsilon
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.layer_norm import group_norm, group_norm_derivative

Array = Any


class InstanceNorm(Module):
    """Shifts and scales every channel of each example to mean 0 and variance 1 over its places.

    Forward: `y = n = (x - m) / sqrt(v + epsilon)`, m and v being the mean and variance of each example's channel over
    all places; `y = gamma n + beta` where affine.
    Backward: with g = dy, or gamma dy, `dx = (g - mean g - n mean(g n)) / sqrt(v + epsilon)` (means over places),
    `dbeta = sum dy`, `dgamma = sum dy n`.
    Shapes: x and y (B, C, L), (B, C, H, W) or (B, C, D, H, W); gamma, beta (1, C, 1, ...).

    Args:
        epsilon: Added to the variance.
        affine: Whether gamma and beta exist.

    Raises:
        OptionError: epsilon is not positive.
        ShapeError: The input has not batch, channels and one to three axes of places, or a single place only.

    Reference: Ulyanov, Vedaldi and Lempitsky 2016, "Instance normalization", equation 4; `torch.nn.InstanceNorm1d`,
    `InstanceNorm2d` and `InstanceNorm3d`.

    Example:
        >>> norm = InstanceNorm('n', [Data('x', (1, 2, 2), val=[[[1., 3.], [10., 30.]]])])
        >>> norm.forward()
        >>> norm.output.val.round(3)
        array([[[-1.,  1.],
                [-1.,  1.]]], dtype=float32)
    """

    gamma: Data
    beta: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        epsilon: float = 1e-5,
        affine: bool = False,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
    ) -> None:
        self.epsilon, self.affine = epsilon, affine
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_epsilon(self)
        check_channels(self, shape, least=3, most=5)
        if set(shape[2:]) == {1}:
            raise self.shape_error('more than one place per channel', f"'{self.inputs[0].ID}' of shape {shape}",
                                   'Use GroupNorm or LayerNorm there.')
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        if self.affine:
            per_channel = (1, shape[1]) + (1,) * (len(shape) - 2)
            self.add_parameter('gamma', per_channel, init='One')
            self.add_parameter('beta', per_channel, init='Zero')

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        gamma, beta = (self.gamma.val, self.beta.val) if self.affine else (None, None)
        y, saved = group_norm(x, x.shape[1], self.epsilon, gamma, beta)
        return y, (saved, gamma)

    def differentiate(self, xp: Any, deriv: Array, saved: Any, gamma: Array | None
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        dx, dgamma = group_norm_derivative(deriv, saved, deriv.shape[1], gamma)
        return (dx,), {} if gamma is None else {'gamma': dgamma, 'beta': deriv}
