"""Runs workers in turn, each in a process of its own, and compares them round by round."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks.cases import ELSEWHERE

Figures = dict[str, Any]


def run_once(case: str, peer: str, seconds: float, pythons: Mapping[str, str]) -> Figures | None:
    """One worker's figures; None where the peer cannot do the case on this machine.

    Args:
        pythons: The interpreters of the peers that have an environment of their own.
    """
    if peer in ELSEWHERE:
        if peer not in pythons:
            return None
        with tempfile.TemporaryDirectory() as folder:       # where there is no `deepfusion` of this project
            os.symlink(Path(benchmarks.__file__).parent, Path(folder, 'benchmarks'))
            return _run([str(Path(pythons[peer]).absolute())], case, peer, seconds, folder)
    return _run([sys.executable], case, peer, seconds, None)


def _run(python: list[str], case: str, peer: str, seconds: float, folder: str | None) -> Figures | None:
    # What leads the way to this package would lead a peer's environment to it, too.
    env = None if folder is None else {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    result = subprocess.run([*python, '-m', 'benchmarks.worker', case, peer, str(seconds)], capture_output=True,
                            text=True, check=False, cwd=folder, env=env)
    if result.returncode == 3:
        return None
    if result.returncode:
        raise RuntimeError(f'{peer} failed in {case}:\n{result.stderr}')
    return json.loads(result.stdout.splitlines()[-1])


def compare(case: str, peers: tuple[str, ...], rounds: int, seconds: float, pythons: Mapping[str, str]) -> Figures:
    """DeepFusion and every peer, `rounds` times in turn: medians, ratios of the same round, losses."""
    runs: dict[str, list[Figures]] = {peer: [] for peer in ('deepfusion', *peers)}
    for _ in range(rounds):
        for peer in list(runs):
            figures = run_once(case, peer, seconds, pythons)
            if figures is None:
                del runs[peer]
            else:
                runs[peer].append(figures)
    check_losses(case, runs)
    mine = [run['median_ms'] for run in runs['deepfusion']]
    rows = []
    for peer, found in runs.items():
        row: Figures = {'peer': peer, 'median_ms': statistics.median(run['median_ms'] for run in found),
                        'peak_mb': max(run['peak_mb'] for run in found), 'loss': found[0]['loss']}
        if peer != 'deepfusion':
            ratios = [a / run['median_ms'] for a, run in zip(mine, found, strict=True)]
            row |= {'ratio': statistics.median(ratios), 'spread': (min(ratios), max(ratios))}
        rows.append(row)
    return {'case': case, 'rounds': rounds, 'rows': rows}


def check_losses(case: str, runs: dict[str, list[Figures]]) -> None:
    """All do the same work only if their first losses agree."""
    losses = {peer: found[0]['loss'] for peer, found in runs.items() if found[0]['loss'] is not None}
    first = next(iter(losses.values()), 0.0)
    for peer, loss in losses.items():
        if abs(loss - first) > 2e-4 * max(1, abs(first)):
            raise RuntimeError(f'{case}: {peer} starts at a loss of {loss}, DeepFusion at {first}: not the same work')
