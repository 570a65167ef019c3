"""One step of a plain recurrent network: the new state."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.sigmoid import sigmoid, sigmoid_derivative

Array = Any


class RNN1(Module):
    """The next state of a recurrent network from the last one and an input; inputs [a_prev, x].

    Forward: `a = sigmoid(a_prev Waa + x Wax + ba)`.
    Backward: `dz = da a (1 - a)`, `da_prev = dz Waa^T`, `dx = dz Wax^T`, `dWaa = a_prev^T dz`, `dWax = x^T dz`,
    `dba = sum dz`.
    Shapes: a_prev and a (B, n), x (B, m), Waa (n, n), Wax (m, n), ba (1, n).

    Args:
        weight_init_type: How Waa and Wax start, see `initial_value`.

    Raises:
        ShapeError: The inputs are not two rows of features.

    Reference: Elman 1990, "Finding structure in time". Wire one per time step and let all of them share
    parameters; `RNN`, `LSTM` and `GRU` do whole sequences in one module.

    Example:
        >>> a, x = Data('a', (1, 2), val=[[0., 0.]]), Data('x', (1, 3), val=[[1., 2., 3.]])
        >>> r = RNN1('r', [a, x], weight_init_type='Zero')
        >>> r.forward()
        >>> r.output.val
        array([[0.5, 0.5]], dtype=float32)
    """

    Waa: Data
    Wax: Data
    ba: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        weight_init_type: str = 'He',
    ) -> None:
        self.weight_init_type = weight_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        if len(shapes) != 2 or any(len(shape) != 2 for shape in shapes):
            raise self.shape_error('two inputs, the last state (1, n) and x (1, m)', f'shapes {list(shapes)}',
                                   'Write inputs=[a_prev, x].')
        return shapes[0]

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        (_, n), (_, m) = shapes
        self.add_parameter('Waa', (n, n), init=self.weight_init_type)
        self.add_parameter('Wax', (m, n), init=self.weight_init_type)
        self.add_parameter('ba', (1, n))

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        a_prev, x = values
        Waa, Wax = self.Waa.val, self.Wax.val
        a = sigmoid(a_prev @ Waa + x @ Wax + self.ba.val)
        return a, (a_prev, x, a, Waa, Wax)

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        a_prev, x, a, Waa, Wax = saved
        dz = sigmoid_derivative(deriv, a)
        rows = [xp.broadcast_to(value, (len(dz), value.shape[1])) for value in (a_prev, x)]
        return (dz @ Waa.T, dz @ Wax.T), {
            'Waa': rows[0].T @ dz, 'Wax': rows[1].T @ dz, 'ba': dz.sum(axis=0, keepdims=True)}
