"""Positions told by learnt vectors."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.attention.sinusoidal_encoding import check_sequence
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS

Array = Any


class LearnedEncoding(Module):
    """Adds a learnt vector for each place in a sequence.

    Forward: `y = x + P`.
    Backward: `dx = dy`, `dP = sum dy` over the batch.
    Shapes: x and y (B, T, d), P (1, T, d).

    Args:
        weight_init_type: How P starts, see `initial_value`.

    Raises:
        ShapeError: The input is no sequence of features.

    Reference: Gehring et al. 2017, "Convolutional sequence to sequence learning", section 3.1; Devlin et al. 2019,
    "BERT".

    Example:
        >>> e = LearnedEncoding('e', [Data('x', (1, 2, 1), val=[[[5.], [6.]]])], weight_init_type='One')
        >>> e.forward()
        >>> e.output.val
        array([[[6.],
                [7.]]], dtype=float32)
    """

    P: Data

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, weight_init_type: Any = 'Random',
                 learning_rate: float = 1e-6, is_frozen: bool = False,
                 optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS) -> None:
        self.weight_init_type = weight_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        check_sequence(self, shapes)
        return shapes[0]

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        self.add_parameter('P', shapes[0], init=self.weight_init_type)

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        return values[0] + self.P.val, ()

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        return (deriv,), {'P': deriv.sum(axis=0, keepdims=True)}
