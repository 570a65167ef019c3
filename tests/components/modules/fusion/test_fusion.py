"""Fusion modules against their formulas in PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.fusion import BilinearFusion, Lerp, Maximum, WeightedSum
from deepfusion.errors import OptionError, ShapeError
from tests.support.cases import Case, ModuleTests

VOLUME = (1, 3, 4, 2)


def maximum(torch, x, p, mode):
    y = x[0]
    for value in x[1:]:
        y = torch.maximum(y, value)
    return y


def sketch(torch, x, p, mode):
    R, S = (torch.tensor(m, dtype=torch.float64) for m in SKETCH)
    a, b = (torch.einsum('bcp,cn->bpn', v.flatten(2), m) for v, m in zip(x, (R, S), strict=True))
    return (a * b).sum(1) / (8 * 5 ** 0.5)


_signs = np.random.default_rng(7)
SKETCH = [_signs.choice([-1.0, 1.0], (c, 5)) for c in (3, 2)]


def fast(torch, x, p, mode):
    w = p['w'].relu()
    w = w / (w.sum() + 1e-4)
    return w[0] * x[0] + w[1] * x[1] + w[2] * x[2]


class TestFusion(ModuleTests):
    cases = (
        Case('maximum', lambda inputs: Maximum('m', inputs), [VOLUME, VOLUME, VOLUME], maximum),
        Case('maximum_broadcast', lambda inputs: Maximum('m', inputs), [VOLUME, (1, 3, 1, 1)], maximum),
        Case('lerp', lambda inputs: Lerp('m', inputs), [VOLUME] * 3, lambda t, x, p, mode: t.lerp(x[0], x[1], x[2])),
        Case('lerp_twice_per_channel', lambda inputs: Lerp('m', inputs, factor=2.0), [VOLUME, VOLUME, (1, 3, 1, 1)],
             lambda t, x, p, mode: 2 * t.lerp(x[0], x[1], x[2])),
        Case('bilinear_volumes', lambda inputs: BilinearFusion('m', inputs), [VOLUME, (1, 2, 4, 2)],
             lambda t, x, p, mode: t.einsum('bihw,bjhw->bij', *x).flatten(1) / 8),
        Case('bilinear_vectors', lambda inputs: BilinearFusion('m', inputs), [(1, 3), (1, 2)],
             lambda t, x, p, mode: t.einsum('bi,bj->bij', *x).flatten(1)),
        Case('bilinear_compact', lambda inputs: BilinearFusion('m', inputs, compact=5, seed=7), [VOLUME, (1, 2, 4, 2)],
             sketch),
        Case('weighted_fast', lambda inputs: WeightedSum('m', inputs, weights=[2, 1, 3], learned='fast'),
             [VOLUME] * 3, fast),
    )


def test_the_sketch_estimates_inner_products():
    """Over many random signs, <sketch(a, b), sketch(c, d)> tends to <a, c> <b, d>."""
    rng = np.random.default_rng(0)
    a, b, c, d = rng.standard_normal((4, 1, 6)) + 0.5
    found = []
    for seed in range(40):
        m = BilinearFusion('m', [Data('a', (1, 6)), Data('b', (1, 6))], compact=256, seed=seed)
        sketches = []
        for left, right in ((a, b), (c, d)):
            m.inputs[0].val, m.inputs[1].val = left, right
            m.forward()
            sketches.append(m.output.val)
        found.append((sketches[0] * sketches[1]).sum())
    exact = (a * c).sum() * (b * d).sum()
    assert abs(np.mean(found) - exact) < 3 * np.std(found) / 40 ** 0.5


@pytest.mark.parametrize(('make', 'error', 'match'), [
    (lambda x, y: Maximum('m', [x, y]), ShapeError, "Maximum 'm'.*broadcast"),
    (lambda x, y: Lerp('m', [x, x]), ShapeError, 'three inputs'),
    (lambda x, y: BilinearFusion('m', [x, y]), ShapeError, 'one size'),
    (lambda x, y: BilinearFusion('m', [x, x], compact=0), OptionError, 'compact'),
])
def test_wrong_use(make, error, match):
    x, y = Data('x', (1, 3, 4, 4)), Data('y', (1, 2, 5, 5))
    with pytest.raises(error, match=match):
        make(x, y)
    assert not x.outputs
    assert not y.outputs
