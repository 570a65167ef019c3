"""The layout of Graphviz, where its program `dot` is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from deepfusion.visualization.layout.model import FramePart, Layout, Plan, Point, Rect

TIME_LIMIT = 10.0           # seconds; whoever waits longer is better served by our own layout
LARGEST, MOST_EDGES = 1200, 800         # nodes and edges that dot places in a few seconds


def find_program() -> str | None:
    """The path of `dot`, or None."""
    return shutil.which('dot')


def lay_out(plan: Plan, text: str, orientation: str) -> Layout | None:
    """Let `dot` place the nodes n0, n1, ... of a DOT text; None when it is not there, fails, or takes too long."""
    program = find_program()
    if program is None or len(plan.nodes) > LARGEST or len(plan.edges) > MOST_EDGES:
        return None
    try:
        done = subprocess.run([program, '-Tjson0'], input=text.encode(), capture_output=True, timeout=TIME_LIMIT,
                              check=True)
        return _read(json.loads(done.stdout), plan, orientation)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _read(graph: dict[str, Any], plan: Plan, orientation: str) -> Layout:
    """Places from dot's JSON: points, y upwards."""
    left, low, right, top = _numbers(graph['bb'])

    def turn(x: float, y: float) -> Point:
        return Point(x - left, top - y)

    nodes: dict[int, Rect] = {}
    frames = []
    for thing in graph.get('objects', ()):
        if thing['name'].startswith('cluster_'):
            x0, y0, x1, y1 = _numbers(thing['bb'])
            corner = turn(x0, y1)
            frames.append(FramePart(int(thing['name'][8:]), Rect(corner.x, corner.y, x1 - x0, y1 - y0)))
        elif 'pos' in thing:
            number = int(thing['name'][1:])
            center = turn(*_numbers(thing['pos']))
            size = plan.nodes[number]
            nodes[number] = Rect(center.x - size.width / 2, center.y - size.height / 2, size.width, size.height)
    routes: dict[tuple[int, int], list[list[Point]]] = {}
    names = [thing['name'] for thing in graph.get('objects', ())]
    for edge in graph.get('edges', ()):
        ends = int(names[edge['tail']][1:]), int(names[edge['head']][1:])
        routes.setdefault(ends, []).append([turn(*pair) for pair in _spline(edge['pos'])])
    ordered = [routes[edge].pop(0) for edge in plan.edges]
    return Layout(right - left, top - low, [nodes[k] for k in range(len(plan.nodes))], sorted(frames), ordered,
                  orientation, 'dot')


def _spline(text: str) -> list[tuple[float, float]]:
    """The points of an edge: where an arrow's tip is told apart ('e,x,y' or 's,x,y'), the curve is led up to it."""
    points: list[tuple[float, float]] = []
    tip = start = None
    for word in text.split(';')[0].split():
        parts = word.split(',')
        pair = float(parts[-2]), float(parts[-1])
        if parts[0] == 'e':
            tip = pair
        elif parts[0] == 's':
            start = pair
        else:
            points.append(pair)
    if start is not None:
        points = [start, start, points[0], *points]
    return points if tip is None else [*points, points[-1], tip, tip]


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split(',')]
