"""Chains of cubic Bezier curves: cutting them at vertical lines, and rounding corners."""

from __future__ import annotations

from bisect import bisect, bisect_left, bisect_right

from deepfusion.visualization.layout.model import Point


def split(route: list[Point], cuts: list[float]) -> list[tuple[int, list[Point]]]:
    """Cut a route at the given x; each piece comes with the number of the strip that it lies in."""
    if not cuts:
        return [(0, route)]
    pieces: list[tuple[int, list[Point]]] = []
    strip = bisect(cuts, route[0].x)
    piece = [route[0]]
    for k in range(1, len(route), 3):
        curve = [route[k - 1], *route[k:k + 3]]
        for cut in _cuts_within(curve, cuts):
            first, curve = _halves(curve, _parameter(curve, cut))
            on_cut = Point(cut, first[3].y)
            pieces.append((strip, [*piece, first[1], first[2], on_cut]))
            strip += 1 if curve[3].x > cut else -1
            curve[0] = on_cut
            piece = [on_cut]
        piece += curve[1:]
    return [*pieces, (strip, piece)]


def rounded(corners: list[Point], radius: float) -> list[Point]:
    """A path along straight lines with rounded corners."""
    route = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        entry, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        route += [route[-1], entry, entry, corner, corner, leave]
    return [*route, route[-1], corners[-1], corners[-1]]


def _towards(corner: Point, other: Point, distance: float) -> Point:
    length = abs(other.x - corner.x) + abs(other.y - corner.y)      # one of the two is 0
    share = min(0.5, distance / length) if length else 0.0
    return Point(corner.x + (other.x - corner.x) * share, corner.y + (other.y - corner.y) * share)


def _cuts_within(curve: list[Point], cuts: list[float]) -> list[float]:
    """The cuts that a curve crosses, in its direction."""
    start, stop = curve[0].x, curve[3].x
    if start <= stop:
        return cuts[bisect_right(cuts, start):bisect_left(cuts, stop)]
    return cuts[bisect_right(cuts, stop):bisect_left(cuts, start)][::-1]


def _parameter(curve: list[Point], x: float) -> float:
    """Where a curve that does not turn back reaches x, by bisection."""
    low, high = 0.0, 1.0
    rises = curve[3].x > curve[0].x
    for _ in range(40):
        middle = (low + high) / 2
        if (_halves(curve, middle)[0][3].x < x) == rises:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _halves(curve: list[Point], t: float) -> tuple[list[Point], list[Point]]:
    """De Casteljau: the curve up to t and from t on."""
    def mix(a: Point, b: Point) -> Point:
        return Point(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t)
    a, b, c = mix(curve[0], curve[1]), mix(curve[1], curve[2]), mix(curve[2], curve[3])
    d, e = mix(a, b), mix(b, c)
    f = mix(d, e)
    return [curve[0], a, d, f], [f, e, c, curve[3]]
