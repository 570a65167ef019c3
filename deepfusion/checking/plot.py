"""How reports look as pictures."""

import os
from typing import Any

import numpy as np

from deepfusion.checking.report import GradCheckReport

COLOURS = {'ok': 'tab:green', 'kink': 'tab:cyan', 'inconclusive': 'tab:orange', 'wrong': 'tab:red'}


def plot_report(report: GradCheckReport, file_path: str | os.PathLike[str] | None) -> Any:
    """Two panels: analytic against numeric derivatives, and the worst errors against the step."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11, 5), layout='constrained')
    values, errors = figure.subplots(1, 2)
    for tensor in report.tensors:
        if tensor.numeric_values is not None:
            values.plot(np.ravel(tensor.numeric_values), np.ravel(tensor.analytic_values), '.',
                        color=COLOURS[tensor.verdict], markersize=4, label=f'{tensor.ID} ({tensor.verdict})')
        if tensor.curve:
            steps, found = zip(*sorted(tensor.curve), strict=True)
            errors.loglog(steps, np.maximum(found, 1e-17), '.-', color=COLOURS[tensor.verdict], label=tensor.ID)
    values.axline((0, 0), slope=1, color='0.7', linewidth=0.8, zorder=0)
    values.set(xlabel='numeric derivative', ylabel='analytic derivative', title=f'{report.subject}: {report.verdict}')
    errors.set(xlabel='step', ylabel='relative error at the worst entry', title='error against step')
    for axes in (values, errors):
        if 0 < len(axes.get_legend_handles_labels()[0]) <= 12:
            axes.legend(fontsize=8)
    if file_path is not None:
        figure.savefig(file_path)
    return figure
