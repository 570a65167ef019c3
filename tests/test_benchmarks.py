"""The benchmarks compare what they say they compare."""

import numpy as np
import pytest

from benchmarks import roofline, runner
from benchmarks.cases import CASES, ELSEWHERE, OLD, PEERS, THINC, Unavailable
from benchmarks.cases.layers import LAYERS
from deepfusion.utils.backend import use_precision


def test_every_layer_is_a_case():
    assert set(LAYERS) <= set(CASES)


@pytest.mark.parametrize('case', ['two-layers', 'two-layers-0.0.3', 'convolution-0.0.3'])
def test_a_step_learns(case):
    state = np.random.get_state()
    try:
        with use_precision('float32'):                      # and back, whatever the case sets
            step = CASES[case]('deepfusion')
            losses = [step() for _ in range(40)]
    finally:
        np.random.set_state(state)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize('peer', PEERS)
def test_who_cannot_do_a_case_says_so(peer):
    with pytest.raises(Unavailable):
        CASES['two-layers-0.0.3' if peer in ('torch', THINC) else 'two-layers'](
            peer if peer != OLD else 'torch-compiled')


def figures(milliseconds, loss=1.0):
    return {'median_ms': milliseconds, 'peak_mb': 10.0, 'loss': loss}


def test_ratios_are_of_one_round(monkeypatch):
    times = {'deepfusion': iter([1.0, 4.0, 3.0]), 'torch': iter([2.0, 4.0, 12.0])}
    monkeypatch.setattr(runner, 'run_once', lambda case, peer, *rest: figures(next(times[peer]))
                        if peer in times else None)
    mine, theirs = runner.compare('case', ('torch', 'absent'), 3, 1.0, {})['rows']
    assert (mine['peer'], mine['median_ms']) == ('deepfusion', 3.0)
    assert (theirs['ratio'], theirs['spread']) == (0.5, (0.25, 1.0))


def test_other_losses_are_other_work():
    with pytest.raises(RuntimeError, match='not the same work'):
        runner.check_losses('case', {'deepfusion': [figures(1)], 'torch': [figures(1, 1.01)]})


@pytest.mark.parametrize('peer', ELSEWHERE)
def test_no_environment_no_such_peer(peer):
    assert runner.run_once('two-layers', peer, 1.0, {}) is None


def test_work_of_fusionnet():
    train, test = roofline.fusionnet_work(64, 3), roofline.fusionnet_work(64, 1)
    assert train.direct == pytest.approx(3 * test.direct)
    assert 0.25 * train.direct < train.done < 0.35 * train.direct       # nearly all of it is 3x3, stride 1
    assert test.bytes < train.bytes
