"""WeightedSum, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from tests.support.cases import Case, ModuleTests

VOLUMES = [(1, 2, 3, 4)] * 3


def build(**options):
    return lambda inputs: WeightedSum('s', inputs, **options)


def summed(weights, x):
    return sum(w * value for w, value in zip(weights, x, strict=True))


def mapped(x):
    return [x[-1][:, i:i + 1] for i in range(len(x) - 1)]


def positive(rng, shape):
    return rng.uniform(0.5, 2, shape)


class TestWeightedSum(ModuleTests):
    cases = (
        Case('plain', build(), [(1, 3)] * 2, lambda t, x, p, m: x[0] + x[1]),
        Case('fixed', build(weights=(5, 2, 3)), VOLUMES, lambda t, x, p, m: summed((5, 2, 3), x)),
        Case('fixed_normalized', build(weights=(5, 2, 3), normalize=True), VOLUMES,
             lambda t, x, p, m: summed((0.5, 0.2, 0.3), x)),
        Case('free', build(weights=(5, 2, 3), learned='free'), VOLUMES, lambda t, x, p, m: summed(p['w'], x)),
        Case('free_normalized', build(learned='free', normalize=True), VOLUMES,
             lambda t, x, p, m: summed(p['w'] / p['w'].sum(), x)),
        Case('softmax', build(weights=(5, 2, 3), learned='softmax'), VOLUMES,
             lambda t, x, p, m: summed(t.softmax(p['logits'], 0), x)),
        Case('map', build(weight_map=True), [*VOLUMES, (1, 3, 3, 4)], lambda t, x, p, m: summed(mapped(x), x[:-1])),
        Case('map_normalized', build(weight_map=True, normalize=True), [*VOLUMES, (1, 3, 3, 4)],
             lambda t, x, p, m: summed(mapped([*x[:-1], x[-1] / x[-1].sum(1, keepdim=True)]), x[:-1]),
             draws=(None, None, None, positive)),
        Case('map_of_one_pixel', build(weight_map=True), [*VOLUMES, (1, 3, 1, 1)],
             lambda t, x, p, m: summed(mapped(x), x[:-1])),
        Case('map_of_vectors', build(weight_map=True), [(1, 4), (1, 4), (1, 2)],
             lambda t, x, p, m: summed(mapped(x), x[:-1])),
    )


def test_logits_start_at_the_logarithms():
    s = WeightedSum('s', [Data(f'x{i}', (1, 2)) for i in range(4)], weights=(5, 2, 3, 5), learned='softmax')
    np.testing.assert_allclose(s.logits.val, np.log([5, 2, 3, 5]), rtol=1e-6)
    assert s.logits.ID == 's_logits'


@pytest.mark.parametrize(('options', 'error', 'words'), [
    ({'weights': (1, 2, 3)}, ShapeError, '2 weights, one for each input'),
    ({'weights': (1, -2), 'learned': 'softmax'}, OptionError, 'positive weights'),
    ({'weights': (1, -1), 'normalize': True}, OptionError, 'whose sum is not 0'),
    ({'learned': 'softmx'}, UnknownNameError, "'softmax'"),
    ({'weight_map': True}, ShapeError, r'a last input of shape \(1, 1, 3, 4\)'),
    ({'weight_map': True, 'learned': 'free'}, OptionError, 'no weights besides those of the map'),
])
def test_refused(options, error, words):
    inputs = [Data('a', (1, 2, 3, 4)), Data('b', (1, 2, 3, 4))]
    with pytest.raises(error, match=words):
        WeightedSum('s', inputs, **options)
    assert not inputs[0].outputs


def test_inputs_of_two_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"WeightedSum 's': expected inputs of one shape"):
        WeightedSum('s', [Data('a', (1, 2)), Data('b', (1, 3))])


def test_large_inputs_are_added_by_their_maps_on_all_cores():
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((8, 64, 32, 32), np.float32) for _ in range(2)]
    maps = rng.standard_normal((8, 2, 32, 32), np.float32)
    inputs = [Data(f'x{i}', (1, *value.shape[1:]), val=value) for i, value in enumerate([*values, maps])]
    module = WeightedSum('s', inputs, weight_map=True)
    module.forward()
    np.testing.assert_array_equal(module.output.val, values[0] * maps[:, :1] + values[1] * maps[:, 1:])
