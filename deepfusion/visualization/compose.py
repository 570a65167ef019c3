"""From a view, its labels and a layout to a scene: what is drawn where, in which colours, and the legend."""

from __future__ import annotations

import textwrap

from deepfusion.visualization.description import MIXED
from deepfusion.visualization.heat import Heat
from deepfusion.visualization.labels import CARD, LINE_FACTOR, Label
from deepfusion.visualization.layout.model import Layout, Point, Rect
from deepfusion.visualization.legend import legend_groups
from deepfusion.visualization.scene import Curve, Group, Scene, Shape, Words
from deepfusion.visualization.text import text_width, visible
from deepfusion.visualization.theme import DETAIL_SIZE, Theme, blend
from deepfusion.visualization.view import Item, Link, View

MARGIN = 16.0
DIM = 0.68
LEAST_WIDTH = 320.0


def compose(view: View, labels: list[Label], layout: Layout, theme: Theme, heat: Heat | None = None,
            has_legend: bool = True, title: str = '') -> Scene:
    """Build the scene: frames, then edges, then nodes, then the names of frames, then title and legend."""
    painter = _Painter(view, labels, theme, heat)
    width = max(layout.width, LEAST_WIDTH if has_legend or title else 0.0)
    left = MARGIN + (width - layout.width) / 2
    top = MARGIN + (26.0 if title else 0.0)
    scene = Scene(width + 2 * MARGIN, top + layout.height + MARGIN, theme.background, title or view.description.name)
    moved = _moved(layout, left, top)
    if title:
        scene.groups.append(Group('title', parts=[
            Words(MARGIN, MARGIN + 12, visible(title), 14.0, theme.text, True, 'start')]))
    scene.groups += painter.frames(moved)
    scene.groups += [painter.edge(link, route) for link, route in zip(view.links, moved.routes, strict=True)]
    scene.groups += [painter.item(number, box) for number, box in enumerate(moved.nodes)]
    scene.groups += painter.frame_names(moved)
    bottom = top + layout.height + MARGIN
    bottom = _add_error(scene, view.description.error, bottom, theme)
    if has_legend:
        groups, height = legend_groups(view, labels, theme, heat, Rect(MARGIN, bottom, width, 0.0))
        scene.groups += groups
        bottom += height + MARGIN
    scene.height = bottom
    return scene


def _moved(layout: Layout, dx: float, dy: float) -> Layout:
    def move(box: Rect) -> Rect:
        return Rect(box.x + dx, box.y + dy, box.width, box.height)
    return Layout(layout.width, layout.height, [move(box) for box in layout.nodes],
                  [part._replace(box=move(part.box)) for part in layout.frames],
                  [[Point(point.x + dx, point.y + dy) for point in route] for route in layout.routes],
                  layout.orientation, layout.engine)


def _add_error(scene: Scene, error: str, top: float, theme: Theme) -> float:
    """The sentence that says what is wrong with a net that could not be finished."""
    if not error:
        return top
    lines = textwrap.wrap(error, max(30, int((scene.width - 2 * MARGIN) / (0.62 * DETAIL_SIZE))))
    scene.groups.append(Group('error', parts=[
        Words(MARGIN, top + (number + 1) * DETAIL_SIZE * LINE_FACTOR, visible(line), DETAIL_SIZE, theme.fault,
              anchor='start') for number, line in enumerate(lines)]))
    return top + len(lines) * DETAIL_SIZE * LINE_FACTOR + MARGIN


