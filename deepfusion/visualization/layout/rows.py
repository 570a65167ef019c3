"""A ribbon laid out in rows: strips without anything in them close up, edges are led from row to row."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise

from deepfusion.visualization.layout.bezier import rounded, split
from deepfusion.visualization.layout.model import HEADER, FramePart, Layout, Point, Rect

LANE, EDGE = 7.0, 10.0              # distance between led edges, and from the rows
KEPT = 14.0                         # what is left of an empty strip

Piece = list[Point]


class Squeeze:
    """A map of heights that keeps what is busy and closes up what is empty in between.

    >>> squeeze = Squeeze([(0.0, 10.0), (110.0, 120.0)])
    >>> squeeze(5.0), squeeze(110.0), squeeze.height
    (5.0, 24.0, 34.0)
    """

    def __init__(self, busy: list[tuple[float, float]]) -> None:
        self.starts: list[float] = []
        self.ends: list[float] = []
        self.places: list[float] = []               # of the starts
        for start, end in sorted(busy):
            if self.ends and start <= self.ends[-1] + KEPT:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                before = self.places[-1] + self.ends[-1] - self.starts[-1] + KEPT if self.ends else 0.0
                self.places.append(before)
                self.starts.append(start)
                self.ends.append(end)

    @property
    def height(self) -> float:
        return self.places[-1] + self.ends[-1] - self.starts[-1] if self.ends else 0.0

    def __call__(self, y: float) -> float:
        k = bisect(self.starts, y) - 1
        if k < 0:
            return y - self.starts[0] if self.starts else y
        beyond = y - self.ends[k]
        if beyond <= 0 or k + 1 == len(self.starts):
            return self.places[k] + y - self.starts[k]
        share = beyond / (self.starts[k + 1] - self.ends[k])
        return self.places[k] + self.ends[k] - self.starts[k] + KEPT * share


class Rows:
    """Distributes a ribbon that flows to the right over rows, broken at the given x."""

    def __init__(self, ribbon: Layout, cuts: list[float]) -> None:
        self.ribbon, self.cuts = ribbon, cuts
        self.starts, self.ends = [0.0, *cuts], [*cuts, ribbon.width]
        self.pieces = [split(route, cuts) for route in ribbon.routes]
        self.lanes = self._lanes()
        self.left = EDGE + LANE * max((len(lanes) for lanes in self.lanes), default=0)
        self.squeezes = [Squeeze(busy) for busy in self._busy()]
        self.tops, cursor = [], 0.0
        for row, squeeze in enumerate(self.squeezes):
            self.tops.append(cursor)
            lanes = len(self.lanes[row]) if row < len(cuts) else 0
            cursor += squeeze.height + (2 * EDGE + LANE * lanes if row < len(cuts) else 0.0)
        self.height = cursor

    def layout(self) -> Layout:
        """The broken ribbon."""
        nodes = [self._move(box, self._row_of(box.center.x)) for box in self.ribbon.nodes]
        frames = [piece for part in self.ribbon.frames for piece in self._frame_parts(part)]
        routes = [self._route(pieces) for pieces in self.pieces]
        right = max([box.right for box in nodes] + [p.x for route in routes for p in route]
                    + [part.box.right for part in frames])
        return Layout(right + 2, self.height, nodes, frames, routes, 'LR', self.ribbon.engine)

    def _row_of(self, x: float) -> int:
        return bisect(self.cuts, x)

    def _rows_of(self, box: Rect) -> range:
        return range(self._row_of(box.x), self._row_of(box.right) + 1)

    def _lanes(self) -> list[list[int]]:
        """For each cut the heights at which edges pass it, whole pixels, from the top: one lane each."""
        heights: list[set[int]] = [set() for _ in self.cuts]
        for pieces in self.pieces:
            for (row, piece), (following, _) in pairwise(pieces):
                heights[min(row, following)].add(round(piece[-1].y))
        return [sorted(found) for found in heights]

    def _busy(self) -> list[list[tuple[float, float]]]:
        """For each row the heights that nodes, borders and level parts of edges take."""
        busy: list[list[tuple[float, float]]] = [[] for _ in self.starts]
        for box in self.ribbon.nodes:
            busy[self._row_of(box.center.x)].append((box.y, box.bottom))
        for part in self.ribbon.frames:
            for row in self._rows_of(part.box):
                busy[row] += [(part.box.y, part.box.y + HEADER + 4), (part.box.bottom - 4, part.box.bottom)]
        for pieces in self.pieces:
            for row, piece in pieces:
                busy[row] += [(point.y - 3, point.y + 3) for point in piece[::3]]
        return busy

    def _place(self, point: Point, row: int) -> Point:
        return Point(point.x - self.starts[row] + self.left, self.squeezes[row](point.y) + self.tops[row])

    def _move(self, box: Rect, row: int) -> Rect:
        corner, opposite = self._place(Point(box.x, box.y), row), self._place(Point(box.right, box.bottom), row)
        return Rect(corner.x, corner.y, opposite.x - corner.x, opposite.y - corner.y)

    def _frame_parts(self, part: FramePart) -> list[FramePart]:
        parts = []
        for row in self._rows_of(part.box):
            left, right = max(part.box.x, self.starts[row] + 1), min(part.box.right, self.ends[row] - 1)
            if right - left > 4:
                box = Rect(left, part.box.y, right - left, part.box.height)
                parts.append(FramePart(part.frame, self._move(box, row)))
        return parts

    def _route(self, pieces: list[tuple[int, Piece]]) -> list[Point]:
        route = [self._place(point, pieces[0][0]) for point in pieces[0][1]]
        for (row, piece), (following, next_piece) in pairwise(pieces):
            moved = [self._place(point, following) for point in next_piece]
            if following > row:
                route += self._led(row, piece[-1].y, route[-1], moved[0])[1:]
            else:
                route += self._led(following, piece[-1].y, moved[0], route[-1])[::-1][1:]
            route += moved[1:]
        return route

    def _led(self, row: int, height: float, start: Point, stop: Point) -> list[Point]:
        """The way from the end of a row to the start of the next: outer lanes for upper edges, so none cross."""
        lanes = self.lanes[row]
        lane = lanes.index(round(height))
        outer = len(lanes) - 1 - lane
        right = start.x + EDGE / 2 + LANE * outer
        between = self.tops[row] + self.squeezes[row].height + EDGE + LANE * outer
        left = self.left - EDGE / 2 - LANE * lane
        return rounded([start, Point(right, start.y), Point(right, between), Point(left, between),
                        Point(left, stop.y), stop], radius=5.0)
