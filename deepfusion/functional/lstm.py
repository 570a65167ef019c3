"""Long short-term memory over time. Arrays are time-major: (T, B, .), gates in the order i, f, g, o.

A sigmoid is taken as `(1 + tanh(z / 2)) / 2`, so that one tanh serves all gates of a step; whoever makes the
products halves the columns of i, f and o for it (`LSTM_SCALES`).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from deepfusion.functional.panels import Factor

Array = Any

LSTM_SCALES = (0.5, 0.5, 1.0, 0.5)


def lstm_forward(xp: Any, gates: Array, Wh: Factor, bias: Array | None, history: tuple[Array, ...],
                 mask: Array | None) -> tuple[Array, ...]:
    """Run through all steps.

    `i, f, o = sigmoid(.)`, `g = tanh(.)` of `gates + h Wh`; `c = f c + i g`; `h = o tanh(c)`.

    Args:
        gates: (T, B, 4H), the part of the inputs with all biases, scaled; it receives the activated gates.
        Wh: (H, 4H), scaled.
        bias: None; the place of GRU's further bias.
        history: Hidden states and cells (T+1, B, H); entry 0 is given, the others are filled in.
        mask: (T, B, 1), 1 for steps that count and 0 for those that states pass by, or None.
    """
    hidden, cells = history
    width = hidden.shape[-1]
    recurrent, scratch = xp.empty_like(gates[0]), xp.empty_like(hidden[0])
    shift = xp.empty_like(recurrent)       # as many rows as gates have: NumPy first copies what it has to repeat
    shift[...] = xp.repeat(xp.asarray((0.5, 0.5, 0, 0.5), dtype=gates.dtype), width)
    scale = 1 - shift
    for t in range(len(gates)):
        a, c = gates[t], cells[t + 1]
        Wh.times(hidden[t], recurrent)
        a += recurrent
        xp.tanh(a, out=a)
        a *= scale             # two passes over all gates take less time than four over parts of their rows
        a += shift
        i, f, g, o = (a[:, k * width:(k + 1) * width] for k in range(4))
        xp.multiply(f, cells[t], out=c)
        c += xp.multiply(i, g, out=scratch)
        xp.multiply(o, xp.tanh(c, out=scratch), out=hidden[t + 1])
        if mask is not None:
            for states in history:
                states[t + 1] = xp.where(mask[t] > 0, states[t + 1], states[t])
    return (gates,)


def lstm_backward(xp: Any, d_history: tuple[Array | None, ...], saved: tuple[Array, ...], Wh_back: Factor,
                  history: tuple[Array, ...], mask: Array | None, carry: tuple[Array, ...], d_gates: Array
                  ) -> tuple[Array, Array]:
    """Back through all steps, by the adjoint of each.

    What the derivatives of a step's states are to be multiplied by needs no later step: it is worked out for as many
    steps at once as stay in cache. Then each step takes one product and a few multiplications.

    Args:
        d_history: Derivatives of the hidden states and cells 1..T, or None.
        Wh_back: (4H, H), not scaled.
        carry: Derivatives of the states after the last step by way of later ones; becomes those of the states at the
            start.
        d_gates: (T, B, 4H), receives the derivatives of the gates.

    Returns:
        Derivatives of what the inputs and of what the states add to the gates.
    """
    (gates,), (hidden, cells), (dh, dc) = saved, history, carry
    batch, width = hidden.shape[1:]
    by_hidden, scratch = xp.empty_like(cells[1:]), xp.empty_like(dc)

    def factors(share: slice) -> None:
        y, d, through = gates[share], d_gates[share], by_hidden[share]
        i, _, g, o = (y[..., k * width:(k + 1) * width] for k in range(4))
        d_i, d_f, d_g, d_o = (d[..., k * width:(k + 1) * width] for k in range(4))
        xp.subtract(1, y, out=d)
        d *= y                                  # s' = s (1 - s) of i, f, o
        xp.subtract(1, xp.multiply(g, g, out=d_g), out=d_g)
        d_g *= i
        d_i *= g
        d_f *= cells[share]
        xp.tanh(cells[1:][share], out=through)
        d_o *= through
        xp.subtract(1, xp.multiply(through, through, out=through), out=through)
        through *= o                            # dc = o (1 - tanh(c)^2) dh

    flat = xp.empty_like(d_gates[0])        # a product of whole rows takes less time than those of their parts
    by_state = flat.reshape(batch, 4, width)
    d_hidden, d_cells = d_history
    for t, group in backwards(xp, gates):
        if group is not None:
            factors(group)
        if d_hidden is not None:
            dh += d_hidden[t]
        if d_cells is not None:
            dc += d_cells[t]
        if mask is not None:
            past_h, past_c = dh * (1 - mask[t]), dc * (1 - mask[t])
        dc += xp.multiply(dh, by_hidden[t], out=scratch)
        by_state[:, :3], by_state[:, 3] = dc[:, None], dh
        d_gates[t] *= flat
        dc *= gates[t, :, width:2 * width]
        if mask is not None:
            d_gates[t] *= mask[t]
            dc *= mask[t]
            dc += past_c
        Wh_back.times(d_gates[t], dh)
        if mask is not None:
            dh += past_h
    return d_gates, d_gates


CACHED = 1 << 18        # numbers of a group of steps that stay in cache


def backwards(xp: Any, gates: Array) -> Iterator[tuple[int, slice | None]]:
    """The steps from the last to the first; with the first of each group of them the group, else None."""
    steps = len(gates)
    size = max(1, CACHED * steps // max(1, gates.size)) if xp is np else steps
    for t in reversed(range(steps)):
        at_end = t == steps - 1 or t % size == size - 1
        yield t, slice(t - t % size, t + 1) if at_end else None
