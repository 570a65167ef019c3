"""Last step of the layered layout: edges as smooth curves that stay between the ranks, and the finished Layout."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from deepfusion.visualization.layout.coordinates import Placed
from deepfusion.visualization.layout.model import FramePart, Layout, Point, Rect
from deepfusion.visualization.layout.ranks import Ranked

BESIDE = 7.0            # between edges of the same two nodes


def finish(ranked: Ranked, placed: Placed) -> Layout:
    """Boxes, frames and routes of a placed plan, flowing downwards."""
    boxes = []
    for item, node in enumerate(ranked.plan.nodes):
        middle = (placed.top[ranked.rank[item]] + placed.bottom[ranked.rank[item]]) / 2
        boxes.append(Rect(placed.x[item] - node.width / 2, middle - node.height / 2, node.width, node.height))
    routes, drawn = [], Counter[tuple[int, ...]]()
    for chain, is_reversed in zip(ranked.chains, ranked.is_reversed, strict=True):
        route = _route(ranked, placed, boxes, chain, BESIDE * drawn[tuple(chain)])
        drawn[tuple(chain)] += 1
        routes.append(route[::-1] if is_reversed else route)
    parts = [FramePart(frame, box) for frame, box in sorted(placed.frames.items())]
    rights = [box.right for box in boxes] + [part.box.right for part in parts] + [p.x for r in routes for p in r]
    bottoms = [box.bottom for box in boxes] + [part.box.bottom for part in parts]
    return Layout(max(rights, default=0.0), max(bottoms, default=0.0), boxes, parts, routes)


def _route(ranked: Ranked, placed: Placed, boxes: list[Rect], chain: list[int], aside: float) -> list[Point]:
    """The curve along a chain; the second edge between the same two nodes runs a little aside of the first."""
    if len(chain) == 1:
        return _loop(boxes[chain[0]])
    route: list[Point] = []
    for upper, lower in pairwise(chain):
        start = _end(ranked, placed, boxes, upper, placed.leave[upper, lower] + aside, downwards=True)
        stop = _end(ranked, placed, boxes, lower, placed.enter[upper, lower] + aside, downwards=False)
        floor, ceiling = placed.floor[ranked.rank[upper]], placed.ceiling[ranked.rank[upper]]
        if route:
            route += _line(route[-1], start)
        else:
            route = [start]
        bend = Point(start.x, max(start.y, floor)), Point(stop.x, min(stop.y, ceiling))
        if bend[0].y > start.y:
            route += _line(start, bend[0])
        half = (bend[1].y - bend[0].y) / 2
        route += [Point(bend[0].x, bend[0].y + half), Point(bend[1].x, bend[1].y - half), bend[1]]
        if stop.y > bend[1].y:
            route += _line(bend[1], stop)
    return route


def _end(ranked: Ranked, placed: Placed, boxes: list[Rect], item: int, offset: float, downwards: bool) -> Point:
    """Where a step meets an item: on a rectangle's side, on an ellipse's rim, at the border of a way point's rank."""
    rank = ranked.rank[item]
    if ranked.is_waypoint(item):
        return Point(placed.x[item], placed.bottom[rank] if downwards else placed.top[rank])
    box, node = boxes[item], ranked.plan.nodes[item]
    offset = max(-box.width / 2, min(box.width / 2, offset))
    rise = box.height / 2
    if node.is_round:
        rise *= math.sqrt(max(0.0, 1 - (offset / (box.width / 2)) ** 2))
    return Point(placed.x[item] + offset, box.center.y + (rise if downwards else -rise))


def _line(start: Point, stop: Point) -> list[Point]:
    """A straight piece as a Bezier curve."""
    return [start, stop, stop]


def _loop(box: Rect) -> list[Point]:
    """An edge from a node to itself, at its right side."""
    upper, lower = box.y + box.height / 3, box.y + 2 * box.height / 3
    return [Point(box.right, lower), Point(box.right + 24, lower + 8), Point(box.right + 24, upper - 8),
            Point(box.right, upper)]
