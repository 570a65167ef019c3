"""The plain recurrent network over time. Arrays are time-major: (T, B, H)."""

from typing import Any

from deepfusion.functional.panels import Factor

Array = Any


def tanh_forward(xp: Any, gates: Array, Wh: Factor, bias: Array | None, history: tuple[Array, ...],
                 mask: Array | None) -> tuple[Array, ...]:
    """`h = tanh(gates + h Wh)`; arguments as those of `lstm_forward`."""
    return _forward(xp, gates, Wh, history, mask, lambda a: xp.tanh(a, out=a))


def relu_forward(xp: Any, gates: Array, Wh: Factor, bias: Array | None, history: tuple[Array, ...],
                 mask: Array | None) -> tuple[Array, ...]:
    """`h = max(gates + h Wh, 0)`; arguments as those of `lstm_forward`."""
    return _forward(xp, gates, Wh, history, mask, lambda a: xp.maximum(a, 0, out=a))


def _forward(xp: Any, gates: Array, Wh: Factor, history: tuple[Array, ...], mask: Array | None,
             activate: Any) -> tuple[Array, ...]:
    hidden, = history
    recurrent = xp.empty_like(hidden[0])
    for t in range(len(gates)):
        a = gates[t]
        Wh.times(hidden[t], recurrent)
        a += recurrent
        activate(a)
        hidden[t + 1] = a if mask is None else xp.where(mask[t] > 0, a, hidden[t])
    return (gates,)


def tanh_backward(xp: Any, d_history: tuple[Array | None, ...], saved: tuple[Array, ...], Wh_back: Factor,
                  history: tuple[Array, ...], mask: Array | None, carry: tuple[Array, ...], d_gates: Array
                  ) -> tuple[Array, Array]:
    """Back through all steps of `tanh_forward`; arguments and results as those of `lstm_backward`."""
    xp.multiply(saved[0], saved[0], out=d_gates)
    xp.subtract(1, d_gates, out=d_gates)
    return _backward(xp, d_history, Wh_back, mask, carry, d_gates)


def relu_backward(xp: Any, d_history: tuple[Array | None, ...], saved: tuple[Array, ...], Wh_back: Factor,
                  history: tuple[Array, ...], mask: Array | None, carry: tuple[Array, ...], d_gates: Array
                  ) -> tuple[Array, Array]:
    """Back through all steps of `relu_forward`; arguments and results as those of `lstm_backward`."""
    d_gates[...] = saved[0] > 0
    return _backward(xp, d_history, Wh_back, mask, carry, d_gates)


def _backward(xp: Any, d_history: tuple[Array | None, ...], Wh_back: Factor, mask: Array | None,
              carry: tuple[Array, ...], d_gates: Array) -> tuple[Array, Array]:
    """`d_gates` holds the slopes of the activation and receives the derivatives."""
    dh, = carry
    for t in reversed(range(len(d_gates))):
        if d_history[0] is not None:
            dh += d_history[0][t]
        d_gates[t] *= dh
        if mask is not None:
            past = dh * (1 - mask[t])
            d_gates[t] *= mask[t]
        Wh_back.times(d_gates[t], dh)
        if mask is not None:
            dh += past
    return d_gates, d_gates
