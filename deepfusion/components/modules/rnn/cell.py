"""What the cells that are wired by hand share: one step of a recurrent layer."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.recurrent import Kind, Weights, layer_backward, layer_forward

Array = Any


class _Cell(Module):
    """Inputs [x, state]; the output is the next state."""

    is_regularizable = True
    kind: Kind

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        bias: bool = True,
        weight_init_type: Any = 'FanInUniform',
        bias_init_type: Any = 'FanInUniform',
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.bias = bias
        self.weight_init_type, self.bias_init_type = weight_init_type, bias_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        states = self.kind.states
        if len(shapes) != 2 or any(len(shape) != 2 for shape in shapes) or shapes[1][1] % states:
            width = 'H' if states == 1 else f'{states}H'
            raise self.shape_error(f'two inputs, x of shape (1, F) and the state of shape (1, {width})',
                                   f'shapes {list(shapes)}', 'Write inputs=[x, state].')
        return shapes[1]

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        features, hidden = shapes[0][1], shapes[1][1] // self.kind.states
        gates = len(self.kind.scales) * hidden
        for name, rows in (('Wx', features), ('Wh', hidden)):
            self.add_parameter(name, (rows, gates), init=self.weight_init_type, fan_in=hidden, regularizable=True)
        for name in ('bx', 'bh') if self.bias else ():
            self.add_parameter(name, (1, gates), init=self.bias_init_type, fan_in=hidden)

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        x, state = values
        x = xp.broadcast_to(x, (max(len(x), len(state)), x.shape[1]))
        weights = [self.parameter_lookup[n].val if n in self.parameter_lookup else None for n in Weights._fields]
        outputs, saved = layer_forward(self.kind, xp, x[None], state, Weights(*weights))
        return xp.concatenate([states[0] for states in outputs], axis=1), saved

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        width = deriv.shape[1] // self.kind.states
        derivs = [deriv[None, :, k * width:(k + 1) * width] for k in range(self.kind.states)]
        dx, d_state, weights = layer_backward(self.kind, xp, derivs, saved, self.needs_input(0))
        return (None if dx is None else dx[0], d_state), {
            name: value for name, value in weights._asdict().items() if value is not None}
