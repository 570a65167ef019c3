"""Learning rates of epochs."""

import math

import numpy as np
import pytest

from deepfusion.errors import OptionError
from deepfusion.training import cosine
from deepfusion.training.rates import rate_at


def test_numbers_lists_and_functions():
    assert rate_at(0.1, 7) == 0.1
    assert rate_at(np.float32(0.5), 1) == 0.5
    assert [rate_at(np.array([0.1, 0.2]), epoch) for epoch in (1, 2, 3)] == [0.1, 0.2, 0.2]
    assert rate_at(lambda epoch: 1 / epoch, 4) == 0.25


@pytest.mark.parametrize('rate', [-1, 0, math.inf, math.nan, True, None, 'fast', (), [0.1, 'x'], lambda epoch: 0])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(OptionError, match='Expected a learning rate'):
        rate_at(rate, 2)


def test_cosine():
    schedule = cosine(1.0, 0.1, epochs=5)
    rates = [schedule(epoch) for epoch in range(1, 8)]
    expected = [0.1 + 0.45 * (1 + math.cos(math.pi * t / 4)) for t in range(5)]
    assert rates == pytest.approx([*expected, 0.1, 0.1])
    assert cosine(0.3, 0.1, epochs=1)(1) == pytest.approx(0.3)
