"""Run every script in `scripts/` in a folder of its own and write what it leaves, as JSON, to standard output.

    python run_scripts.py > costs_003.json        (in an environment that has deepfusion==0.0.3)

Works under any version of the package: it is how the numbers of 0.0.3 were recorded, and how the test runs ours.
"""

import contextlib
import io
import json
import os
import runpy
import sys
import tempfile
import time
import traceback
from pathlib import Path

import matplotlib

SCRIPTS = Path(__file__).resolve().parent / 'scripts'


def run(script):
    """The costs and facts that a script leaves, the seconds it took, or the trace of what went wrong."""
    start, here = time.perf_counter(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            left = runpy.run_path(str(script), run_name='__main__')
        except Exception:
            return {'error': traceback.format_exc()}
        finally:
            os.chdir(here)
    return {'costs': [float(cost) for cost in left['costs']], 'facts': left.get('facts', []),
            'seconds': round(time.perf_counter() - start, 2)}


if __name__ == '__main__':
    matplotlib.use('Agg')
    scripts = [script for script in sorted(SCRIPTS.glob('*.py')) if not sys.argv[1:] or script.stem in sys.argv[1:]]
    json.dump({script.stem: run(script) for script in scripts}, sys.stdout)
