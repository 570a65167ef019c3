"""Every element-wise activation on inputs of any shape and order of memory, against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules import activation_functions
from deepfusion.utils.backend import use_precision
from tests.support.cases import close, run

PYTORCH = {
    'CELU': 'celu', 'ELU': 'elu', 'GELU': 'gelu', 'HardSwish': 'hardswish', 'HardTanh': 'hardtanh',
    'LRelu': 'leaky_relu', 'Mish': 'mish', 'Relu': 'relu', 'Relu6': 'relu6', 'SELU': 'selu', 'SiLU': 'silu',
    'Sigmoid': 'sigmoid', 'Softplus': 'softplus', 'Softsign': 'softsign', 'Tanh': 'tanh'}


@pytest.mark.parametrize('name', PYTORCH)
@settings(deadline=None, max_examples=8)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=5), order=st.permutations(range(5)),
       scale=st.sampled_from([1e-3, 1.0, 30.0]))
def test_any_shape(name, shape, order, scale):
    torch = pytest.importorskip('torch')
    order = [i for i in order if i < len(shape)]
    x, d = np.random.default_rng(0).standard_normal((2, *shape))
    x = np.ascontiguousarray((scale * x).transpose(order)).transpose(np.argsort(order))
    with use_precision('float64'):
        result = run(getattr(activation_functions, name)('m', [Data('x', (1, *shape[1:]))]), [x], d)
    tensor = torch.tensor(x, requires_grad=True)
    y = getattr(torch.nn.functional, PYTORCH[name])(tensor)
    close(result.value, y.detach().numpy(), 1e-10, 'value')
    close(result.inputs[0], torch.autograd.grad(y, tensor, torch.tensor(d))[0].numpy(), 1e-10, 'input')
