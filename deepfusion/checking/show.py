"""How reports look on the screen."""

import io
import sys
from typing import Any

import numpy as np

from deepfusion.checking.report import VERDICTS, GradCheckReport, TensorReport

WIDTH = 110
COLOURS = {'ok': 'green', 'kink': 'cyan', 'inconclusive': 'yellow', 'wrong': 'bold red'}


def show(report: GradCheckReport, rows: int | None, arrays: bool) -> None:
    """Print a report to the terminal."""
    from rich.console import Console
    console = Console(highlight=False)
    # A pipe has no width of its own.
    _write(console if console.is_terminal else Console(highlight=False, width=WIDTH), report, rows, arrays)


def as_text(report: GradCheckReport, rows: int | None = 12) -> str:
    """A report without colours, for messages and files."""
    from rich.console import Console
    page = io.StringIO()
    _write(Console(file=page, width=WIDTH, highlight=False, color_system=None), report, rows, False)
    return page.getvalue().rstrip()


def _write(console: Any, report: GradCheckReport, rows: int | None, arrays: bool) -> None:
    from rich.markup import escape
    colour = COLOURS[report.verdict]
    console.print(f'Gradients of {escape(report.subject)}: [{colour}]{report.verdict}[/]', soft_wrap=True)
    tensors = sorted(report.tensors, key=lambda t: (-VERDICTS.index(t.verdict), -t.max_error))
    shown = tensors if rows is None else tensors[:rows]
    if shown:
        console.print(_table(shown, report.joint))
    if len(shown) < len(tensors):
        console.print(f'and {_counts(tensors[len(shown):])} more, with smaller errors')
    for tensor in [*shown, *([report.joint] if report.joint else [])]:
        for words in (tensor.diagnosis, tensor.note):
            if words and not any(words in fault.message for fault in report.faults):
                console.print(f"  '{tensor.ID}': {words}", markup=False, soft_wrap=True)
    for fault in report.faults:
        console.print(f'  FAULT in {fault}', markup=False, soft_wrap=True, style=COLOURS['wrong'])
    console.print(_summary(report), markup=False, soft_wrap=True)
    if arrays:
        _write_arrays(console, report)


def _table(tensors: list[TensorReport], joint: TensorReport | None) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ('tensor', 'shape', 'verdict', 'checked', 'largest error', 'at', 'analytic', 'numeric'):
        is_text = name in ('tensor', 'shape', 'verdict')
        table.add_column(name, justify='left' if is_text else 'right', no_wrap=name != 'tensor', overflow='fold')
    for tensor in [*tensors, *([joint] if joint else [])]:
        table.add_row(escape(tensor.ID), 'x'.join(map(str, tensor.shape)),
                      f'[{COLOURS[tensor.verdict]}]{tensor.verdict}[/]', _checked(tensor),
                      f'{tensor.max_error:.1e}', _place(tensor), f'{tensor.analytic:.5g}', f'{tensor.numeric:.5g}')
    return table


def _checked(tensor: TensorReport) -> str:
    parts = [f'{tensor.checked:,}'] if tensor.checked or not tensor.directions else []
    if tensor.directions:
        parts.append(f'{tensor.directions} dir')
    if tensor.kinks:
        parts.append(f'{tensor.kinks} kinks')
    if tensor.order is not None:
        parts.append(f'order {tensor.order:.1f}')
    return ', '.join(parts)


def _place(tensor: TensorReport) -> str:
    return 'all' if tensor.index is None else ','.join(map(str, tensor.index))


def _number(count: int, word: str) -> str:
    return f'{count} {word}{"" if count == 1 else "s"}'


def _counts(tensors: list[TensorReport]) -> str:
    found = [(verdict, sum(t.verdict == verdict for t in tensors)) for verdict in VERDICTS]
    return ', '.join(f'{count} {verdict}' for verdict, count in found if count)


def _summary(report: GradCheckReport) -> str:
    words = f'{_number(len(report.tensors), "tensor")} ({_counts(report.tensors)})' if report.tensors else 'no tensors'
    if report.modules_checked:
        words += f', {_number(report.modules_checked, "module")} alone ({len(report.faulty_modules)} faulty)'
    return f'{words}; method {report.method}, seed {report.seed}, {report.seconds:.2f} s'


def _write_arrays(console: Any, report: GradCheckReport) -> None:
    for tensor in report.tensors:
        for name in ('analytic', 'numeric'):
            values = getattr(tensor, f'{name}_values')
            if values is not None:
                text = np.array2string(np.asarray(values), threshold=sys.maxsize)
                console.print(f"{name} derivative of '{tensor.ID}'\n{text}", markup=False, soft_wrap=True)
