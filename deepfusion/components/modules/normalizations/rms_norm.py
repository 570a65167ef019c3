"""Root mean square normalization."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import AxesLast, check_epsilon
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.layer_norm import layer_norm, layer_norm_derivative

Array = Any


class RMSNorm(Module):
    """Scales each example to mean square 1 over some axes, then its entries by learnt numbers.

    Forward: `y = gamma n`, `n = x / sqrt(mean x^2 + epsilon)`, the mean being taken over the axes.
    Backward: `dgamma = sum dy n`, and with g = gamma dy `dx = (g - n mean(g n)) / sqrt(mean x^2 + epsilon)`.
    Shapes: x and y (B, ...) of any rank from 2; gamma has the size of x along the axes and 1 elsewhere.

    Args:
        epsilon: Added to the mean square. None: the rounding unit of the values' type, 1.2e-7 for float32.
        axes: The axes to normalize over, a number or several; the batch axis is not among them. None: all others.
        affine: Whether gamma exists.

    Raises:
        OptionError: epsilon is not positive.
        ShapeError: An axis does not exist, or is the batch axis.

    Reference: Zhang and Sennrich 2019, "Root mean square layer normalization", equation 4; `torch.nn.RMSNorm`.

    Example:
        >>> norm = RMSNorm('n', [Data('x', (1, 2), val=[[1., 7.]])])
        >>> norm.forward()
        >>> norm.output.val.round(3)
        array([[0.2, 1.4]], dtype=float32)
    """

    gamma: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        epsilon: float | None = None,
        axes: int | tuple[int, ...] | None = None,
        affine: bool = True,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
    ) -> None:
        self.epsilon, self.axes, self.affine = epsilon, axes, affine
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.epsilon is not None:
            check_epsilon(self)
        self._way = AxesLast.of(self, shape)
        return shape

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        if self.affine:
            self.add_parameter('gamma', self._way.parameter_shape, init='One')

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        way = self._way
        gamma = way.there(self.gamma.val) if self.affine else None
        epsilon = float(xp.finfo(x.dtype).eps) if self.epsilon is None else self.epsilon
        y, saved = layer_norm(way.there(x), way.count, epsilon, gamma, centered=False)
        return way.back(y), (saved, gamma)

    def differentiate(self, xp: Any, deriv: Array, saved: Any, gamma: Array | None
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        way = self._way
        dx, dgamma = layer_norm_derivative(way.there(deriv), saved, way.count, gamma)
        return (way.back(dx),), {} if gamma is None else {'gamma': way.back(dgamma)}
