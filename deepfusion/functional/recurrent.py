"""One layer of a recurrent network over whole sequences, in one direction: what all kinds of cells share.

The inputs' part of all gates is one product for all steps, the states' part one product a step; the
derivatives of both weights are one product each, over all steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from deepfusion.functional.gru import GRU_SCALES, gru_backward, gru_forward
from deepfusion.functional.lstm import LSTM_SCALES, lstm_backward, lstm_forward
from deepfusion.functional.parallel import product_into
from deepfusion.functional.rnn import relu_backward, relu_forward, tanh_backward, tanh_forward
from deepfusion.functional.workspace import empty

Array = Any


class Kind(NamedTuple):
    """A kind of cell."""

    scales: tuple[float, ...]       # of the columns of each gate, before tanh is taken
    states: int                     # how many: h, or h and c
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    separate: bool = False          # the last gate takes the states' part apart; backward gives that gate first


LSTM = Kind(LSTM_SCALES, 2, lstm_forward, lstm_backward)
GRU = Kind(GRU_SCALES, 1, gru_forward, gru_backward, separate=True)
TANH_RNN = Kind((1.0,), 1, tanh_forward, tanh_backward)
RELU_RNN = Kind((1.0,), 1, relu_forward, relu_backward)


class Weights(NamedTuple):
    """Weights (F, G) and (H, G), biases (1, G) or None; G is H for each gate."""

    Wx: Array
    Wh: Array
    bx: Array | None
    bh: Array | None


def layer_forward(kind: Kind, xp: Any, x: Array, state: Array | None, weights: Weights, mask: Array | None = None,
                  reverse: bool = False) -> tuple[list[Array], tuple[Any, ...]]:
    """Run through the sequences.

    Args:
        x: (T, B, F).
        state: (B or 1, H) or, with cells, (B or 1, 2H); None is zeros.
        mask: (T, B, 1) of 0 and 1, or None.
        reverse: From the last step to the first.

    Returns:
        The states after each step, [h] or [h, c], each (T, B, H) in the order of x; and what backward needs.
    """
    steps, batch = x.shape[:2]
    width = weights.Wh.shape[0]
    Wx, Wh, last_bias = _scaled(kind, xp, weights)
    # A column of ones takes the biases into the product, and their derivatives into that of the weights.
    inputs = empty(xp, (steps, batch, Wx.shape[0]), x.dtype)
    inputs[..., :x.shape[2]] = x
    inputs[..., x.shape[2]:] = 1
    gates = empty(xp, (steps, batch, Wx.shape[1]), x.dtype)
    product_into(gates.reshape(steps * batch, -1), inputs.reshape(steps * batch, -1), Wx, xp)
    history = tuple(empty(xp, (steps + 1, batch, width), x.dtype) for _ in range(kind.states))
    for k, states in enumerate(history):
        states[0] = 0 if state is None else state[:, k * width:(k + 1) * width]
    if reverse:
        gates, mask = gates[::-1], None if mask is None else mask[::-1]
    saved = kind.forward(xp, gates, Wh, last_bias, history, mask)
    outputs = [_in_order(states[1:], reverse) for states in history]
    return outputs, (inputs, weights, mask, history, saved, reverse)


def layer_backward(kind: Kind, xp: Any, derivs: list[Array | None], saved: tuple[Any, ...], needs_x: bool = True
                   ) -> tuple[Array | None, Array, Weights]:
    """Derivatives of x (unless nobody needs it), of the state at the start, and of the weights.

    Args:
        derivs: Those of `layer_forward`'s outputs; None for an output that nobody used.
    """
    inputs, weights, mask, history, inner, reverse = saved
    derivs = [None if d is None else _in_order(d, reverse) for d in derivs]
    d_inputs, d_states, d_start = kind.backward(xp, tuple(derivs), inner, weights.Wh, history, mask)
    steps, batch, columns = d_inputs.shape
    rows = steps * batch
    d_rows = d_inputs.reshape(rows, columns)
    state_rows = d_rows if d_states is d_inputs else d_states.reshape(rows, columns)
    dWx = _in_order(inputs, reverse).reshape(rows, -1).T @ d_rows
    dWh = history[0][:-1].reshape(rows, -1).T @ state_rows
    width = weights.Wh.shape[0]
    if kind.separate:
        dWh = xp.roll(dWh, -width, axis=1)
    biases: tuple[Array, ...] = (None, None)
    if weights.bx is not None:
        dWx, bias = dWx[:-1], dWx[-1:]
        biases = bias, bias
        if kind.separate:
            apart = state_rows[:, :width].sum(axis=0, keepdims=True)
            biases = bias, xp.concatenate([bias[:, :-width], apart], axis=1)
    dx = None
    if needs_x:
        dx = empty(xp, (steps, batch, weights.Wx.shape[0]), d_rows.dtype)
        product_into(dx.reshape(rows, -1), d_rows, weights.Wx.T, xp)
        dx = _in_order(dx, reverse)
    return dx, xp.concatenate(d_start, axis=1), Weights(dWx, dWh, *biases)


def _in_order(array: Array, reverse: bool) -> Array:
    return array[::-1] if reverse else array


def _scaled(kind: Kind, xp: Any, weights: Weights) -> tuple[Array, Array, Array | None]:
    """Weights with the gates' scales, the biases as a last row of the first; the bias that stays apart."""
    Wx, Wh, bx, bh = weights
    width = Wh.shape[0]
    last_bias = None
    if bx is not None and bh is not None:
        bias = bx + bh
        if kind.separate:
            last_bias = bh[0, -width:]
            bias[:, -width:] = bx[:, -width:]
        Wx = xp.concatenate([Wx, bias], axis=0)
    if kind.scales != (1.0,):
        scales = xp.repeat(xp.asarray(kind.scales, dtype=Wx.dtype), width)
        Wx, Wh = Wx * scales, Wh * scales
    return Wx, Wh, last_bias


def step_mask(xp: Any, marks: Array, steps: int, dtype: Any) -> Array:
    """(T, B, 1) of 0 and 1, from lengths (B,) or marks of the steps that count (B, T)."""
    if marks.ndim == 1:
        marks = xp.arange(steps)[None] < marks[:, None]
    return (marks != 0).astype(dtype).T[:, :, None]
