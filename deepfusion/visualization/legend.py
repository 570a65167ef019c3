"""The legend: only what the picture uses."""

from __future__ import annotations

from deepfusion.visualization.description import FROZEN, MIXED, UNFROZEN, Description
from deepfusion.visualization.heat import Heat
from deepfusion.visualization.labels import LINE_FACTOR, Label
from deepfusion.visualization.layout.model import Rect
from deepfusion.visualization.scene import Curve, Group, Shape, Words
from deepfusion.visualization.text import text_width
from deepfusion.visualization.theme import DETAIL_SIZE, Theme
from deepfusion.visualization.view import View

SWATCH = Rect(0.0, 0.0, 24.0, 13.0)
ROW, SPACE = 20.0, 18.0
HEAT_NAMES = {'time': 'time of the last passes', 'size': 'parameters', 'values': 'root mean square of values',
              'gradient': 'root mean square of derivatives'}

Part = Shape | Curve | Words
Entry = tuple[list[Shape], str, float]          # swatch at the origin, words, width of the swatch


def legend_groups(view: View, labels: list[Label], theme: Theme, heat: Heat | None, area: Rect
                  ) -> tuple[list[Group], float]:
    """The legend in rows from the upper left of an area on, and its height."""
    rule = Shape(Rect(area.x, area.y, area.width, 0.01), theme.frame_line, theme.frame_line, 0.6)
    groups = [Group('legend', parts=[rule])]
    x, y = area.x, area.y + 10.0
    words_only = [counts_in_words(view.description)]
    if any(line.text.startswith('B ×') for label in labels for line in label.lines):
        words_only.insert(0, 'B: the size of a batch')
    for shapes, words, swatch_width in [*_entries(view, theme, heat), *(([], words, -6.0) for words in words_only)]:
        width = swatch_width + 6 + text_width(words, DETAIL_SIZE)
        if x > area.x and x + width > area.right:
            x, y = area.x, y + ROW
        parts: list[Part] = [_moved(shape, x, y) for shape in shapes]
        parts.append(Words(x + swatch_width + 6, y + SWATCH.height / 2 + DETAIL_SIZE * 0.36, words, DETAIL_SIZE,
                           theme.text if shapes else theme.faint, anchor='start'))
        groups.append(Group('legend', parts=parts))
        x += width + SPACE
    return groups, y + DETAIL_SIZE * LINE_FACTOR - area.y + 4


def _moved(shape: Shape, x: float, y: float) -> Shape:
    box = shape.box
    return Shape(Rect(box.x + x, box.y + y, box.width, box.height), shape.fill, shape.line, shape.line_width,
                 shape.is_ellipse, shape.radius, shape.second_fill, shape.is_dashed)


def _entries(view: View, theme: Theme, heat: Heat | None) -> list[Entry]:
    items = view.items
    notes = [view.note(item) for item in items if item.kind in ('data', 'module')]
    entries: list[Entry] = []

    def box(fill: str, line: str, width: float = 1.1, second: str = '', is_dashed: bool = False) -> Shape:
        return Shape(SWATCH, fill, line, width, radius=3, second_fill=second, is_dashed=is_dashed)

    def oval(fill: str, line: str, width: float = 1.1, inset: float = 0.0) -> Shape:
        inner = Rect(inset, inset, SWATCH.width - 2 * inset, SWATCH.height - 2 * inset)
        return Shape(inner, fill, line, width, is_ellipse=True)

    def add(shapes: list[Shape], words: str) -> None:
        entries.append((shapes, words, SWATCH.width))

    if heat is None:
        add([box(theme.unfrozen, theme.unfrozen_line)], 'will be updated')
        add([box(theme.frozen, theme.frozen_line)], 'frozen')
        if any(item.state == MIXED for item in items):
            add([box(theme.unfrozen, theme.line(MIXED), second=theme.frozen)], 'partly frozen')
    else:
        low, high = heat.in_words()
        steps = [Shape(Rect(12.0 * k, 0, 12.5, SWATCH.height), theme.heat(k / 7), theme.heat(k / 7), 0.0)
                 for k in range(8)]
        entries.append((steps, f'{low} to {high}: {HEAT_NAMES[heat.coloring]}', 96.0))
        add([box(theme.background, theme.line(UNFROZEN), 1.8)], 'will be updated')
        add([box(theme.background, theme.line(FROZEN), 1.8)], 'frozen')
    plain, line = theme.background, theme.edge
    add([oval(plain, line)], 'Data')
    add([box(plain, line)], 'module')
    if any(item.kind == 'group' for item in items):
        back = Shape(Rect(3, 3, SWATCH.width - 3, SWATCH.height - 3), plain, line, radius=3)
        front = Shape(Rect(0, 0, SWATCH.width - 3, SWATCH.height - 3), plain, line, radius=3)
        add([back, front], 'closed group')
    if any(note.kind == 'data' and note.is_input for note in notes):
        add([oval(plain, line), oval(plain, line, inset=2.5)], 'input')
    if any(note.kind == 'data' and note.is_root for note in notes):
        add([oval(plain, line, 2.6)], 'root')
    if any(item.emphasis == 2 for item in items):
        add([box(plain, theme.highlight, 2.6)], 'on the way')
    if any(note.fault for note in notes):
        add([box(plain, theme.fault, 2.0, is_dashed=True)], 'could not be made')
    return entries


def counts_in_words(description: Description) -> str:
    """What a whole net consists of."""
    modules = sum(note.kind == 'module' for note in description.nodes)
    parameters = sum(parameter.size for parameter in description.unique_parameters())
    return f'{modules:,} module{"s" if modules != 1 else ""}, {parameters:,} parameters, {description.mode} mode'
