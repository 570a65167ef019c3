"""Learning rates that change from epoch to epoch."""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from deepfusion.errors import OptionError

LearningRate = float | Sequence[float] | Callable[[int], float]


def checked_rate(rate: object) -> float:
    """A positive, finite number, or an OptionError."""
    if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < float(rate) < math.inf:
        raise OptionError(f'Expected a learning rate that is a number above 0; found {rate!r}.')
    return float(rate)


def check_rates(learning_rate: LearningRate) -> None:
    """Refuse a rate, or a list, that `rate_at` would refuse in some epoch."""
    if not callable(learning_rate):
        for epoch in range(max(len(learning_rate), 1) if hasattr(learning_rate, '__len__') else 1):
            rate_at(learning_rate, epoch + 1)


def rate_at(learning_rate: LearningRate, epoch: int) -> float:
    """The rate of an epoch (1, 2, ...): the number itself, the list's entry (the last one from then on), or
    what the function gives for that epoch.

    >>> [rate_at([0.1, 0.2], epoch) for epoch in (1, 2, 3)]
    [0.1, 0.2, 0.2]
    """
    if callable(learning_rate):
        return checked_rate(learning_rate(epoch))
    if isinstance(learning_rate, Real):
        return checked_rate(learning_rate)
    rates: Any = learning_rate
    if isinstance(rates, str) or not hasattr(rates, '__len__') or len(rates) == 0:
        raise OptionError('Expected a learning rate, a list of one for each epoch, or a function of the epoch; '
                          f'found {rates!r}.')
    return checked_rate(rates[min(epoch, len(rates)) - 1])


def cosine(first: float, last: float, epochs: int) -> Callable[[int], float]:
    """A schedule that falls from `first` to `last` along half a cosine.

    Reference: I. Loshchilov and F. Hutter, SGDR, ICLR 2017, equation 5 (without restarts).

    >>> schedule = cosine(0.1, 0.02, epochs=3)
    >>> [round(schedule(epoch), 3) for epoch in (1, 2, 3)]
    [0.1, 0.06, 0.02]
    """
    def rate(epoch: int) -> float:
        done = min(epoch - 1, epochs - 1) / max(epochs - 1, 1)
        return last + (first - last) * (1 + math.cos(math.pi * done)) / 2

    return rate
