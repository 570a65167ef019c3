"""A batch of no examples goes through."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Resize
from deepfusion.components.modules.attention import MultiHeadAttention
from deepfusion.components.modules.pooling import GlobalAvgPool, GlobalMaxPool
from deepfusion.components.modules.rnn import GRU, LSTM, RNN


@pytest.mark.parametrize('make', [lambda x: GlobalAvgPool('m', [x]), lambda x: GlobalMaxPool('m', [x]),
                                  lambda x: Resize('m', [x], size=(6, 2)), lambda x: Resize('m', [x], scale=2),
                                  lambda x: Resize('m', [x], size=(6, 2), mode='bilinear')])
def test_a_batch_of_none(make):
    x = Data('x', (1, 3, 4, 5), np.ones((0, 3, 4, 5)))
    module = make(x)
    module.forward()
    assert module.output.val.shape == (0, *module.output.shape[1:])
    module.output.deriv = np.ones(module.output.val.shape)
    module.backward()
    assert x.deriv.shape == (0, 3, 4, 5)


@pytest.mark.parametrize('make', [lambda x: MultiHeadAttention('m', [x, x, x], heads=2),
                                  lambda x: RNN('m', [x], hidden_size=3), lambda x: GRU('m', [x], hidden_size=3),
                                  lambda x: LSTM('m', [x], hidden_size=3, bidirectional=True)])
def test_no_sequences(make):
    x = Data('x', (1, 4, 6), np.ones((0, 4, 6)))
    module = make(x)
    module.forward()
    assert module.output.val.shape == (0, *module.output.shape[1:])
    module.output.deriv = np.ones(module.output.val.shape)
    module.backward()
    assert x.deriv.shape == (0, 4, 6)
    assert not any(parameter.deriv.any() for parameter in module.parameter_list)
