"""A view as text in Graphviz's DOT language. Names are numbered, words are labels: nothing needs to be a legal name."""

from __future__ import annotations

from deepfusion.visualization.compose import frame_label
from deepfusion.visualization.description import MIXED
from deepfusion.visualization.heat import Heat
from deepfusion.visualization.labels import Label
from deepfusion.visualization.text import visible
from deepfusion.visualization.theme import DETAIL_SIZE, TAG_SIZE, Theme
from deepfusion.visualization.view import Item, Link, View

POINTS_PER_INCH, PERIPHERY = 72.0, 4.0
LEGEND = 'red: will be updated, blue: frozen; ellipse: Data, rectangle: module; double outline: input, thick: root'


def to_dot(view: View, labels: list[Label], orientation: str, theme: Theme, heat: Heat | None = None,
           has_legend: bool = True, title: str = '') -> str:
    """The text of a .gv file; `dot` draws the same picture from it that `svg` and `raster` draw."""
    around = (title, LEGEND if has_legend and heat is None else '', view.description.error)
    words = '\n'.join(line for line in around if line)
    lines = ['digraph net {',
             f'  graph [rankdir={orientation}, nodesep=0.25, ranksep=0.3, bgcolor={quoted(theme.background)}, '
             f'fontname="DejaVu Sans", fontsize={DETAIL_SIZE:g}, fontcolor={quoted(theme.faint)}, '
             f'label={label(words)}];',
             f'  node [fontname="DejaVu Sans", fontsize={DETAIL_SIZE:g}, fontcolor={quoted(theme.text)}, margin=0, '
             'fixedsize=true];',
             f'  edge [color={quoted(theme.edge)}, arrowsize=0.6];']
    lines += _members(view, labels, theme, heat, -1, '  ')
    lines += [f'  {_edge(view, link, theme)}' for link in view.links]
    return '\n'.join([*lines, '}', ''])


def quoted(text: str) -> str:
    """A quoted DOT string."""
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def label(text: str) -> str:
    """A quoted label that shows exactly this text: dot would read backslashes and HTML entities in it."""
    escaped = '\n'.join(visible(line) for line in text.split('\n')).replace('&', '&amp;')
    return quoted(escaped).replace('\n', '\\n')


def _members(view: View, labels: list[Label], theme: Theme, heat: Heat | None, frame: int, indent: str) -> list[str]:
    lines = [indent + _node(view, number, item, labels[number], theme, heat)
             for number, item in enumerate(view.items) if item.frame == frame]
    for number, inner in enumerate(view.frames):
        if inner.parent == frame:
            lines += [f'{indent}subgraph cluster_{number} {{',
                      f'{indent}  graph [label={label(frame_label(view, number))}, labeljust=l, '
                      f'style="filled,rounded", fillcolor={quoted(theme.frame)}, color={quoted(theme.frame_line)}, '
                      'margin=10];',
                      *_members(view, labels, theme, heat, number, indent + '  '), f'{indent}}}']
    return lines


def _node(view: View, number: int, item: Item, words: Label, theme: Theme, heat: Heat | None) -> str:
    has_two_lines = (item.kind == 'data' and view.note(item).is_input) or item.kind == 'group'
    outside = 2 * PERIPHERY if has_two_lines else 0.0        # dot draws the second line around the size
    size = (f'width={(words.width - outside) / POINTS_PER_INCH:.4f}, '
            f'height={(words.height - outside) / POINTS_PER_INCH:.4f}')
    text = f'label={label(chr(10).join(line.text for line in words.lines))}, tooltip={label(words.tooltip)}'
    if item.kind in ('tag', 'more'):
        look = f'shape=plaintext, fontsize={TAG_SIZE - 0.5:g}, fontcolor={quoted(theme.faint)}'
        return f'n{number} [{text}, {look}, {size}];'
    note = view.note(item)
    is_data = item.kind == 'data'
    fill = theme.fill(item.state)
    style = '"filled"' if is_data else '"filled,rounded"'
    if heat is not None:
        share = heat.share_of(view, item)
        fill = theme.background if share is None else theme.heat(share)
    elif item.state == MIXED:
        fill = f'{theme.unfrozen};0.5:{theme.frozen}'
    if note.fault and item.kind == 'module':
        style, fill = '"dashed"', theme.background
    line = theme.fault if note.fault else theme.highlight if item.emphasis == 2 else theme.line(item.state)
    parts = [text, f'shape={"ellipse" if is_data else "box"}', f'style={style}', f'fillcolor={quoted(fill)}',
             f'color={quoted(line)}', size]
    if has_two_lines:
        parts.append('peripheries=2')
    if (is_data and note.is_root) or item.emphasis == 2:
        parts.append('penwidth=2.6')
    return f'n{number} [{", ".join(parts)}];'


def _edge(view: View, link: Link, theme: Theme) -> str:
    parts = []
    if view.items[link.head].kind in ('tag', 'more'):
        parts.append('arrowhead=none')
    if view.items[link.head].kind == 'tag':
        parts.append('weight=3')
    if link.fault:
        parts += [f'color={quoted(theme.fault)}', 'style=dashed', f'tooltip={label(link.fault)}']
    elif link.emphasis == 2:
        parts += [f'color={quoted(theme.highlight)}', 'penwidth=2']
    return f'n{link.tail} -> n{link.head}' + (f' [{", ".join(parts)}]' if parts else '') + ';'
