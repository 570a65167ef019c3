"""Plain recurrent networks over whole sequences."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.rnn.recurrent import _Recurrent
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.functional.recurrent import RELU_RNN, TANH_RNN
from deepfusion.utils.names import look_up


class RNN(_Recurrent):
    """A plain recurrent network over whole sequences; inputs [x], [x, state], or these with marks last.

    Forward: `h_t = tanh(x_t Wx + bx + h_(t-1) Wh + bh)`, or `max(., 0)` in place of tanh; y is h.
    Backward: through time: `dz_t = (dy_t + dz_(t+1) Wh^T) (1 - h_t^2)`, `dx = dz Wx^T`,
    `dWx = sum x_t^T dz_t`, `dWh = sum h_(t-1)^T dz_t`, `dbx = dbh = sum dz_t`.
    Shapes: x (B, T, F), y (B, T, H), or (B, T, 2H) when bidirectional; state (B, layers x directions x H);
    marks (B,) or (B, T); Wx (F, H), Wh (H, H), bx and bh (1, H).

    Args:
        hidden_size: H.
        layers: How many, each reading what the one below gives. Parameters of layer l are Wx<l>, Wh<l>, bx<l>, bh<l>.
        bidirectional: Adds to each layer one that runs from the end, side by side in the output; its
            parameters have an r at the end of their names.
        masked: The last input holds lengths, or for each step 1 where it counts and 0 where it is padding: there
            the output is 0 and the state passes by.
        nonlinearity: 'tanh' or 'relu'.
        bias: Whether bx and bh exist.
        weight_init_type: How weights start, see `initial_value`; fan_in is H.
        bias_init_type: How biases start.

    Raises:
        ShapeError: The inputs are not as above.
        OptionError: A size is no whole number of at least 1, or a length exceeds the steps.

    Reference: `torch.nn.RNN` with batch_first, its weights transposed and its states side by side; Elman 1990,
    "Finding structure in time".

    Example:
        >>> r = RNN('r', [Data('x', (1, 5, 3), val=[[[0.] * 3] * 5])], hidden_size=4)
        >>> r.forward()
        >>> r.output.val.shape
        (1, 5, 4)
    """

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        hidden_size: int = 0,
        layers: int = 1,
        bidirectional: bool = False,
        masked: bool = False,
        nonlinearity: str = 'tanh',
        bias: bool = True,
        weight_init_type: Any = 'FanInUniform',
        bias_init_type: Any = 'FanInUniform',
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.nonlinearity = nonlinearity
        self.kind = look_up(nonlinearity, {'tanh': TANH_RNN, 'relu': RELU_RNN}, f"nonlinearity of RNN '{ID}'")
        super().__init__(ID, inputs, output, hidden_size, layers, bidirectional, masked, bias, weight_init_type,
                         bias_init_type, learning_rate, is_frozen, optimizer_details, is_regularized,
                         regularizer_details)
