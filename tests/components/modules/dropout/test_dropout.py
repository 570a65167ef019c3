"""Both upstream dropouts and channel dropout, with the masks that the same seed draws."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.dropout import ChannelDropout, Dropout, InvertedDropout
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests, make, run

KINDS = [Dropout, InvertedDropout, ChannelDropout]


def mask(torch, shape, p):
    np.random.seed(3)       # as cases.run does before every pass
    return torch.tensor(np.random.rand(*shape) < p).double()


def dropout(p):
    return lambda torch, x, _, mode: x[0] * (mask(torch, x[0].shape, p) if mode == 'train' else p)


def inverted(p):
    return lambda torch, x, _, mode: x[0] * (mask(torch, x[0].shape, p) / p if mode == 'train' else 1)


def channel(torch, x, _, mode):
    shape = x[0].shape[:2] + (1,) * (x[0].ndim - 2)
    return x[0] * (mask(torch, shape, 0.7) / 0.7 if mode == 'train' else 1)


class TestDropout(ModuleTests):
    cases = (
        Case('vector', lambda inputs: Dropout('m', inputs, p_keep=0.7), [(1, 6)], dropout(0.7)),
        Case('volume', lambda inputs: Dropout('m', inputs), [(1, 3, 2, 2)], dropout(0.5)),
    )


class TestInvertedDropout(ModuleTests):
    cases = (
        Case('vector', lambda inputs: InvertedDropout('m', inputs, p_keep=0.7), [(1, 6)], inverted(0.7)),
        Case('volume', lambda inputs: InvertedDropout('m', inputs), [(1, 3, 2, 2)], inverted(0.5)),
    )


class TestChannelDropout(ModuleTests):
    cases = tuple(Case(f'{len(shape) - 2}d', lambda inputs: ChannelDropout('m', inputs, p_keep=0.7), [shape], channel)
                  for shape in [(1, 5, 2), (1, 5, 2, 2), (1, 3, 2, 2, 2)])


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('p_keep', [0, -0.1, 1.01, float('nan'), '0.5', None, True])
def test_probabilities_out_of_range_are_refused(kind, p_keep):
    with pytest.raises(OptionError, match="Dropout 'm': expected p_keep to be a number above 0 and at most 1; found"):
        kind('m', [Data('x', (1, 3, 2))], p_keep=p_keep)


@pytest.mark.parametrize('kind', KINDS)
def test_the_rate_is_kept_and_the_mean_too(kind):
    np.random.seed(0)
    module = kind('m', [Data('x', (1, 50, 1), val=np.ones((400, 50, 1)))], p_keep=np.float64(0.8))
    module.forward()
    kept = module.output.val
    assert (kept > 0).mean() == pytest.approx(0.8, abs=0.02)
    if kind is not Dropout:
        assert kept.mean() == pytest.approx(1, abs=0.02)
        assert set(np.unique(kept)) == {0, np.float32(1.25)}


def test_channels_are_dropped_whole_and_differ_between_examples():
    np.random.seed(0)
    module = ChannelDropout('m', [Data('x', (1, 8, 3, 3), val=np.ones((16, 8, 3, 3)))])
    module.forward()
    places = module.output.val.reshape(16, 8, 9)
    assert (places == places[:, :, :1]).all()
    assert len(np.unique(places[:, :, 0], axis=0)) > 8


@pytest.mark.parametrize('shape', [(1, 4), (1, 2, 2, 2, 2, 2)])
def test_channel_dropout_refuses_ranks_without_channels_and_places(shape):
    with pytest.raises(ShapeError, match=r"ChannelDropout 'm': expected an input of rank 3 to 5.*'x' of shape"):
        ChannelDropout('m', [Data('x', shape)])


def test_backward_uses_what_the_last_forward_did():
    module = make(TestInvertedDropout.cases[0], 'train')
    run(module, [np.ones((2, 6))])
    module.set_mode('test')
    np.testing.assert_array_equal(run(module, [np.ones((2, 6))], np.ones((2, 6))).inputs[0], np.ones((2, 6)))


def test_testing_draws_no_random_numbers():
    for kind in KINDS:
        module = kind('m', [Data('x', (1, 3, 2), val=np.ones((2, 3, 2)))])
        module.set_mode('test')
        before = np.random.get_state()[1].copy()
        module.forward()
        np.testing.assert_array_equal(np.random.get_state()[1], before)
