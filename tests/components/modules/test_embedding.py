"""Embedding, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Embedding
from deepfusion.errors import OptionError
from tests.support.cases import Case, ModuleTests


def indices(rng, shape):
    return rng.integers(0, 5, shape)


def looked_up(torch, x, p, m):
    return torch.nn.functional.embedding(x[0], p['W'])


class TestEmbedding(ModuleTests):
    cases = (
        Case('sequence', lambda i: Embedding('e', i, count=5, width=3), [(1, 7)], looked_up, draws=(indices,),
             no_gradient=(0,)),
        Case('single', lambda i: Embedding('e', i, count=5, width=2), [(1,)], looked_up, draws=(indices,),
             no_gradient=(0,)),
        Case('matrix', lambda i: Embedding('e', i, count=5, width=1), [(1, 2, 3)], looked_up, draws=(indices,),
             no_gradient=(0,)),
    )


def test_the_padding_starts_at_zero_and_learns_nothing():
    e = Embedding('e', [Data('i', (1, 3), val=[[0, 2, 2]])], count=3, width=2, padding_idx=2)
    e.forward()
    e.output.deriv = np.ones((1, 3, 2))
    e.backward()
    assert e.W.val[2].tolist() == [0, 0]
    assert e.W.deriv.tolist() == [[1, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize('options', [{}, {'count': 3}, {'count': 0, 'width': 2}, {'count': 2.0, 'width': 2},
                                     {'count': 3, 'width': 2, 'padding_idx': 3}])
def test_refused_options(options):
    with pytest.raises(OptionError, match=r"Embedding 'e': expected"):
        Embedding('e', [Data('i', (1, 3))], **options)


@pytest.mark.parametrize(('values', 'words'), [([[0, 3]], 'found some from 0 to 3'), ([[-1, 2]], 'from -1 to 2'),
                                               ([[0.0, 1.0]], 'found values of type float')])
def test_refused_indices(values, words):
    e = Embedding('e', [Data('i', (1, 2), val=values)], count=3, width=2)
    with pytest.raises(OptionError, match=words):
        e.forward()
