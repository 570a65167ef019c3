"""Every demo runs, in an empty folder, without a window, and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEMOS = sorted((ROOT / 'demo').glob('[0-9]*.py'))


def test_there_are_demos():
    assert len(DEMOS) >= 9


@pytest.mark.parametrize('demo', DEMOS, ids=lambda path: path.stem)
def test_demo_runs(demo, tmp_path):
    environment = os.environ | {'PYTHONPATH': str(ROOT), 'MPLBACKEND': 'Agg', 'PYTHONWARNINGS': 'error',
                                'DEEPFUSION_DEMO_STEPS': '3'}
    result = subprocess.run([sys.executable, demo], cwd=tmp_path, env=environment, capture_output=True, text=True,
                            timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip(), 'a demo should tell what it found'
    assert not list(tmp_path.iterdir()), 'a demo should clean up'
