"""One step of a gated recurrent unit."""

from deepfusion.components.data.data import Data  # noqa: F401  (for the example)
from deepfusion.components.modules.rnn.cell import _Cell
from deepfusion.functional import recurrent


class GRUCell(_Cell):
    """One step of a gated recurrent unit, to be wired by hand; inputs [x, h].

    Forward: `[r, z, n] = x Wx + bx`, `[r', z', n'] = h Wh + bh`; `r = sigmoid(r + r')`, `z = sigmoid(z + z')`,
    `n = tanh(n + r n')`; y is `(1 - z) n + z h`, the next state.
    Backward: `dn = dy (1 - z) (1 - n^2)`, `dr = dn n' r (1 - r)`, `dz = dy (h - n) z (1 - z)`; with
    da = [dr, dz, dn] and db = [dr, dz, r dn]: `dx = da Wx^T`, `dh = z dy + db Wh^T`, `dWx = x^T da`,
    `dWh = h^T db`, `dbx = sum da`, `dbh = sum db`.
    Shapes: x (B, F), h and y (B, H), Wx (F, 3H), Wh (H, 3H), bx and bh (1, 3H).

    Args:
        bias: Whether bx and bh exist.
        weight_init_type: How weights start, see `initial_value`; fan_in is H.
        bias_init_type: How biases start.

    Raises:
        ShapeError: The inputs are not as above.

    Reference: `torch.nn.GRUCell`, its weights transposed. Wire one per time step and let them share parameters with
    `net.share_parameters`.

    Example:
        >>> x, h = Data('x', (1, 3), val=[[0.] * 3]), Data('h', (1, 4), val=[[0.] * 4])
        >>> cell = GRUCell('cell', [x, h])
        >>> cell.forward()
        >>> cell.output.val.shape
        (1, 4)
    """

    kind = recurrent.GRU
