"""BatchMatMul, against PyTorch."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import BatchMatMul
from deepfusion.errors import ShapeError
from tests.support.cases import Case, ModuleTests


def one(rng, shape):
    return rng.standard_normal((1, *shape[1:]))


class TestBatchMatMul(ModuleTests):
    cases = (
        Case('matrices', lambda i: BatchMatMul('m', i), [(1, 2, 3), (1, 3, 4)], lambda t, x, p, m: x[0] @ x[1]),
        Case('heads', lambda i: BatchMatMul('m', i), [(1, 2, 4, 3), (1, 2, 3, 2)], lambda t, x, p, m: x[0] @ x[1]),
        Case('broadcast', lambda i: BatchMatMul('m', i), [(1, 2, 4, 3), (1, 1, 3, 2)],
             lambda t, x, p, m: x[0] @ x[1]),
        Case('batch_of_one', lambda i: BatchMatMul('m', i), [(1, 2, 3), (1, 3, 4)],
             lambda t, x, p, m: x[0] @ x[1], draws=(one, None)),
    )


@pytest.mark.parametrize('shapes', [((1, 3), (1, 3, 2)), ((1, 2, 3), (1, 2, 3)), ((1, 2, 4, 3), (1, 3, 3, 2))])
def test_refused(shapes):
    a, b = (Data(name, shape) for name, shape in zip('ab', shapes, strict=True))
    with pytest.raises(ShapeError, match=r"BatchMatMul 'm': expected inputs of shapes"):
        BatchMatMul('m', [a, b])
    assert not a.outputs
