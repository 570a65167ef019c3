"""A picture as plain shapes and words at their places; `svg` and `raster` only copy it out."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfusion.visualization.layout.model import Point, Rect


@dataclass
class Shape:
    """A rectangle or ellipse. `second_fill` covers its right half."""

    box: Rect
    fill: str
    line: str
    line_width: float = 1.0
    is_ellipse: bool = False
    radius: float = 0.0
    second_fill: str = ''
    is_dashed: bool = False


@dataclass
class Curve:
    """A chain of cubic Bezier curves, with an arrow head at its end or without."""

    points: list[Point]
    color: str
    width: float = 1.1
    has_arrow: bool = False
    is_dashed: bool = False


@dataclass
class Words:
    """A line of text; `y` is its base line. Anchor 'middle' or 'start'. A halo keeps lines behind it away."""

    x: float
    y: float
    text: str
    size: float
    color: str
    is_bold: bool = False
    anchor: str = 'middle'
    halo: str = ''


@dataclass
class Group:
    """What belongs together: a node, an edge, a frame. `title` is its tooltip."""

    kind: str
    title: str = ''
    parts: list[Shape | Curve | Words] = field(default_factory=list)


@dataclass
class Scene:
    """A whole picture, in pixels."""

    width: float
    height: float
    background: str
    title: str = ''
    groups: list[Group] = field(default_factory=list)


ARROW_LENGTH, ARROW_WIDTH = 7.0, 5.5


def arrow_head(points: list[Point]) -> tuple[list[Point], list[Point]]:
    """The triangle at the end of a curve, and the curve cut back so that it ends inside of it."""
    tip = points[-1]
    before = next((point for point in reversed(points[:-1]) if abs(point.x - tip.x) + abs(point.y - tip.y) > 1e-6), tip)
    dx, dy = tip.x - before.x, tip.y - before.y
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length, dy / length
    base = Point(tip.x - ARROW_LENGTH * dx, tip.y - ARROW_LENGTH * dy)
    half = ARROW_WIDTH / 2
    triangle = [tip, Point(base.x - half * dy, base.y + half * dx), Point(base.x + half * dy, base.y - half * dx)]
    cut = Point(tip.x - 0.6 * ARROW_LENGTH * dx, tip.y - 0.6 * ARROW_LENGTH * dy)
    return triangle, [*points[:-1], cut]
