"""One layer of a recurrent network over whole sequences, in one direction: what all kinds of cells share.

The inputs' part of all gates is one product for all steps, the states' part one product a step; the
derivatives of both weights are one product each, over all steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from deepfusion.functional.gru import GRU_SCALES, gru_backward, gru_forward
from deepfusion.functional.jobs import helpers
from deepfusion.functional.lstm import LSTM_SCALES, lstm_backward, lstm_forward
from deepfusion.functional.parallel import _sums, product_into, shares
from deepfusion.functional.rnn import relu_backward, relu_forward, tanh_backward, tanh_forward
from deepfusion.functional.workspace import empty

Array = Any


class Kind(NamedTuple):
    """A kind of cell."""

    scales: tuple[float, ...]       # of the columns of each gate, before tanh is taken
    states: int                     # how many: h, or h and c
    columns: int                    # of derivatives that backward fills, in units of H
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    separate: bool = False          # the last gate takes the states' part apart; backward gives that gate first


LSTM = Kind(LSTM_SCALES, 2, 4, lstm_forward, lstm_backward)
GRU = Kind(GRU_SCALES, 1, 4, gru_forward, gru_backward, separate=True)
TANH_RNN = Kind((1.0,), 1, 1, tanh_forward, tanh_backward)
RELU_RNN = Kind((1.0,), 1, 1, relu_forward, relu_backward)


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
    inputs[..., :x.shape[2]] = _in_order(x, reverse)
    inputs[..., x.shape[2]:] = 1
    gates = empty(xp, (steps, batch, Wx.shape[1]), x.dtype)
    history = tuple(empty(xp, (steps + 1, batch, width), x.dtype) for _ in range(kind.states))
    for k, states in enumerate(history):
        states[0] = 0 if state is None else state[:, k * width:(k + 1) * width]
    mask = None if mask is None else _in_order(mask, reverse)

    def project(c: slice) -> None:
        product_into(_rows(gates[c]), _rows(inputs[c]), Wx, xp)

    saved = []
    with helpers(xp, _shared_work(gates)) as others:
        chunks = shares(steps, CHUNKS if others.there else 1)
        ahead = [others.start(project, c) for c in chunks]
        for c, projected in zip(chunks, ahead, strict=True):
            projected.result()
            saved.append((c, kind.forward(xp, gates[c], Wh, last_bias, _reach(history, c), _at(mask, c))))
    outputs = [_in_order(states[1:], reverse) for states in history]
    return outputs, (inputs, weights, mask, history, saved, reverse)


def layer_backward(kind: Kind, xp: Any, derivs: list[Array | None], saved: tuple[Any, ...], needs_x: bool = True
                   ) -> tuple[Array | None, Array, Weights]:
    """Derivatives of x (unless nobody needs it), of the state at the start, and of the weights.

    Args:
        derivs: Those of `layer_forward`'s outputs; None for an output that nobody used.
    """
    inputs, weights, mask, history, chunks, reverse = saved
    derivs = [None if d is None else _in_order(d, reverse) for d in derivs]
    steps, batch = inputs.shape[:2]
    features, width = weights.Wx.shape[0], weights.Wh.shape[0]
    Wh_back = xp.ascontiguousarray((xp.roll(weights.Wh, width, axis=1) if kind.separate else weights.Wh).T)
    room = empty(xp, (steps, batch, kind.columns * width), inputs.dtype)
    dx = empty(xp, (steps, batch, features), inputs.dtype) if needs_x else None
    carry = tuple(xp.zeros_like(states[0]) for states in history)

    def products(c: slice, d_inputs: Array, d_states: Array) -> tuple[Array, ...]:
        if dx is not None:
            product_into(_rows(dx[c]), _rows(d_inputs), weights.Wx.T, xp)
        found = _rows(inputs[c]).T @ _rows(d_inputs), _rows(history[0][c]).T @ _rows(d_states)
        return (*found, _rows(d_states)[:, :width].sum(axis=0, keepdims=True)) if kind.separate else found

    with helpers(xp, _shared_work(room)) as others:
        jobs = []
        for c, inner in reversed(chunks):
            d_inputs, d_states, carry = kind.backward(xp, tuple(_at(d, c) for d in derivs), inner, Wh_back,
                                                      _reach(history, c), _at(mask, c), carry, room[c])
            jobs.append(others.start(products, c, d_inputs, d_states))
        # Those that the other cores will come to last are done here.
        found = [job.result() for job in reversed(jobs)]
    dWx, dWh, *apart = _sums(found)
    if kind.separate:
        dWh = xp.roll(dWh, -width, axis=1)
    biases: tuple[Array, ...] = (None, None)
    if weights.bx is not None:
        bias = dWx[-1:]
        biases = bias, xp.concatenate([bias[:, :-width], apart[0]], axis=1) if kind.separate else bias
    return (None if dx is None else _in_order(dx, reverse), xp.concatenate(carry, axis=1),
            Weights(dWx[:features], dWh, *biases))


CHUNKS = 10             # parts of the steps: the others' work on one goes on while the next is run through
LARGE_STEP = 1 << 29    # batch times gates squared, from which all cores better share the product of a step


def _shared_work(gates: Array) -> int:
    """How much the cores have to share, for `helpers`; nothing where each product is better shared by all of them."""
    _, batch, columns = gates.shape
    return 0 if batch * columns ** 2 > LARGE_STEP else gates.size


def _in_order(array: Array, reverse: bool) -> Array:
    return array[::-1] if reverse else array


def _rows(array: Array) -> Array:
    """(T, B, n) as (T B, n)."""
    return array.reshape(-1, array.shape[-1])


def _at(array: Array | None, chunk: slice) -> Array | None:
    return None if array is None else array[chunk]


def _reach(history: tuple[Array, ...], chunk: slice) -> tuple[Array, ...]:
    """The states before a chunk of steps and after each of them."""
    return tuple(states[chunk.start:chunk.stop + 1] for states in history)


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
