"""A module that is given too few or too many inputs says so before anything is wired."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import BatchMatMul, Exp, Subtract
from deepfusion.components.modules.loss_functions import MSELoss, TripletLoss
from deepfusion.errors import GraphError


@pytest.mark.parametrize(('module', 'count'), [
    (Exp, 2), (Subtract, 1), (BatchMatMul, 3), (MSELoss, 1), (TripletLoss, 2)])
def test_refused(module, count):
    x = Data('x', (1, 2, 3))
    with pytest.raises(GraphError, match=rf"{module.__name__} 'm': expected another number of inputs; found {count} "):
        module('m', [x] * count)
    assert not x.outputs
