"""Layer normalization."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import AxesLast, check_epsilon
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.layer_norm import layer_norm, layer_norm_derivative

Array = Any


class LayerNorm(Module):
    """Shifts and scales each example to mean 0 and variance 1 over some axes, then its entries by learnt numbers.

    Forward: `y = gamma n + beta`, `n = (x - m) / sqrt(v + epsilon)`, m and v being the mean and variance of x over
    the axes.
    Backward: `dbeta = sum dy`, `dgamma = sum dy n`, and with g = gamma dy
    `dx = (g - mean g - n mean(g n)) / sqrt(v + epsilon)` (means over the axes).
    Shapes: x and y (B, ...) of any rank from 2; gamma and beta have the size of x along the axes and 1 elsewhere.

    Args:
        epsilon: Added to the variance.
        axes: The axes to normalize over, a number or several; the batch axis is not among them. None: all others.
            -1 is what sequences (B, T, F) usually want, 1 normalizes over the channels at each place.

    Raises:
        OptionError: epsilon is not positive.
        ShapeError: An axis does not exist, or is the batch axis.

    Reference: Ba, Kiros and Hinton 2016, "Layer normalization", equation 3; `torch.nn.LayerNorm`.

    Example:
        >>> norm = LayerNorm('n', [Data('x', (1, 2), val=[[1., 3.]])])
        >>> norm.forward()
        >>> norm.output.val.round(3)
        array([[-1.,  1.]], dtype=float32)
    """

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
        axes: int | tuple[int, ...] | None = None,
    ) -> None:
        self.epsilon, self.axes = epsilon, axes
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        check_epsilon(self)
        self._way = AxesLast.of(self, shape)
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        self.add_parameter('gamma', self._way.parameter_shape, init='One')
        self.add_parameter('beta', self._way.parameter_shape, init='Zero')

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        way = self._way
        gamma = way.there(self.gamma.val)
        y, saved = layer_norm(way.there(x), way.count, self.epsilon, gamma, way.there(self.beta.val))
        return way.back(y), (saved, gamma)

    def differentiate(self, xp: Any, deriv: Array, saved: Any, gamma: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        way = self._way
        dx, dgamma = layer_norm_derivative(way.there(deriv), saved, way.count, gamma)
        return (way.back(dx),), {'gamma': way.back(dgamma), 'beta': deriv}
