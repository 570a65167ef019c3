"""The words on every item of a view, its size, and what its tooltip says."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfusion.visualization.description import NodeNote
from deepfusion.visualization.text import (
    duration,
    quantity,
    shape_in_words,
    shortened,
    text_width,
    time_taken,
    visible,
    wrapped,
)
from deepfusion.visualization.theme import DETAIL_SIZE, NAME_SIZE, TAG_SIZE
from deepfusion.visualization.view import Item, View

SHOWABLE = ('shapes', 'settings', 'parameters', 'dtype', 'memory', 'operations', 'time', 'norms', 'mode', 'learning')
LINE_FACTOR = 1.35
CARD = 4.0                 # how far the second card of a closed group shows
DETAIL_LENGTH = 34


@dataclass
class Line:
    """A line of text at an item."""

    text: str
    size: float = DETAIL_SIZE
    is_bold: bool = False
    is_faint: bool = False


@dataclass
class Label:
    """All lines of an item, the size of its box, and its tooltip."""

    lines: list[Line] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    tooltip: str = ''


def label_of(view: View, item: Item, show: frozenset[str]) -> Label:
    """The label of an item, with the extra information asked for."""
    if item.kind == 'more':
        return Label([Line('…', NAME_SIZE, is_faint=True)], 18.0, 14.0, 'more of the net is left out here')
    note = view.note(item)
    if item.kind == 'tag':
        text = shape_in_words(note.shape, note.batch)
        extra = [f'{text}{_dtype(note, show)}', *_value_lines(note, show)]
        lines = [Line(line, TAG_SIZE, is_faint=True) for line in extra]
        return _sized(Label(lines, tooltip=tooltip_of(note)), 2.0, 0.0)
    times = f' ×{item.times}' if item.times > 1 else ''
    names = [Line(visible(part), NAME_SIZE, is_bold=True) for part in wrapped(item.name + times)]
    if item.kind == 'group':
        label = Label([*names, *_group_lines(view, item, show)], tooltip=_group_tooltip(view, item))
        return _sized(label, 16.0 + CARD, 12.0 + CARD)
    lines = _data_lines(note, show) if item.kind == 'data' else _module_lines(note, show)
    if note.fault:
        lines.append(Line('could not be made', is_faint=False))
    label = Label([*names, *(Line(visible(text.text), text.size, text.is_bold, text.is_faint) for text in lines)],
                  tooltip=tooltip_of(note))
    return _sized(label, 16.0, 10.0, is_round=item.kind == 'data')


def _sized(label: Label, across: float, along: float, is_round: bool = False) -> Label:
    width = max(text_width(line.text, line.size, line.is_bold) for line in label.lines)
    height = sum(line.size * LINE_FACTOR for line in label.lines)
    if is_round:
        # An ellipse through the corners of the text's box, a little flatter than the roundest.
        label.width, label.height = max(width * 1.28 + 12, 44.0), height * 1.42 + 6
    else:
        label.width, label.height = width + across, height + along
    return label


def _data_lines(note: NodeNote, show: frozenset[str]) -> list[Line]:
    lines = []
    if 'shapes' in show:
        lines.append(Line(shape_in_words(note.shape, note.batch) + _dtype(note, show)))
    return [*lines, *(Line(text, is_faint=True) for text in _value_lines(note, show))]


def _module_lines(note: NodeNote, show: frozenset[str]) -> list[Line]:
    settings = settings_in_words(note.settings) if 'settings' in show else ''
    kind = note.type + (f' {settings}' if settings else '')
    lines = [Line(part) for part in wrapped(kind, DETAIL_LENGTH)[:3]]
    if 'parameters' in show and note.parameters:
        lines.append(Line(parameters_in_words(note), is_faint=True))
    if note.statistics_state and 'settings' in show:
        lines.append(Line(f'statistics {note.statistics_state}', is_faint=True))
    if 'mode' in show and note.mode:
        lines.append(Line(f'mode {note.mode}', is_faint=True))
    if 'operations' in show and note.operations:
        lines.append(Line(f'{quantity(note.operations)} operation{"s" * (note.operations != 1)}', is_faint=True))
    if 'time' in show and note.seconds is not None:
        lines.append(Line(time_taken(note.seconds), is_faint=True))
    if 'learning' in show and note.learning:
        words = ', '.join(f'{key} {value}' for key, value in note.learning.items())
        lines.append(Line(shortened(words, 48), is_faint=True))
    return [*lines, *(Line(text, is_faint=True) for text in _value_lines(note, show))]


def _value_lines(note: NodeNote, show: frozenset[str]) -> list[str]:
    lines = []
    if 'memory' in show and note.bytes:
        lines.append(quantity(note.bytes, 'B'))
    if 'norms' in show and note.value_norm is not None:
        deriv = '' if note.deriv_norm is None else f', derivative {note.deriv_norm:.2g}'
        lines.append(f'rms {note.value_norm:.2g}{deriv}')
    return lines


def _dtype(note: NodeNote, show: frozenset[str]) -> str:
    return f' {note.dtype}' if 'dtype' in show and note.dtype else ''


def _group_lines(view: View, item: Item, show: frozenset[str]) -> list[Line]:
    notes = [view.description.nodes[number] for number in item.notes]
    modules = [note for note in notes if note.kind == 'module']
    lines = [Line(f'{len(modules)} module{"s" if len(modules) != 1 else ""}')]
    count = sum(note.parameter_count for note in notes)
    if 'parameters' in show and count:
        lines.append(Line(f'{count:,} parameters', is_faint=True))
    if 'time' in show and any(note.seconds is not None for note in notes):
        lines.append(Line(duration(sum(note.seconds or 0.0 for note in notes)), is_faint=True))
    if 'memory' in show:
        lines.append(Line(quantity(sum(note.bytes for note in notes), 'B'), is_faint=True))
    if 'operations' in show:
        lines.append(Line(f'{quantity(sum(note.operations for note in modules))} operations', is_faint=True))
    return lines


def settings_in_words(settings: dict[str, str]) -> str:
    """The settings of a module, the common ones shortly.

    >>> settings_in_words({'filter_size': '3', 'filter_count': '64', 'padding': '1', 'bias': 'False'})
    '3×3, 64 filters, pad 1, no bias'
    """
    words = []
    for name, value in settings.items():
        if name == 'filter_size':
            words.append(value if '×' in value else f'{value}×{value}')
        elif name == 'filter_count':
            words.append(f'{value} filters')
        elif name == 'stride':
            words += [f'stride {value}'] if value not in ('1', '1×1') else []
        elif name == 'padding':
            words += [f'pad {value}'] if value not in ('0', '0×0') else []
        elif name == 'out_features':
            words.append(f'to {value}')
        elif value in ('True', 'False'):
            words.append(name if value == 'True' else f'no {name}')
        else:
            words.append(f'{name} {value}')
    return ', '.join(words)


def parameters_in_words(note: NodeNote) -> str:
    """How many parameters, and how many of them are another module's."""
    shared = sum(parameter.size for parameter in note.parameters if parameter.is_shared)
    frozen = sum(parameter.size for parameter in note.parameters if parameter.is_frozen)
    total = sum(parameter.size for parameter in note.parameters)
    words = f'{total:,} parameter{"s" if total != 1 else ""}'
    if shared:
        words += ' (shared)' if shared == total else f' ({shared:,} shared)'
    return words + (f', {frozen:,} frozen' if note.state == 'mixed' and frozen else '')


def tooltip_of(note: NodeNote) -> str:
    """All that is known of a node, line by line."""
    lines = [note.ID, note.type if note.kind == 'module' else 'Data', note.state]
    if note.is_input:
        lines.append('input')
    if note.is_root:
        lines.append('root')
    lines.append(f'shape {shape_in_words(note.shape, note.batch)}')
    lines += [f'{name}: {value}' for name, value in note.settings.items()]
    for parameter in note.parameters:
        extras = ', shared' * parameter.is_shared + (', frozen' if parameter.is_frozen else '')
        lines.append(f'{parameter.name}: {shape_in_words(parameter.shape, is_batched=False)}{extras}')
    if note.statistics_state:
        lines.append(f'statistics {note.statistics_state}')
    if note.seconds is not None:
        lines.append(time_taken(note.seconds))
    if note.fault:
        lines.append(note.fault)
    return '\n'.join(visible(line) for line in lines)


def _group_tooltip(view: View, item: Item) -> str:
    names = [view.description.nodes[number].ID for number in item.notes
             if view.description.nodes[number].kind == 'module']
    shown = names[:12] + ([f'… and {len(names) - 12} more'] if len(names) > 12 else [])
    return '\n'.join(visible(name) for name in [item.name, *shown])
