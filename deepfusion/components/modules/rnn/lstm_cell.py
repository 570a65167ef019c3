"""One step of long short-term memory."""

from deepfusion.components.data.data import Data  # noqa: F401  (for the example)
from deepfusion.components.modules.rnn.cell import _Cell
from deepfusion.functional import recurrent


class LSTMCell(_Cell):
    """One step of long short-term memory, to be wired by hand; inputs [x, state], where state is [h, c].

    Forward: `[i, f, g, o] = x Wx + bx + h Wh + bh`, sigmoid of i, f, o and tanh of g; `c' = f c + i g`,
    `h' = o tanh(c')`; y is [h', c'], the next state.
    Backward: `dc = dc' + dh' o (1 - tanh(c')^2)`, `da = [dc g i (1 - i), dc c f (1 - f), dc i (1 - g^2),
    dh' tanh(c') o (1 - o)]`; `dx = da Wx^T`, `dstate = [da Wh^T, dc f]`, `dWx = x^T da`, `dWh = h^T da`,
    `dbx = dbh = sum da`.
    Shapes: x (B, F), state and y (B, 2H), h in the first columns; Wx (F, 4H), Wh (H, 4H), bx and bh (1, 4H).

    Args:
        bias: Whether bx and bh exist.
        weight_init_type: How weights start, see `initial_value`; fan_in is H.
        bias_init_type: How biases start.

    Raises:
        ShapeError: The inputs are not as above.

    Reference: `torch.nn.LSTMCell`, its weights transposed and h and c side by side. Wire one per time step, let them
    share parameters with `net.share_parameters`, and take h with a `Slice`.

    Example:
        >>> x, state = Data('x', (1, 3), val=[[0.] * 3]), Data('state', (1, 4), val=[[0.] * 4])
        >>> cell = LSTMCell('cell', [x, state])
        >>> cell.forward()
        >>> cell.output.val.shape
        (1, 4)
    """

    kind = recurrent.LSTM
