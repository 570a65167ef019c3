"""PixelShuffle, against PyTorch and, in one and three dimensions, against a loop."""

import itertools

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import PixelShuffle
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests


def by_entry(r):
    def reference(inputs, parameters, mode):
        x = inputs[0]
        size = x.shape[2:]
        y = np.empty((x.shape[0], x.shape[1] // r ** len(size), *(n * r for n in size)))
        for place in itertools.product(*(range(n) for n in y.shape[1:])):
            channel = place[0]
            for p in place[1:]:
                channel = channel * r + p % r
            y[(slice(None), *place)] = x[(slice(None), channel, *(p // r for p in place[1:]))]
        return y
    return reference


class TestPixelShuffle(ModuleTests):
    cases = (
        Case('two', lambda i: PixelShuffle('p', i), [(1, 8, 2, 3)], lambda t, x, p, m: t.pixel_shuffle(x[0], 2)),
        Case('three', lambda i: PixelShuffle('p', i, upscale_factor=3), [(1, 9, 1, 2)],
             lambda t, x, p, m: t.pixel_shuffle(x[0], 3)),
        Case('line', lambda i: PixelShuffle('p', i, upscale_factor=3), [(1, 6, 4)], by_entry(3), torch=False),
        Case('block', lambda i: PixelShuffle('p', i), [(1, 16, 1, 2, 2)], by_entry(2), torch=False),
    )


@pytest.mark.parametrize(('shape', 'factor', 'error', 'words'), [
    ((1, 6, 2, 2), 2, ShapeError, 'channels to be a multiple of 4'),
    ((1, 4), 2, ShapeError, 'an input with spatial axes'),
    ((1, 4, 2, 2), 0, OptionError, 'an integer of at least 1'),
    ((1, 4, 2, 2), 1.5, OptionError, 'an integer of at least 1'),
])
def test_refused(shape, factor, error, words):
    with pytest.raises(error, match=words):
        PixelShuffle('p', [Data('x', shape)], upscale_factor=factor)
