"""What a layout is given (a Plan of sizes) and what it gives back (a Layout of places).

Points, widths and heights are in pixels, y grows downwards. A route is a chain of cubic Bezier curves:
1 + 3k points. Inside the layouts everything flows from top to bottom; `turned` brings it into the
orientation asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

ORIENTATIONS = ('LR', 'RL', 'TB', 'BT')
PAD = 10.0              # from a group's border to what is in it
HEADER = 18.0           # height of a group's label


class Point(NamedTuple):
    x: float
    y: float


class Rect(NamedTuple):
    """A box by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def center(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def overlaps(self, other: Rect) -> bool:
        """Whether the insides of two boxes have a point in common."""
        return (self.x < other.right - 1e-6 and other.x < self.right - 1e-6
                and self.y < other.bottom - 1e-6 and other.y < self.bottom - 1e-6)


@dataclass
class PlanNode:
    """One thing to place: its size as it will be seen, its innermost frame, and how edges meet it."""

    width: float
    height: float
    frame: int = -1
    is_round: bool = False
    is_tag: bool = False          # a word on an edge: the edge goes through it, no arrow ends there


@dataclass
class PlanFrame:
    """A box around nodes and other frames."""

    parent: int = -1
    label_width: float = 0.0


@dataclass
class Plan:
    """Everything a layout needs to know. Nodes are listed in a topological order as far as there is one."""

    nodes: list[PlanNode] = field(default_factory=list)
    frames: list[PlanFrame] = field(default_factory=list)      # parents before children
    edges: list[tuple[int, int]] = field(default_factory=list)

    def ancestors(self, frame: int) -> list[int]:
        """The frames around, outermost first, this one included."""
        chain = []
        while frame >= 0:
            chain.append(frame)
            frame = self.frames[frame].parent
        return chain[::-1]


class FramePart(NamedTuple):
    """One box of a frame; a wrapped drawing may show a frame in several."""

    frame: int
    box: Rect


@dataclass
class Layout:
    """Where everything goes."""

    width: float
    height: float
    nodes: list[Rect]
    frames: list[FramePart]
    routes: list[list[Point]]
    orientation: str = 'TB'
    engine: str = 'own'


def turned(layout: Layout, orientation: str) -> Layout:
    """Turn a layout that flows downwards into the given orientation."""
    sideways, backwards = orientation in ('LR', 'RL'), orientation in ('RL', 'BT')
    layout = _transformed(layout, flip=True) if backwards else layout
    layout = _transformed(layout, swap=True) if sideways else layout
    layout.orientation = orientation
    return layout


def flowing_right(layout: Layout) -> Layout:
    """Turn a layout of any orientation so that it flows from left to right."""
    if layout.orientation == 'RL':
        return _transformed(layout, mirror=True)
    layout = _transformed(layout, flip=True) if layout.orientation == 'BT' else layout
    return _transformed(layout, swap=True) if layout.orientation in ('TB', 'BT') else layout


def from_flowing_right(layout: Layout, orientation: str) -> Layout:
    """The reverse of `flowing_right`."""
    if orientation == 'RL':
        layout = _transformed(layout, mirror=True)
    elif orientation in ('TB', 'BT'):
        layout = _transformed(layout, swap=True)
        layout = _transformed(layout, flip=True) if orientation == 'BT' else layout
    layout.orientation = orientation
    return layout


def _transformed(layout: Layout, swap: bool = False, flip: bool = False, mirror: bool = False) -> Layout:
    """Exchange x and y, or turn upside down, or mirror left and right."""
    def place(point: Point) -> Point:
        x, y = (layout.width - point.x if mirror else point.x), (layout.height - point.y if flip else point.y)
        return Point(y, x) if swap else Point(x, y)

    def turn(box: Rect) -> Rect:
        first, second = place(Point(box.x, box.y)), place(Point(box.right, box.bottom))
        return Rect(min(first.x, second.x), min(first.y, second.y),
                    abs(first.x - second.x), abs(first.y - second.y))

    width, height = (layout.height, layout.width) if swap else (layout.width, layout.height)
    return Layout(width, height, [turn(box) for box in layout.nodes],
                  [FramePart(part.frame, turn(part.box)) for part in layout.frames],
                  [[place(point) for point in route] for route in layout.routes], layout.orientation, layout.engine)
