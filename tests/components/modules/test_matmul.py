"""MatMul, against PyTorch's linear layer."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.errors import ShapeError
from tests.support.cases import Case, ModuleTests


def linear(torch, x, p, mode):
    return torch.nn.functional.linear(x[0], p['W'].T, p['b'][0] if 'b' in p else None)


class TestMatMul(ModuleTests):
    cases = (
        Case('vector', lambda inputs: MatMul('m', inputs, out_features=4), [(1, 3)], linear),
        Case('sequence', lambda inputs: MatMul('m', inputs, out_features=2), [(1, 5, 3)], linear),
        Case('no_bias', lambda inputs: MatMul('m', inputs, out_features=4, bias=False), [(1, 3)], linear),
    )


def test_width_must_be_told():
    with pytest.raises(ShapeError, match=r"MatMul 'm': expected an output or out_features"):
        MatMul('m', [Data('x', (1, 3))])
