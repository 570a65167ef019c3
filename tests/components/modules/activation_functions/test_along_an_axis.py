"""Softmax, LogSoftmax, GLU and Maxout, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import GLU, LogSoftmax, Maxout, Softmax
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests
from tests.support.draws import far

VOLUME = [(1, 4, 3, 2)]


def along(name, dim):
    return lambda torch, x, p, mode: getattr(torch.nn.functional, name)(x[0], dim=dim)


def maxout(pieces, dim):
    return lambda torch, x, p, mode: x[0].unflatten(dim, (-1, pieces)).max(dim + 1).values


class TestSoftmax(ModuleTests):
    cases = (
        Case('vector', lambda inputs: Softmax('m', inputs), [(1, 5)], along('softmax', 1)),
        Case('channels', lambda inputs: Softmax('m', inputs, axis=1), VOLUME, along('softmax', 1)),
        Case('far', lambda inputs: Softmax('m', inputs), [(1, 6)], along('softmax', 1), draws=[far], numeric=1e-4),
    )


class TestLogSoftmax(ModuleTests):
    cases = (
        Case('vector', lambda inputs: LogSoftmax('m', inputs), [(1, 5)], along('log_softmax', 1)),
        Case('channels', lambda inputs: LogSoftmax('m', inputs, axis=1), VOLUME, along('log_softmax', 1)),
        Case('far', lambda inputs: LogSoftmax('m', inputs), [(1, 6)], along('log_softmax', 1), draws=[far],
             numeric=1e-4),
    )


class TestGLU(ModuleTests):
    cases = (
        Case('vector', lambda inputs: GLU('m', inputs), [(1, 6)], along('glu', 1)),
        Case('channels', lambda inputs: GLU('m', inputs, axis=1), VOLUME, along('glu', 1)),
        Case('far', lambda inputs: GLU('m', inputs), [(1, 6)], along('glu', 1), draws=[far], numeric=1e-4),
    )


class TestMaxout(ModuleTests):
    cases = (
        Case('vector', lambda inputs: Maxout('m', inputs), [(1, 6)], maxout(2, 1)),
        Case('channels', lambda inputs: Maxout('m', inputs, pieces=4), VOLUME, maxout(4, 1)),
        Case('last', lambda inputs: Maxout('m', inputs, pieces=3, axis=-1), [(1, 2, 6)], maxout(3, 2)),
    )


def test_inferred_shapes():
    x = [Data('x', (1, 6, 5))]
    assert GLU('m', x, axis=1).output.shape == Maxout('m', x).output.shape == (1, 3, 5)
    assert Maxout('m', x, axis=2, pieces=5).output.shape == (1, 6, 1)


def test_of_equal_rivals_the_first_wins():
    module = Maxout('m', [Data('x', (1, 4), val=[[2., 2., 1., 3.]])])
    module.forward()
    module.output.deriv = [[5., 7.]]
    module.backward()
    np.testing.assert_array_equal(module.inputs[0].deriv, [[5, 0, 0, 7]])


@pytest.mark.parametrize('kind', [Softmax, LogSoftmax, GLU, Maxout])
@pytest.mark.parametrize('axis', [0, 3, -3, None])
def test_refused_axes(kind, axis):
    with pytest.raises(ShapeError, match="'m': expected an axis other than the batch, from 1 to 2; found axis"):
        kind('m', [Data('x', (1, 4, 4))], axis=axis)


def test_sizes_that_cannot_be_cut():
    with pytest.raises(ShapeError, match=r"GLU 'm': expected an even size along axis -1; found 'x' of shape \(1, 3\)"):
        GLU('m', [Data('x', (1, 3))])
    with pytest.raises(ShapeError, match=r"Maxout 'm': expected a multiple of pieces=2 along axis 1; found 'x'"):
        Maxout('m', [Data('x', (1, 3))])


@pytest.mark.parametrize('pieces', [0, 1.5, None])
def test_refused_pieces(pieces):
    with pytest.raises(OptionError, match="Maxout 'm': expected pieces to be an integer of at least 1; found"):
        Maxout('m', [Data('x', (1, 3))], pieces=pieces)
