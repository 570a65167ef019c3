"""How reports look as pictures."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from deepfusion.checking.report import GradCheckReport
from deepfusion.utils.names import look_up

COLOURS = {'ok': 'tab:green', 'kink': 'tab:cyan', 'inconclusive': 'tab:orange', 'wrong': 'tab:red'}


def check_form(file_path: str | os.PathLike[str]) -> None:
    """Refuse a form of picture that Matplotlib cannot write. Raises UnknownNameError."""
    from matplotlib.backend_bases import FigureCanvasBase
    extension = Path(file_path).suffix[1:].lower()
    if extension:
        look_up(extension, FigureCanvasBase.get_supported_filetypes(), 'form of picture')


def plot_report(report: GradCheckReport, file_path: str | os.PathLike[str] | None) -> Any:
    """Analytic against numeric derivatives; and the worst errors against the step, where these were measured."""
    from matplotlib.figure import Figure
    curved = any(tensor.curve for tensor in report.tensors)
    figure = Figure(figsize=(11 if curved else 6, 5), layout='constrained')
    values, *others = figure.subplots(1, 2 if curved else 1, squeeze=False)[0]
    for tensor in report.tensors:
        if tensor.numeric_values is not None:
            values.plot(np.ravel(tensor.numeric_values), np.ravel(tensor.analytic_values), '.',
                        color=COLOURS[tensor.verdict], markersize=4, label=f'{tensor.ID} ({tensor.verdict})')
        for errors in others if tensor.curve else ():
            steps, found = zip(*sorted(tensor.curve), strict=True)
            errors.loglog(steps, np.maximum(found, 1e-17), '.-', color=COLOURS[tensor.verdict], label=tensor.ID)
    values.axline((0, 0), slope=1, color='0.7', linewidth=0.8, zorder=0)
    values.set(xlabel='numeric derivative', ylabel='analytic derivative', title=f'{report.subject}: {report.verdict}')
    for errors in others:
        errors.set(xlabel='step', ylabel='relative error at the worst entry', title='error against step')
        errors.set_ylim(min(1e-12, errors.get_ylim()[0]), max(10.0, errors.get_ylim()[1]))
    for axes in (values, *others):
        if 0 < len(axes.get_legend_handles_labels()[0]) <= 12:
            axes.legend(fontsize=8)
    if file_path is not None:
        figure.savefig(file_path)
    return figure
