"""Gated recurrent units over time. Arrays are time-major: (T, B, .), gates in the order r, z, n.

As in `lstm.py`, a sigmoid is `(1 + tanh(z / 2)) / 2`, and the columns of r and z come halved (`GRU_SCALES`).
"""

from typing import Any

from deepfusion.functional.lstm import backwards
from deepfusion.functional.panels import Factor

Array = Any

GRU_SCALES = (0.5, 0.5, 1.0)


def gru_forward(xp: Any, gates: Array, Wh: Factor, bias: Array | None, history: tuple[Array, ...],
                mask: Array | None) -> tuple[Array, ...]:
    """Run through all steps.

    `r, z = sigmoid(gates + h Wh)`, `n = tanh(gates + r (h Wh + bias))`, `h = (1 - z) n + z h`.

    Args:
        gates: (T, B, 3H), the part of the inputs with its biases (those of r and z complete), scaled; it
            receives the activated gates.
        Wh: (H, 3H), scaled.
        bias: (H,), of the states' part of n, or None.
        history: Hidden states (T+1, B, H); entry 0 is given, the others are filled in.
        mask: (T, B, 1), 1 for steps that count and 0 for those that states pass by, or None.
    """
    hidden, = history
    width = hidden.shape[-1]
    recurrent, candidate = xp.empty_like(gates[0]), xp.empty_like(hidden[1:])
    for t in range(len(gates)):
        a, rz, h = gates[t], gates[t, :, :2 * width], hidden[t + 1]
        r, z, n = (a[:, k * width:(k + 1) * width] for k in range(3))
        Wh.times(hidden[t], recurrent)
        rz += recurrent[:, :2 * width]
        xp.tanh(rz, out=rz)
        rz *= 0.5
        rz += 0.5
        if bias is None:
            candidate[t] = recurrent[:, 2 * width:]
        else:
            xp.add(recurrent[:, 2 * width:], bias, out=candidate[t])
        n += xp.multiply(r, candidate[t], out=h)
        xp.tanh(n, out=n)
        xp.subtract(hidden[t], n, out=h)
        h *= z
        h += n
        if mask is not None:
            hidden[t + 1] = xp.where(mask[t] > 0, h, hidden[t])
    return gates, candidate


def gru_backward(xp: Any, d_history: tuple[Array | None, ...], saved: tuple[Array, ...], Wh_back: Factor,
                 history: tuple[Array, ...], mask: Array | None, carry: tuple[Array, ...], d_gates: Array
                 ) -> tuple[Array, Array]:
    """Back through all steps, by the adjoint of each; as `lstm_backward`.

    Args:
        Wh_back: (3H, H), for the gates in the order n, r, z.
        d_gates: (T, B, 4H), room for the derivatives.

    Returns:
        Derivatives of what the inputs add to the gates and of what the states add to them, both (T, B, 3H), the
        second in the order n, r, z.
    """
    (gates, candidate), (hidden,), (dh,) = saved, history, carry
    steps, batch, width = len(gates), gates.shape[1], hidden.shape[-1]
    # Side by side [n as the states feed it, r, z, n as the inputs feed it]: one half or the other is one view.
    by_gate = d_gates.reshape(steps, batch, 4, width)

    def factors(share: slice) -> None:
        r, z, n = (gates[share, :, k * width:(k + 1) * width] for k in range(3))
        d_fed, d_r, d_z, d_n = (by_gate[share, :, k] for k in range(4))
        xp.subtract(1, xp.multiply(n, n, out=d_n), out=d_n)
        d_n *= xp.subtract(1, z, out=d_z)       # (1 - z) (1 - n^2)
        d_z *= z
        d_z *= xp.subtract(hidden[:-1][share], n, out=d_fed)
        xp.multiply(d_n, r, out=d_fed)
        xp.subtract(1, r, out=d_r)
        d_r *= d_fed
        d_r *= candidate[share]

    for t, group in backwards(xp, gates):
        if group is not None:
            factors(group)
        if d_history[0] is not None:
            dh += d_history[0][t]
        by_gate[t] *= dh[:, None]
        passing = dh * gates[t, :, width:2 * width]
        if mask is not None:
            by_gate[t] *= mask[t, :, None]
            passing = passing * mask[t] + dh * (1 - mask[t])
        Wh_back.times(d_gates[t, :, :3 * width], dh)
        dh += passing
    return d_gates[..., width:], d_gates[..., :3 * width]
