"""Matrix multiplication with a learnt weight and bias."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_count
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.linear import as_rows, column_sums
from deepfusion.functional.parallel import product

Array = Any


class MatMul(Module):
    """Affine map of the last axis: a fully connected layer.

    Forward: `y = x W + b`.
    Backward: `dx = dy W^T`, `dW = sum x^T dy`, `db = sum dy` (sums over all leading axes).
    Shapes: x (B, ..., in), y (B, ..., out), W (in, out), b (1, out).

    Args:
        weight_init_type: How W starts, see `initial_value`.
        bias: Whether b exists.
        out_features: Width of the output, where no output is given.
        bias_init_type: How b starts.

    Raises:
        ShapeError: The input has no axis besides the batch, or the output's leading axes differ from its.

    Reference: the conventions of `torch.nn.Linear`, with W transposed.

    Example:
        >>> x = Data('x', (1, 3), val=[[1., 2., 3.]])
        >>> m = MatMul('m', [x], out_features=2, weight_init_type='One')
        >>> m.forward()
        >>> m.output.val
        array([[6., 6.]], dtype=float32)
    """

    is_regularizable = True
    W: Data
    b: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
        weight_init_type: str = 'He',
        bias: bool = True,
        out_features: int | None = None,
        bias_init_type: str = 'Zero',
    ) -> None:
        self.weight_init_type, self.bias_init_type = weight_init_type, bias_init_type
        self.bias, self.out_features = bias, out_features
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) < 2:
            raise self.shape_error('an input with an axis of features', shape, 'Use Data of shape (1, n).')
        if self.out_features is not None:
            return (*shape[:-1], check_count(self, self.out_features, 'out_features'))
        if not self.given_shape:
            raise self.shape_error('an output or out_features', 'neither', 'Pass one of them.')
        return shape[:-1] + self.given_shape[-1:]

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        n_in, n_out = shape[-1], self.output_shape(shape)[-1]
        self.add_parameter('W', (n_in, n_out), init=self.weight_init_type, regularizable=True)
        if self.bias:
            self.add_parameter('b', (1, n_out), init=self.bias_init_type, fan_in=n_in)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        W = self.W.val
        y = product(x, W, xp)
        if self.bias:
            y += self.b.val
        return y, (x, W)

    def differentiate(self, xp: Any, deriv: Array, x: Array, W: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        rows = as_rows(deriv)
        parameters = {}
        if self.needs_parameter('W'):
            parameters['W'] = product(as_rows(x).T, rows, xp)
        if self.bias and self.needs_parameter('b'):
            parameters['b'] = column_sums(xp, rows).reshape(1, -1)
        return (product(deriv, W.T, xp) if self.needs_input(0) else None,), parameters
