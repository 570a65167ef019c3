"""One step of a plain recurrent network: the output."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.sigmoid import sigmoid, sigmoid_derivative

Array = Any


class RNN2(Module):
    """What a recurrent network says in one step, from its state; inputs [a].

    Forward: `y = sigmoid(a Way + by)`.
    Backward: `dz = dy y (1 - y)`, `da = dz Way^T`, `dWay = a^T dz`, `dby = sum dz`.
    Shapes: a (B, n), y (B, k), Way (n, k), by (1, k).

    Args:
        weight_init_type: How Way starts, see `initial_value`.
        out_features: Width of the output, where no output is given.

    Raises:
        ShapeError: The input is no row of features, or the output's width is not told.

    Reference: Elman 1990, "Finding structure in time".

    Example:
        >>> r = RNN2('r', [Data('a', (1, 2), val=[[1., 2.]])], out_features=1, weight_init_type='Zero')
        >>> r.forward()
        >>> r.output.val
        array([[0.5]], dtype=float32)
    """

    Way: Data
    by: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        weight_init_type: str = 'He',
        out_features: int | None = None,
    ) -> None:
        self.weight_init_type, self.out_features = weight_init_type, out_features
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        if len(shapes) != 1 or len(shapes[0]) != 2:
            raise self.shape_error('one input, the state (1, n)', f'shapes {list(shapes)}', 'Write inputs=[a].')
        if self.out_features is not None:
            return (1, self.out_features)
        if not self.given_shape:
            raise self.shape_error('an output or out_features', 'neither', 'Pass one of them.')
        return (1, self.given_shape[-1])

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        n, k = shapes[0][1], self.output_shape(*shapes)[1]
        self.add_parameter('Way', (n, k), init=self.weight_init_type)
        self.add_parameter('by', (1, k))

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        a, Way = values[0], self.Way.val
        y = sigmoid(a @ Way + self.by.val)
        return y, (a, y, Way)

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        a, y, Way = saved
        dz = sigmoid_derivative(deriv, y)
        return (dz @ Way.T,), {'Way': a.T @ dz, 'by': dz.sum(axis=0, keepdims=True)}
