"""Gated recurrent units over whole sequences."""

from deepfusion.components.data.data import Data  # noqa: F401  (for the example)
from deepfusion.components.modules.rnn.recurrent import _Recurrent
from deepfusion.functional import recurrent


class GRU(_Recurrent):
    """Gated recurrent units over whole sequences; inputs [x], [x, state], or these with marks last.

    Forward: `[r, z, n] = x_t Wx + bx`, `[r', z', n'] = h_(t-1) Wh + bh`; `r = sigmoid(r + r')`,
    `z = sigmoid(z + z')`, `n = tanh(n + r n')`, `h_t = (1 - z) n + z h_(t-1)`; y is h.
    Backward: through time: `dn = dh (1 - z) (1 - n^2)`, `dr = dn n' r (1 - r)`, `dz = dh (h_(t-1) - n) z (1 - z)`;
    with da = [dr, dz, dn] and db = [dr, dz, r dn]: `dh_(t-1) = dy_(t-1) + z dh + db Wh^T`, `dx = da Wx^T`,
    `dWx = sum x_t^T da_t`, `dWh = sum h_(t-1)^T db_t`, `dbx = sum da_t`, `dbh = sum db_t`.
    Shapes: x (B, T, F), y (B, T, H), or (B, T, 2H) when bidirectional; state (B, layers x directions x H);
    marks (B,) or (B, T); Wx (F, 3H), Wh (H, 3H), bx and bh (1, 3H).

    Args:
        hidden_size: H.
        layers: How many, each reading what the one below gives. Parameters of layer l are Wx<l>, Wh<l>, bx<l>, bh<l>.
        bidirectional: Adds to each layer one that runs from the end, side by side in the output; its
            parameters have an r at the end of their names.
        masked: The last input holds lengths, or for each step 1 where it counts and 0 where it is padding: there
            the output is 0 and the state passes by.
        bias: Whether bx and bh exist.
        weight_init_type: How weights start, see `initial_value`; fan_in is H.
        bias_init_type: How biases start.

    Raises:
        ShapeError: The inputs are not as above.
        OptionError: A size is no whole number of at least 1, or a length exceeds the steps.

    Reference: `torch.nn.GRU` with batch_first, its weights transposed and its states side by side; Cho et al. 2014,
    "Learning phrase representations using RNN encoder-decoder", with r after the product.

    Example:
        >>> r = GRU('r', [Data('x', (1, 5, 3), val=[[[0.] * 3] * 5])], hidden_size=4)
        >>> r.forward()
        >>> r.output.val.shape
        (1, 5, 4)
    """

    kind = recurrent.GRU
