"""A module that is given too few or too many inputs says so before anything is wired."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import BatchMatMul, Exp, Subtract
from deepfusion.components.modules.loss_functions import MSELoss, TripletLoss
from deepfusion.errors import GraphError


@pytest.mark.parametrize(('module', 'expected', 'count'), [
    (Exp, '1 input', 2), (Subtract, '2 inputs', 1), (BatchMatMul, '2 inputs', 3), (MSELoss, '2 inputs', 1),
    (TripletLoss, '3 inputs', 2)])
def test_refused(module, expected, count):
    x = Data('x', (1, 2, 3))
    with pytest.raises(GraphError, match=rf"{module.__name__} 'm': expected {expected}; found {count} "):
        module('m', [x] * count)
    assert not x.outputs
