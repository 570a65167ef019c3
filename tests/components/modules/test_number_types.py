"""Options given as NumPy's numbers are taken as Python's: the arrays they meet keep their type."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import CELU, HardTanh, Softplus
from deepfusion.components.modules.loss_functions import (
    CrossEntropyLoss,
    FocalLoss,
    HingeLoss,
    HuberLoss,
    InfoNCELoss,
    LogisticLoss,
    SmoothL1Loss,
)
from deepfusion.components.modules.normalizations import LayerNorm

HALF, TWO = np.float64(0.5), np.int64(2)


@pytest.mark.parametrize('make', [
    lambda x, y: CELU('m', [x], alpha=HALF), lambda x, y: HardTanh('m', [x], max_val=HALF),
    lambda x, y: Softplus('m', [x], beta=HALF), lambda x, y: LayerNorm('m', [x], epsilon=HALF),
    lambda x, y: HuberLoss('m', [x, y], delta=HALF), lambda x, y: SmoothL1Loss('m', [x, y], beta=HALF),
    lambda x, y: HingeLoss('m', [x, y], margin=HALF, p=TWO), lambda x, y: InfoNCELoss('m', [x, y], temperature=HALF),
    lambda x, y: FocalLoss('m', [x, y], gamma=HALF), lambda x, y: LogisticLoss('m', [x, y], label_smoothing=HALF),
    lambda x, y: CrossEntropyLoss('m', [x, y], label_smoothing=HALF)])
def test_arrays_keep_their_type(make):
    rng = np.random.default_rng(0)
    x = Data('x', (1, 4), rng.standard_normal((4, 4)))
    module = make(x, Data('y', (1, 4), np.eye(4)))
    module.forward()
    module.output.deriv = np.ones(module.output.val.shape)
    module.backward()
    assert module.output.val.dtype == x.deriv.dtype == np.float32
    assert not [name for name, value in vars(module).items() if isinstance(value, np.generic)]
