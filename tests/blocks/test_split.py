"""split, against NumPy."""

import numpy as np
import pytest

from deepfusion.blocks.split import split
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net
from deepfusion.errors import ShapeError


@pytest.mark.parametrize(('parts', 'axis', 'borders'), [(3, 1, [2, 4]), ([1, 5], 1, [1]), ([3, 1, 1], -1, [3, 4])])
def test_parts(parts, axis, borders):
    x = Data('x', (1, 6, 5), val=np.random.default_rng(0).standard_normal((2, 6, 5)))
    found = split('s', x, parts, axis)
    joined = Concat('c', found[::-1], axis=axis).output
    net = Net('net', [SumLoss('loss', [joined], reduction='none').output])
    net.forward()
    expected = np.split(x.val, borders, axis=axis)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine.val, theirs)
        assert mine.shape == (1, *theirs.shape[1:])
    joined.deriv = np.concatenate(expected[::-1], axis=axis)
    for module in [joined.input, *(part.input for part in found)]:
        module.backward()
    np.testing.assert_array_equal(x.deriv, x.val)


@pytest.mark.parametrize(('parts', 'axis'), [(4, 1), (0, 1), ([2, 3], 1), ([7, -1], 1), (2, 0), (2, 3), ([], 1)])
def test_refused(parts, axis):
    x = Data('x', (1, 6, 5))
    with pytest.raises(ShapeError, match=r"split 's': expected parts that add up to axis"):
        split('s', x, parts, axis)
    assert not x.outputs
