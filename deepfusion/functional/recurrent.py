"""One layer of a recurrent network over whole sequences, in one direction: what all kinds of cells share.

The inputs' part of all gates is one product for many steps, the states' part one product a step; the derivatives of
both weights are one product each for many steps. Every core goes through all steps with examples of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from deepfusion.functional.gru import GRU_SCALES, gru_backward, gru_forward
from deepfusion.functional.lstm import LSTM_SCALES, lstm_backward, lstm_forward
from deepfusion.functional.panels import Factor
from deepfusion.functional.parallel import SMALL, _sums, product_into, shares, split, thread_count
from deepfusion.functional.rnn import relu_backward, relu_forward, tanh_backward, tanh_forward
from deepfusion.functional.workspace import empty

Array = Any
Part = TypeVar('Part')
Result = TypeVar('Result')


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
    steps, batch, features = x.shape
    width = weights.Wh.shape[0]
    Wx, Wh, last_bias = _scaled(kind, xp, weights)
    work = Work(steps, batch, Wx.shape[1])
    recurrent = work.factor(xp, Wh)
    x, mask = _in_order(x, reverse), None if mask is None else _in_order(mask, reverse)
    history = tuple(empty(xp, (steps + 1, batch, width), x.dtype) for _ in range(kind.states))
    for k, states in enumerate(history):
        states[0] = 0 if state is None else state[:, k * width:(k + 1) * width]

    def run(rows: slice) -> tuple[Any, ...]:
        # A column of ones takes the biases into the product, and their derivatives into that of the weights.
        inputs = empty(xp, (*x[:, rows].shape[:2], len(Wx)), x.dtype)
        inputs[..., :features] = x[:, rows]
        inputs[..., features:] = 1
        gates = empty(xp, (*inputs.shape[:2], Wx.shape[1]), x.dtype)
        product_into(_flat(gates), _flat(inputs), Wx, xp)
        return rows, inputs, kind.forward(xp, gates, recurrent, last_bias, _of(history, rows), *_of([mask], rows))

    parts = work.spread(xp, run, work.parts(xp))
    outputs = [_in_order(states[1:], reverse) for states in history]
    return outputs, (work, weights, mask, history, parts, reverse)


def layer_backward(kind: Kind, xp: Any, derivs: list[Array | None], saved: tuple[Any, ...], needs_x: bool = True
                   ) -> tuple[Array | None, Array, Weights]:
    """Derivatives of x (unless nobody needs it), of the state at the start, and of the weights.

    Args:
        derivs: Those of `layer_forward`'s outputs; None for an output that nobody used.
    """
    work, weights, mask, history, parts, reverse = saved
    derivs = [None if d is None else _in_order(d, reverse) for d in derivs]
    features, width = weights.Wx.shape[0], weights.Wh.shape[0]
    recurrent = work.factor(xp, (xp.roll(weights.Wh, width, axis=1) if kind.separate else weights.Wh).T)
    dx = empty(xp, (work.steps, work.batch, features), history[0].dtype) if needs_x else None
    carry = tuple(xp.zeros_like(states[0]) for states in history)

    def run(part: tuple[Any, ...]) -> tuple[Array, ...]:
        rows, inputs, kept = part
        states = _of(history, rows)
        room = empty(xp, (*inputs.shape[:2], kind.columns * width), inputs.dtype)
        # Steps read these some rows at a time, which lie far apart in what comes examples first; read at once they cost
        # less.
        given = tuple(None if d is None else xp.ascontiguousarray(d) for d in _of(derivs, rows))
        found = kind.backward(xp, given, kept, recurrent, states, *_of([mask], rows),
                              tuple(each[rows] for each in carry), room)
        d_inputs, d_states = map(_flat, found)
        if dx is not None:
            dx[:, rows] = (d_inputs @ weights.Wx.T).reshape(dx[:, rows].shape)
        return (_flat(inputs).T @ d_inputs, _flat(states[0][:-1]).T @ d_states,
                *[d_states[:, :width].sum(axis=0, keepdims=True)] * kind.separate)

    dWx, dWh, *apart = _sums(work.spread(xp, run, parts))
    if kind.separate:
        dWh = xp.roll(dWh, -width, axis=1)
    biases: tuple[Array, ...] = (None, None)
    if weights.bx is not None:
        bias = dWx[-1:]
        biases = bias, xp.concatenate([bias[:, :-width], apart[0]], axis=1) if kind.separate else bias
    return (None if dx is None else _in_order(dx, reverse), xp.concatenate(carry, axis=1),
            Weights(dWx[:features], dWh, *biases))


FEWEST = 8              # examples that a core walks with: with fewer a product takes no less time
LARGE_STEP = 1 << 29    # batch times gates squared, from which all cores better share the product of a step
LONG = 4                # steps that pay for laying out a matrix


class Work(NamedTuple):
    """How the cores share a layer: each goes through all steps with some of the examples."""

    steps: int
    batch: int
    columns: int        # of the gates

    @property
    def is_large(self) -> bool:
        """Whether each product is better shared by all cores."""
        return self.batch * self.columns ** 2 > LARGE_STEP

    def parts(self, xp: Any) -> tuple[slice, ...]:
        """The examples of each core."""
        few = xp is not np or self.is_large or self.steps * self.batch * self.columns < SMALL
        return shares(self.batch, 1 if few else min(thread_count(), self.batch // FEWEST))

    def spread(self, xp: Any, run: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
        """`run(part)` for all parts; a single one may have all cores for its products."""
        if len(parts) == 1:
            return [run(parts[0])]
        turns = split(xp, lambda share: [run(part) for part in parts[share]], len(parts),
                      self.steps * self.batch * self.columns)
        return [result for turn in turns for result in turn]

    def factor(self, xp: Any, matrix: Array) -> Factor:
        """The matrix that each step's states, or derivatives, are multiplied by."""
        return Factor(xp, matrix, in_panels=self.steps >= LONG and not self.is_large)


def _in_order(array: Array, reverse: bool) -> Array:
    return array[::-1] if reverse else array


def _flat(array: Array) -> Array:
    """(T, B, n) as (T B, n)."""
    return array.reshape(-1, array.shape[-1])


def _of(arrays: Iterable[Array | None], rows: slice) -> tuple[Any, ...]:
    """What belongs to some of the examples, of arrays (T, B, n)."""
    return tuple(None if array is None else array[:, rows] for array in arrays)


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
