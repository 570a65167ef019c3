"""A net as a table in the terminal."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from deepfusion.errors import OptionError
from deepfusion.visualization.build import build_view
from deepfusion.visualization.describe import describe
from deepfusion.visualization.description import FROZEN, UNFROZEN, Description, NodeNote
from deepfusion.visualization.text import duration, quantity, shape_in_words, time_taken, visible
from deepfusion.visualization.view import Item, View, ViewOptions

if TYPE_CHECKING:
    from deepfusion.components.net import Net

DEFAULT_WIDTH = 100
STATE_WORDS = {FROZEN: ('yes', 'blue'), UNFROZEN: ('no', 'red')}


@dataclass
class Row:
    """One line of the table; the numbers are those of a whole group where it stands for one."""

    ID: str
    kind: str
    output_shape: str
    parameters: int
    is_frozen: str
    connected_to: list[str]
    operations: int = 0
    seconds: float | None = None
    state: str = FROZEN


@dataclass
class Summary:
    """The rows in topological order, and totals; `print(summary)` shows the table.

    Attributes:
        parameters, frozen_parameters: numbers, each counted once however often shared.
        parameter_bytes; value_bytes: of all values, for one example.
        operations: multiplications with additions of a forward pass for one example, estimated.
        seconds: time of the last passes, or None.
    """

    name: str
    mode: str
    rows: list[Row] = field(default_factory=list)
    parameters: int = 0
    frozen_parameters: int = 0
    parameter_bytes: int = 0
    value_bytes: int = 0
    operations: int = 0
    seconds: float | None = None

    def table(self) -> Table:
        """The rows as a table of `rich`, which fits itself to the width of a terminal. Names that a row is connected to
        are told from where it stands: `…` is its own group."""
        has_times = any(row.seconds is not None for row in self.rows)
        table = Table(title=Text(visible(f"Net '{self.name}'"), style='bold'), title_justify='left',
                      caption=Text(self.totals()), caption_justify='left', box=box.SIMPLE_HEAD, pad_edge=False,
                      padding=(0, 1, 0, 0))
        table.add_column('ID', overflow='fold', min_width=8)
        table.add_column('kind', overflow='fold', min_width=7)
        table.add_column('output shape', overflow='fold', min_width=8)
        table.add_column('parameters', justify='right', overflow='fold', min_width=6)
        table.add_column('frozen', overflow='fold')
        if has_times:
            table.add_column('time', justify='right', overflow='fold')
        table.add_column('connected to', overflow='fold', min_width=8)
        for row in self.rows:
            words, color = STATE_WORDS.get(row.state, ('partly', 'magenta'))
            cells: list[Any] = [_Names(row.ID), Text(visible(row.kind)), row.output_shape,
                                f'{row.parameters:,}' if row.parameters else '', Text(words, style=color)]
            if has_times:
                cells.append(time_taken(row.seconds) if row.seconds is not None else '')
            sources = [_from_here(source, row.ID) for source in row.connected_to]
            table.add_row(*cells, _Names(', '.join(sources)))
        return table

    def totals(self) -> str:
        """What the table comes to."""
        learnt = self.parameters - self.frozen_parameters
        lines = [f'{self.parameters:,} parameters ({quantity(self.parameter_bytes, "B")}): {learnt:,} will be updated, '
                 f'{self.frozen_parameters:,} are frozen',
                 f'one example: {quantity(self.value_bytes, "B")} of values, about {quantity(self.operations)} '
                 'multiplications with additions forward',
                 f'{self.mode} mode' + ('' if self.seconds is None else f', last passes {duration(self.seconds)}')]
        return '\n'.join(lines)

    def __str__(self) -> str:
        text = io.StringIO()
        self.print_to(Console(file=text, width=DEFAULT_WIDTH, color_system=None))
        return text.getvalue()

    def __repr__(self) -> str:
        return f"Summary of net '{self.name}': {len(self.rows)} rows, {self.parameters:,} parameters"

    def print_to(self, console: Console) -> None:
        """Show the table on a console of `rich`."""
        console.print(self.table())


class _Names:
    """IDs that are broken behind slashes and commas, where they do not fit a line."""

    def __init__(self, names: str) -> None:
        self._pieces = re.findall(r'(?:…/)?.+?(?:[/,]\s*|$)', visible(names))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        lengths = [cell_len(piece) for piece in self._pieces]
        return Measurement(max(lengths, default=0), sum(lengths))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = ['']
        for piece in self._pieces:
            if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > options.max_width:
                lines.append('')
            lines[-1] += piece
        yield Text('\n'.join(line.rstrip() for line in lines), overflow='fold')


def _from_here(source: str, ID: str) -> str:
    """
    >>> _from_here('stage/block/conv', 'stage/block/norm'), _from_here('stage/relu', 'stage/block/conv')
    ('…/conv', 'stage/relu')
    """
    group, slash, _ = ID.rpartition('/')
    return f'…{source[len(group):]}' if slash and source.startswith(group + '/') else source


def summary(net: Net, depth: int | None = None, *, fold: bool = False, width: int | None = None,
            file: TextIO | None = None) -> Summary:
    """Print a net as a table and return it.

    Args:
        depth: Fold groups of IDs below this many levels into one row each.
        fold: Show equal blocks in a row once, with their number.
        width: Characters a line; by default the terminal's.
        file: Where to print; by default the standard output.
    """
    result = summarize(describe(net), depth, fold)
    result.print_to(Console(file=file, width=width, soft_wrap=False))
    return result


def summarize(description: Description, depth: int | None = None, fold: bool = False) -> Summary:
    """The table of a description. Raises OptionError."""
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 1):
        raise OptionError(f'Summary: expected depth to be a whole number of at least 1; found {depth!r}.')
    view = build_view(description, ViewOptions(depth=depth, fold=fold, data='ends', shapes=False))
    sources: dict[int, list[int]] = {}
    for link in view.links:
        sources.setdefault(link.head, []).append(link.tail)
    result = Summary(description.name, description.mode)
    for number in _in_order(len(view.items), sources):
        item = view.items[number]
        note = view.note(item)
        if item.kind == 'data' and not note.is_input and note.state == FROZEN:
            continue                    # a root: its module's row has told its shape
        result.rows.append(_row(view, item, _names(view, sources.get(number, []))))
    unique = description.unique_parameters()
    result.parameters = sum(parameter.size for parameter in unique)
    result.frozen_parameters = sum(parameter.size for parameter in unique if parameter.is_frozen)
    modules = [note for note in description.nodes if note.kind == 'module']
    result.parameter_bytes = sum(parameter.bytes for parameter in unique)
    result.value_bytes = sum(_example_bytes(note) for note in description.nodes if note.kind == 'data')
    result.operations = sum(note.operations for note in modules)
    times = [note.seconds for note in modules if note.seconds is not None]
    result.seconds = sum(times) if times else None
    return result


def _in_order(count: int, sources: dict[int, list[int]]) -> list[int]:
    """Items after all that they are connected to, otherwise in the order given; cycles of groups are cut."""
    order: dict[int, None] = {}
    for start in range(count):
        path = {start: iter(sources.get(start, []))} if start not in order else {}
        while path:
            item, left = next(reversed(path.items()))
            source = next(left, None)
            if source is None:
                del path[item]
                order[item] = None
            elif source not in order and source not in path:
                path[source] = iter(sources.get(source, []))
    return list(order)


def _row(view: View, item: Item, connected_to: list[str]) -> Row:
    notes = [view.description.nodes[number] for number in item.notes]
    copies, frame = item.times, item.frame
    while frame >= 0:
        copies *= view.frames[frame].times
        frame = view.frames[frame].parent
    seconds = [note.seconds for note in notes if note.seconds is not None]
    return Row(item.ID + (f' ×{copies}' if copies > 1 else ''), _kind(item, notes), _output_shape(view, item),
               sum(note.parameter_count for note in notes), STATE_WORDS.get(item.state, ('partly', ''))[0],
               connected_to, sum(note.operations for note in notes), sum(seconds) if seconds else None, item.state)


def _kind(item: Item, notes: list[NodeNote]) -> str:
    if item.kind == 'group':
        count = sum(note.kind == 'module' for note in notes)
        return f'{count} module{"s" if count != 1 else ""}'
    if item.kind == 'data':
        return 'Data (input)' if notes[0].is_input else 'Data'
    statistics = notes[0].statistics_state
    return notes[0].type + (f' (statistics {statistics})' if statistics else '')


def _output_shape(view: View, item: Item) -> str:
    """The shape of an item's output; of a group, of what leaves it."""
    nodes = view.description.nodes
    if item.kind != 'group':
        return _shape(nodes[item.notes[0]])
    inside = set(item.notes)
    _, after = view.description.neighbours()
    leaving = [number for number in item.notes if nodes[number].kind == 'data'
               and (not after[number] or any(user not in inside for user in after[number]))]
    # A value may also be named outside of the group that makes it.
    leaving += [number for number in item.notes if nodes[number].kind == 'module'
                and any(user not in inside for user in after[number])]
    return ', '.join(dict.fromkeys(_shape(nodes[number]) for number in leaving))


def _shape(note: NodeNote) -> str:
    return shape_in_words(note.shape, note.batch).replace(' ', '')


def _names(view: View, items: list[int]) -> list[str]:
    """The rows that an item is connected to; unfrozen values on the way have rows of their own."""
    return list(dict.fromkeys(view.items[number].ID for number in items))


def _example_bytes(note: NodeNote) -> int:
    width = {'float64': 8, 'int64': 8, 'float16': 2, 'int8': 1, 'uint8': 1, 'bool': 1}.get(note.dtype, 4)
    return math.prod(note.shape[1:] if note.shape[:1] == (1,) else note.shape) * width
