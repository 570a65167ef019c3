"""A progress bar for one pass over a data set, drawn with rich when the output is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, Callable[[], str]], None]
REFRESH = 0.2       # seconds between two drawings; numbers are fetched from the device as seldom


@contextmanager
def progress_bar(title: str, total: int, shown: bool | None = None) -> Iterator[Report]:
    """Gives `report(done, describe)`, to be called after every step; the bar is gone when the scope ends.

    Args:
        title: words before the bar.
        total: number of steps.
        shown: True or False; None shows it when standard output is a terminal.
    """
    if shown is None:
        shown = sys.stdout.isatty()
    if not shown:
        yield lambda done, describe: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    # Drawn from here, not from a thread: the step's own threads keep the cores.
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
               TextColumn('{task.fields[numbers]}'), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(force_terminal=True), transient=True, auto_refresh=False)
    task, drawn = bar.add_task(title, total=total, numbers=''), 0.0

    def report(done: int, describe: Callable[[], str]) -> None:
        nonlocal drawn
        if time.monotonic() - drawn >= REFRESH or done == total:
            bar.update(task, completed=done, numbers=describe(), refresh=True)
            drawn = time.monotonic()

    with bar:
        yield report