class _Painter:
    def __init__(self, view: View, labels: list[Label], theme: Theme, heat: Heat | None) -> None:
        self.view, self.labels, self.theme, self.heat = view, labels, theme, heat

    def tone(self, color: str, emphasis: int) -> str:
        return blend(color, self.theme.background, DIM) if emphasis == 0 else color

    def frames(self, layout: Layout) -> list[Group]:
        groups = []
        for part in layout.frames:
            frame = self.view.frames[part.frame]
            shapes: list[Shape | Curve | Words] = []
            if frame.times > 1:
                shapes.append(Shape(Rect(part.box.x + 4, part.box.y + 4, part.box.width, part.box.height),
                                    self.theme.frame, self.theme.frame_line, radius=6))
            depth = self._depth(part.frame)
            fill = blend(self.theme.frame, self.theme.frame_line, min(0.4, 0.14 * depth))
            shapes.append(Shape(part.box, fill, self.theme.frame_line, radius=6))
            groups.append(Group('frame', '/'.join(frame.path) or frame.label, shapes))
        return groups

    def _depth(self, frame: int) -> int:
        depth = 0
        while self.view.frames[frame].parent >= 0:
            frame = self.view.frames[frame].parent
            depth += 1
        return depth

    def frame_names(self, layout: Layout) -> list[Group]:
        """Names stand above the edges: an edge that must pass behind one stays readable, and so does the name."""
        groups = []
        widest: dict[int, float] = {}
        for part in layout.frames:
            widest[part.frame] = max(widest.get(part.frame, 0.0), part.box.width)
        for part in layout.frames:
            name = frame_label(self.view, part.frame)
            if part.box.width < min(widest[part.frame], text_width(name, DETAIL_SIZE, True) + 8):
                continue            # a narrow piece of a broken frame; a wider one has the name
            halo = blend(self.theme.frame, self.theme.frame_line, min(0.4, 0.14 * self._depth(part.frame)))
            groups.append(Group('frame-name', parts=[
                Words(part.box.x + 7, part.box.y + 14, name, DETAIL_SIZE, self.theme.faint, True, 'start', halo)]))
        return groups

    def edge(self, link: Link, route: list[Point]) -> Group:
        theme = self.theme
        color = self.tone(theme.highlight if link.emphasis == 2 else theme.edge, link.emphasis)
        color = theme.fault if link.fault else color
        head = self.view.items[link.head]
        items, nodes = self.view.items, self.view.description.nodes
        ends = [nodes[items[end].notes[0]].ID if items[end].kind in ('data', 'module', 'tag') else items[end].name
                for end in (link.tail, link.head)]
        title = ' → '.join(ends)
        if link.via:
            title += '\n' + ', '.join(nodes[number].ID for number in link.via)
        width = 2.0 if link.emphasis == 2 or link.fault else 1.1
        return Group('edge', title, [Curve(route, color, width, head.kind not in ('tag', 'more'),
                                           bool(link.fault) or 'more' in (head.kind, items[link.tail].kind))])

    def item(self, number: int, box: Rect) -> Group:
        item, label = self.view.items[number], self.labels[number]
        group = Group(item.kind, label.tooltip)
        if item.kind not in ('tag', 'more'):
            group.parts += self._body(item, box)
        if item.kind == 'group':
            box = _front_card(box)
        cursor = box.center.y - sum(line.size * LINE_FACTOR for line in label.lines) / 2
        for line in label.lines:
            color = self.theme.text
            if line.is_faint:
                is_bare = item.kind in ('tag', 'more')
                color = self.theme.faint if is_bare else blend(self.theme.text, self._fill(item)[0], 0.25)
            group.parts.append(Words(box.center.x, cursor + line.size * (LINE_FACTOR + 0.72) / 2, line.text, line.size,
                                     self.tone(color, item.emphasis), line.is_bold))
            cursor += line.size * LINE_FACTOR
        return group

    def _fill(self, item: Item) -> tuple[str, str]:
        """The colour of an item, and that of its right half when it has two."""
        if self.heat is not None:
            share = self.heat.share_of(self.view, item)
            return (self.theme.background if share is None else self.theme.heat(share)), ''
        if item.state == MIXED:
            return self.theme.unfrozen, self.theme.frozen
        return self.theme.fill(item.state), ''

    def _body(self, item: Item, box: Rect) -> list[Shape | Curve | Words]:
        theme = self.theme
        first, second = (self.tone(color, item.emphasis) if color else '' for color in self._fill(item))
        line = theme.highlight if item.emphasis == 2 else self.tone(theme.line(item.state), item.emphasis)
        note = self.view.note(item)
        is_root = item.kind == 'data' and note.is_root
        width = 2.6 if is_root or item.emphasis == 2 else 1.1 if self.heat is None else 1.8
        if note.fault and item.kind == 'module':
            return [Shape(box, theme.background, theme.fault, 2.0, radius=3, is_dashed=True)]
        parts: list[Shape | Curve | Words] = []
        if item.kind == 'group':
            front = _front_card(box)
            back = Rect(box.x + CARD, box.y + CARD, front.width, front.height)
            return [Shape(back, first, line, width, radius=5),
                    Shape(front, first, line, width, radius=5, second_fill=second)]
        is_round = item.kind == 'data'
        if is_round and note.is_input:
            parts.append(Shape(box, theme.background, line, 1.1, True))
            box = Rect(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
        return [*parts, Shape(box, first, line, width, is_round, 0 if is_round else 3, second)]


def _front_card(box: Rect) -> Rect:
    """A closed group looks like two cards, one behind the other."""
    return Rect(box.x, box.y, box.width - CARD, box.height - CARD)


def frame_label(view: View, frame: int) -> str:
    """The name of an open group, with the number of its copies."""
    times = view.frames[frame].times
    return visible(view.frames[frame].label) + (f' ×{times}' if times > 1 else '')
