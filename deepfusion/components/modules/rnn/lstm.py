"""Long short-term memory over whole sequences."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.rnn.recurrent import _Recurrent
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional import recurrent


class LSTM(_Recurrent):
    """Long short-term memory over whole sequences; inputs [x], [x, state], or these with marks last.

    Forward: `[i, f, g, o] = x_t Wx + bx + h_(t-1) Wh + bh`, sigmoid of i, f, o and tanh of g;
    `c_t = f c_(t-1) + i g`, `h_t = o tanh(c_t)`; y is h, or [h, c] side by side with `cells`.
    Backward: through time: `dh_t = dy_t + da_(t+1) Wh^T`, `dc_t = dh_t o (1 - tanh(c_t)^2) + dc_(t+1) f_(t+1)`,
    `da_t = [dc g i', dc c_(t-1) f', dc i g', dh tanh(c_t) o']`, where s' = s (1 - s) and g' = 1 - g^2;
    `dx = da Wx^T`, `dWx = sum x_t^T da_t`, `dWh = sum h_(t-1)^T da_t`, `dbx = dbh = sum da_t`.
    Shapes: x (B, T, F), y (B, T, H), twice that when bidirectional, and again with `cells`; state
    (B, layers x directions x 2H), for each layer and direction [h, c]; marks (B,) or (B, T); Wx (F, 4H),
    Wh (H, 4H), bx and bh (1, 4H).

    Args:
        hidden_size: H.
        layers: How many, each reading what the one below gives. Parameters of layer l are Wx<l>, Wh<l>, bx<l>, bh<l>.
        bidirectional: Adds to each layer one that runs from the end, side by side in the output; its
            parameters have an r at the end of their names.
        masked: The last input holds lengths, or for each step 1 where it counts and 0 where it is padding: there
            the output is 0 and the state passes by.
        cells: The output also holds the cells: [h, c], or [h, c, h, c] when bidirectional.
        bias: Whether bx and bh exist.
        weight_init_type: How weights start, see `initial_value`; fan_in is H.
        bias_init_type: How biases start.

    Raises:
        ShapeError: The inputs are not as above.
        OptionError: A size is no whole number of at least 1, or a length exceeds the steps.

    Reference: `torch.nn.LSTM` with batch_first, its weights transposed and its states side by side; Hochreiter and
    Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers et al. 2000.

    Example:
        >>> r = LSTM('r', [Data('x', (1, 5, 3), val=[[[0.] * 3] * 5])], hidden_size=4, bidirectional=True)
        >>> r.forward()
        >>> r.output.val.shape
        (1, 5, 8)
    """

    kind = recurrent.LSTM

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        hidden_size: int = 0,
        layers: int = 1,
        bidirectional: bool = False,
        masked: bool = False,
        cells: bool = False,
        bias: bool = True,
        weight_init_type: Any = 'FanInUniform',
        bias_init_type: Any = 'FanInUniform',
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.cells = cells
        super().__init__(ID, inputs, output, hidden_size, layers, bidirectional, masked, bias, weight_init_type,
                         bias_init_type, learning_rate, is_frozen, optimizer_details, is_regularized,
                         regularizer_details)

    @property
    def step_width(self) -> int:
        return self.hidden_size * (2 if self.cells else 1)
