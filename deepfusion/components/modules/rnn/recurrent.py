"""What RNN, LSTM and GRU over whole sequences share: inputs, parameters, layers and directions."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_count
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.recurrent import Kind, Weights, layer_backward, layer_forward, step_mask

Array = Any


class _Recurrent(Module):
    """Inputs [x], [x, state], [x, marks] or [x, state, marks]; see the docstrings of the final classes."""

    is_regularizable = True
    kind: Kind

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        hidden_size: int = 0,
        layers: int = 1,
        bidirectional: bool = False,
        masked: bool = False,
        bias: bool = True,
        weight_init_type: Any = 'FanInUniform',
        bias_init_type: Any = 'FanInUniform',
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.hidden_size, self.layers, self.bidirectional = hidden_size, layers, bidirectional
        self.masked, self.bias = masked, bias
        self.weight_init_type, self.bias_init_type = weight_init_type, bias_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)
        self.index_inputs = (len(inputs) - 1,) if masked else ()

    @property
    def step_width(self) -> int:
        """Width of what one direction of the last layer gives for each step."""
        return self.hidden_size

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        check_count(self, self.hidden_size, 'hidden_size')
        check_count(self, self.layers, 'layers')
        x = shapes[0]
        if len(x) != 3:
            raise self.shape_error('sequences of rank 3 (B, T, F)', f"'{self.inputs[0].ID}' of shape {x}",
                                   'Use Data of shape (1, steps, features).')
        least = 1 + bool(self.masked)
        if not least <= len(shapes) <= least + 1:
            raise self.shape_error('inputs [x] or [x, state]' + (', and the marks last' if self.masked else ''),
                                   f'{len(shapes)} inputs', 'Say masked=True where the last input holds lengths or '
                                   'marks of the steps that count.')
        if len(shapes) > least:
            self._check_state(shapes[1], x[1])
        if self.masked:
            check_marks(self, shapes[-1], x[1])
        return (1, x[1], self._directions * self.step_width)

    def _check_state(self, shape: tuple[int, ...], steps: int) -> None:
        width = self.layers * self._directions * self.kind.states * self.hidden_size
        if shape != (1, width):
            raise self.shape_error(f'a state of shape (1, {width}), the states of all layers and directions side by '
                                   'side', f"'{self.inputs[1].ID}' of shape {shape}",
                                   'Say masked=True if it holds lengths or marks of the steps that count.'
                                   if not self.masked and shape in ((1,), (1, steps)) else 'Give it that width.')

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        hidden, features = self.hidden_size, shapes[0][2]
        gates = len(self.kind.scales) * hidden
        for layer in range(self.layers):
            for suffix in self._suffixes(layer):
                for name, rows in (('Wx', features), ('Wh', hidden)):
                    self.add_parameter(name + suffix, (rows, gates), init=self.weight_init_type, fan_in=hidden,
                                       regularizable=True)
                for name in ('bx', 'bh') if self.bias else ():
                    self.add_parameter(name + suffix, (1, gates), init=self.bias_init_type, fan_in=hidden)
            features = self._directions * hidden

    def _suffixes(self, layer: int) -> list[str]:
        return [f'{layer}', f'{layer}r'][:self._directions]

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        x, mask = values[0].transpose(1, 0, 2), None
        if self.masked:
            check_lengths(self, values[-1], len(x))
            mask = step_mask(xp, values[-1], len(x), x.dtype)
        state = values[1] if len(values) > 1 + bool(self.masked) else None
        batch = max(len(value) for value in values)         # any input may be one for the whole batch
        x = xp.broadcast_to(x, (x.shape[0], batch, x.shape[2]))
        if mask is not None:        # whatever stands in the padding, be it NaN, adds nothing to a derivative
            x = xp.where(mask > 0, x, 0)
        saved: list[Any] = []
        width = self.kind.states * self.hidden_size
        for layer in range(self.layers):
            found = []
            for suffix in self._suffixes(layer):
                start = len(saved) * width
                part = None if state is None else state[:, start:start + width]
                outputs, kept = layer_forward(self.kind, xp, x, part, self._weights(suffix), mask,
                                              reverse=suffix.endswith('r'))
                found += outputs[:self._outputs(layer)]
                saved.append(kept)
            x = found[0] if len(found) == 1 else xp.concatenate(found, axis=2)
        if mask is not None:
            x = x * mask
        return x.transpose(1, 0, 2), (saved, mask, len(values))

    def _outputs(self, layer: int) -> int:
        """How many of the states of one direction of that layer are given on."""
        return self.step_width // self.hidden_size if layer == self.layers - 1 else 1

    def _weights(self, suffix: str) -> Weights:
        names = ('Wx', 'Wh', 'bx', 'bh')
        values = [self.parameter_lookup[name + suffix].val if self.bias or name[0] == 'W' else None for name in names]
        return Weights(*values)

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        kept, mask, count = saved
        d, hidden = deriv.transpose(1, 0, 2), self.hidden_size
        d = d if mask is None else d * mask
        parameters: dict[str, Array] = {}
        states: list[Array] = []
        for layer in reversed(range(self.layers)):
            each, suffixes = self._outputs(layer), self._suffixes(layer)
            needs_x, dx = layer > 0 or self.needs_input(0), None
            starts = []
            for k, suffix in enumerate(suffixes):
                derivs = [d[..., i * hidden:(i + 1) * hidden] for i in range(k * each, (k + 1) * each)]
                derivs += [None] * (self.kind.states - each)
                part, start, weights = layer_backward(self.kind, xp, derivs, kept[layer * len(suffixes) + k], needs_x)
                dx = part if dx is None else dx + part
                starts.append(start)
                parameters |= {name + suffix: value for name, value in weights._asdict().items()
                               if value is not None}
            states = starts + states
            d = dx
        inputs = [None if d is None else d.transpose(1, 0, 2)]
        if count > 1 + bool(self.masked):
            inputs.append(xp.concatenate(states, axis=1))
        return (*inputs, *[None] * (count - len(inputs))), parameters


def check_marks(module: Module, shape: tuple[int, ...], steps: int) -> None:
    """Refuse an input of lengths or marks that fits no sequence of that many steps."""
    if shape not in ((1,), (1, steps)):
        raise module.shape_error(f'lengths of shape (1,), or marks of shape (1, {steps})',
                                 f"'{module.inputs[-1].ID}' of shape {shape}",
                                 'Give one length for each sequence, or 1 for each step that counts and 0 for others.')


def check_lengths(module: Module, marks: Array, steps: int) -> None:
    """Refuse lengths that are not whole numbers between 1 and the number of steps."""
    if marks.ndim == 1 and marks.size and (marks.min() < 1 or marks.max() > steps or (marks % 1).any()):
        raise OptionError(f"{module!r}: expected lengths from 1 to {steps} in '{module.inputs[-1].ID}', in whole "
                          f'numbers; found some from {float(marks.min()):g} to {float(marks.max()):g}. Count the steps '
                          'before the padding.')
