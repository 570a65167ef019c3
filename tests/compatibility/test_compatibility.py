"""Scripts written for 0.0.3 run unchanged, and in float64 they come to the costs that 0.0.3 came to."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted(script.stem for script in (HERE / 'scripts').glob('*.py'))
RECORDED = json.loads((HERE / 'costs_003.json').read_text())
# Batch normalization, and ReLU at exactly 0, differ on purpose: these need only run and learn
ONLY_LEARN = {'deep_batchnorm', 'residual_net'}


@pytest.fixture(scope='module')
def ours():
    """What every script leaves, run in one process of its own whose only preparation is the precision."""
    environment = dict(os.environ, DEEPFUSION_PRECISION='float64', MPLBACKEND='Agg',
                       PYTHONPATH=str(HERE.parent.parent))
    environment.pop('DEEPFUSION_BACKEND', None)
    command = [sys.executable, '-W', 'error', str(HERE / 'run_scripts.py')]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_script_has_its_numbers():
    assert sorted(RECORDED) == SCRIPTS


@pytest.mark.parametrize('name', SCRIPTS)
def test_script_of_003(name, ours):
    found, expected = ours[name], RECORDED[name]
    assert 'error' not in found, found['error']
    assert found['facts'] == expected['facts']
    assert len(found['costs']) == len(expected['costs'])
    if name in ONLY_LEARN:
        assert all(map(math.isfinite, found['costs']))
        assert found['costs'][-1] < 0.25 * found['costs'][0]
    else:
        assert found['costs'] == pytest.approx(expected['costs'], rel=1e-3, abs=1e-12)
