"""Add against PyTorch: any number of inputs, one twice, and broadcasting."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add
from deepfusion.errors import ShapeError
from tests.support.cases import Case, ModuleTests


class TestAdd(ModuleTests):
    cases = (
        Case('one', lambda i: Add('a', i), [(1, 3)], lambda t, x, p, m: 1 * x[0]),
        Case('two', lambda i: Add('a', i), [(1, 3), (1, 3)], lambda t, x, p, m: x[0] + x[1]),
        Case('three_volumes', lambda i: Add('a', i), [(1, 2, 3, 2)] * 3, lambda t, x, p, m: x[0] + x[1] + x[2]),
        Case('broadcast', lambda i: Add('a', i), [(1, 2, 3, 4), (1, 2, 1, 1), (1, 1, 3, 1)],
             lambda t, x, p, m: x[0] + x[1] + x[2]),
    )


def test_the_same_input_twice_gets_both_derivatives():
    x = Data('x', (1, 2), val=[[1., 2.]])
    module = Add('a', [x, x])
    module.forward()
    module.output.deriv = [[1., -3.]]
    module.backward()
    assert x.deriv.tolist() == [[2., -6.]]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="Add 'a'"):
        Add('a', [Data('x', (1, 3)), Data('y', (1, 4))])
