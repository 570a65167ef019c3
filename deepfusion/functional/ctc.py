"""Connectionist temporal classification: the probability of a label sequence, over all its alignments.

Labels are spread with blanks before, between and after them: (b, l1, b, l2, b, ...). An alignment walks through
these states, one frame at a time, staying, going on, or leaving out a blank between different labels. Both
recursions (Graves et al. 2006, equations 6 to 11) run in logarithms over the whole batch, frame by frame.
"""

from typing import Any

from deepfusion.utils.backend import array_module

Array = Any
LOG_ZERO = -1e30        # finite, so that differences are never NaN


def spread(xp: Any, labels: Array, label_lengths: Array, blank: int) -> tuple[Array, Array]:
    """The states (B, 2S + 1) as classes, and where a state may be entered from two before it."""
    inside = xp.arange(labels.shape[1]) < label_lengths[:, None]
    states = xp.full((labels.shape[0], 2 * labels.shape[1] + 1), blank, dtype=labels.dtype)
    states[:, 1::2] = xp.where(inside, labels, blank)
    skips = xp.zeros(states.shape, dtype=bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return states, skips


def prefixes(emitted: Array, skips: Array, frames: Array) -> Array:
    """Log-probabilities (T, B, L) of all ways to be in each state after each frame; beyond an example's last frame
    those of its last one.

    Args:
        emitted: Log-probabilities (B, T, L) of the states' classes.
        skips: Where a state may be entered from two before it (B, L).
        frames: Number of frames of each example (B,).
    """
    xp = array_module(emitted)
    batch, time, states = emitted.shape
    found = xp.full((time, batch, states), LOG_ZERO, dtype=emitted.dtype)
    found[0, :, :2] = emitted[:, 0, :2]
    for t in range(1, time):
        now = _arrive(xp, found[t - 1], skips) + emitted[:, t]
        found[t] = xp.where((t < frames)[:, None], xp.maximum(now, LOG_ZERO), found[t - 1])
    return found


def suffixes(emitted: Array, skips: Array, frames: Array, label_lengths: Array) -> Array:
    """Log-probabilities (T, B, L) of all ways to go on from each state after each frame to the end."""
    xp = array_module(emitted)
    batch, time, states = emitted.shape
    places = xp.arange(states)
    ends = 2 * label_lengths[:, None]
    last = xp.where((places == ends) | (places == ends - 1), 0.0, LOG_ZERO).astype(emitted.dtype)
    found = xp.full((time, batch, states), LOG_ZERO, dtype=emitted.dtype)
    found[time - 1] = last
    # Read backwards, a state is entered from those behind it, and a skip belongs to the state it leads to.
    turned = xp.zeros(skips.shape, dtype=bool)
    turned[:, 2:] = skips[:, ::-1][:, :-2]
    for t in range(time - 2, -1, -1):
        now = _arrive(xp, (found[t + 1] + emitted[:, t + 1])[:, ::-1], turned)[:, ::-1]
        found[t] = xp.where((t + 1 < frames)[:, None], xp.maximum(now, LOG_ZERO), last)
    return found


def _arrive(xp: Any, before: Array, skips: Array) -> Array:
    """The sum over the ways into each state, from the log-probabilities (B, L) one frame before."""
    after = before.copy()
    after[:, 1:] = xp.logaddexp(before[:, 1:], before[:, :-1])
    after[:, 2:] = xp.where(skips[:, 2:], xp.logaddexp(after[:, 2:], before[:, :-2]), after[:, 2:])
    return after


def log_probability(alpha: Array, label_lengths: Array) -> Array:
    """The log-probability (B,) of each label sequence, from its prefixes."""
    xp = array_module(alpha)
    ends = 2 * label_lengths[:, None]
    last = xp.take_along_axis(alpha[-1], ends, axis=1)[:, 0]
    before = xp.take_along_axis(alpha[-1], xp.maximum(ends - 1, 0), axis=1)[:, 0]
    return xp.where(label_lengths > 0, xp.logaddexp(last, before), last)
