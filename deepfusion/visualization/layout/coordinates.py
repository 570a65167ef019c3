"""Third step of the layered layout: coordinates. Across by network simplex, along the flow by rank heights."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from deepfusion.visualization.layout.model import HEADER, PAD, Rect
from deepfusion.visualization.layout.ordering import Token
from deepfusion.visualization.layout.ranks import Ranked
from deepfusion.visualization.layout.simplex import Arc, longest_paths, minimize

GAP, WAY_GAP, FRAME_GAP = 20.0, 9.0, 12.0       # between nodes, beside way points, between frames, of one rank
RANK_GAP, TAG_GAP = 24.0, 7.0                   # between ranks: where arrows end, where only words and ways follow
FRAME_WEIGHT = 2.0
PORT_SPACING = 14.0


@dataclass
class Placed:
    """Coordinates of everything: x of all items, top and bottom of all ranks, frames, and where edges leave and enter.

    Attributes:
        floor, ceiling: for each rank, where the curves below it begin and end.
        leave, enter: for each unit step, the distance of its end from the middle of the upper and lower item.
        frames: the box of each frame; frames without nodes are absent.
    """

    x: list[float]
    top: list[float]
    bottom: list[float]
    floor: list[float]
    ceiling: list[float]
    leave: dict[tuple[int, int], float]
    enter: dict[tuple[int, int], float]
    frames: dict[int, Rect]


@dataclass(frozen=True)
class Margins:
    """Room between a frame and what is in it; the label takes some of it on one side."""

    left: float = PAD
    right: float = PAD
    start: float = PAD
    end: float = PAD

    @classmethod
    def for_orientation(cls, orientation: str) -> Margins:
        """The label stands at the top of the picture, which is another side for each orientation."""
        if orientation in ('LR', 'RL'):
            return cls(left=PAD + HEADER)
        return cls(end=PAD + HEADER) if orientation == 'BT' else cls(start=PAD + HEADER)


def place(ranked: Ranked, orders: list[list[Token]], orientation: str) -> Placed:
    """Choose all coordinates for a picture that will be turned into the given orientation."""
    margins = Margins.for_orientation(orientation)
    leave, enter = _ports(ranked, orders)
    labels_lie_across = orientation in ('TB', 'BT')
    x, sides = _across(ranked, orders, margins, leave, enter, labels_lie_across)
    top, bottom, floor, spans = _along(ranked, margins, x, not labels_lie_across)
    ceiling = [above + gap for above, gap in zip(floor, _gaps(ranked, x), strict=True)]
    frames = {frame: Rect(left, spans[frame][0], right - left, spans[frame][1] - spans[frame][0])
              for frame, (left, right) in sides.items()}
    return Placed(x, top, bottom, floor, ceiling, leave, enter, frames)


def _ports(ranked: Ranked, orders: list[list[Token]]) -> tuple[dict, dict]:
    """Spread the ends of several edges over a node's side, in the order of the nodes they come from or go to."""
    index = {number: place for row in orders for place, (kind, number) in enumerate(row) if kind == 'item'}
    below: dict[int, list[int]] = {}
    above: dict[int, list[int]] = {}
    for upper, lower in ranked.steps:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    leave, enter = {}, {}
    for item, others in below.items():
        offsets = _spread(ranked, item, len(others))
        for other, offset in zip(sorted(others, key=index.__getitem__), offsets, strict=True):
            leave[item, other] = offset
    for item, others in above.items():
        offsets = _spread(ranked, item, len(others))
        for other, offset in zip(sorted(others, key=index.__getitem__), offsets, strict=True):
            enter[other, item] = offset
    return leave, enter


def _spread(ranked: Ranked, item: int, count: int) -> list[float]:
    if ranked.is_waypoint(item) or ranked.plan.nodes[item].is_tag or count == 1:
        return [0.0] * count
    node = ranked.plan.nodes[item]
    room = node.width * (0.5 if node.is_round else 1.0) - 16.0
    spacing = max(0.0, min(PORT_SPACING, room / (count - 1)))
    return [(number - (count - 1) / 2) * spacing for number in range(count)]


def _across(ranked: Ranked, orders: list[list[Token]], margins: Margins, leave: dict, enter: dict,
            labels_lie_across: bool) -> tuple[list[float], dict[int, tuple[float, float]]]:
    """Network simplex on: every item, both borders of every frame, and one point per step (its left end)."""
    items, frames = len(ranked.rank), ranked.plan.frames
    point = {('item', item): item for item in range(items)}
    for number in range(len(frames)):
        point['open', number] = items + 2 * number
        point['close', number] = items + 2 * number + 1
    separations: dict[tuple[int, int], float] = {}
    for row in orders:
        for first, second in pairwise(row):
            key = point[first], point[second]
            separations[key] = max(separations.get(key, 0.0), _separation(ranked, margins, first, second))
    used = {number for row in orders for kind, number in row if kind == 'open'}
    for number in used:
        key = point['open', number], point['close', number]
        length = frames[number].label_width + 12 if labels_lie_across else 2 * PAD
        separations[key] = max(separations.get(key, 0.0), length)
    if labels_lie_across:
        _clear_names(ranked, margins, point, leave, enter, separations)
    width_of_frame = {(point['open', number], point['close', number]) for number in used}
    arcs = [Arc(*ends, length, FRAME_WEIGHT if ends in width_of_frame else 0.0) for ends, length in separations.items()]
    count = items + 2 * len(frames)
    start = longest_paths(count, arcs)
    for number, (upper, lower) in enumerate(ranked.steps):
        shift = leave[upper, lower] - enter[upper, lower]       # wanted: x[lower] - x[upper]
        weight = _straightness(ranked, upper, lower)
        arcs += [Arc(count + number, upper, max(0.0, -shift), weight),
                 Arc(count + number, lower, max(0.0, shift), weight)]
        start.append(min(start[upper] - max(0.0, -shift), start[lower] - max(0.0, shift)))
    x = minimize(len(start), arcs, start)
    sides = {number: (x[point['open', number]], x[point['close', number]]) for number in used}
    least = min([x[item] - _half(ranked, item) for item in range(items)] + [left for left, _ in sides.values()],
                default=0.0)
    return ([position - least for position in x[:items]],
            {number: (left - least, right - least) for number, (left, right) in sides.items()})


def _clear_names(ranked: Ranked, margins: Margins, point: dict[Token, int], leave: dict, enter: dict,
                 separations: dict[tuple[int, int], float]) -> None:
    """Where edges pass a frame's border with its name, let them pass to the right of the name."""
    low, high = _spans(ranked)
    at_start = margins.start > margins.end
    for upper, lower in ranked.steps:
        item, offset = (lower, enter[upper, lower]) if at_start else (upper, leave[upper, lower])
        for frame in ranked.path[item]:
            if ranked.rank[item] == (low if at_start else high)[frame]:
                key = point['open', frame], item
                length = ranked.plan.frames[frame].label_width + 14 - offset
                separations[key] = max(separations.get(key, 0.0), length)


def _half(ranked: Ranked, item: int) -> float:
    return 0.0 if ranked.is_waypoint(item) else ranked.plan.nodes[item].width / 2


def _separation(ranked: Ranked, margins: Margins, first: Token, second: Token) -> float:
    """The least distance between two neighbours of a rank: centres of items, borders of frames."""
    if first[0] == 'item' and second[0] == 'item':
        ways = ranked.is_waypoint(first[1]) + ranked.is_waypoint(second[1])
        return _half(ranked, first[1]) + _half(ranked, second[1]) + (WAY_GAP if ways == 2 else GAP - 6 * ways)
    if first[0] == 'open':
        return margins.left + (_half(ranked, second[1]) if second[0] == 'item' else 0.0)
    if second[0] == 'close':
        return margins.right + (_half(ranked, first[1]) if first[0] == 'item' else 0.0)
    return FRAME_GAP + sum(_half(ranked, number) for kind, number in (first, second) if kind == 'item')


def _straightness(ranked: Ranked, upper: int, lower: int) -> float:
    """Long edges first of all are straight, then short ones; where long ones begin and end they bend."""
    ways = ranked.is_waypoint(upper) + ranked.is_waypoint(lower)
    if ways == 2:
        return 8.0
    if ways == 1:
        return 2.0
    return 6.0 if any(ranked.plan.nodes[item].is_tag for item in (upper, lower)) else 4.0


def _along(ranked: Ranked, margins: Margins, x: list[float],
           labels_lie_along: bool) -> tuple[list[float], list[float], list[float], dict[int, tuple[float, float]]]:
    """Tops and bottoms of ranks, where the gaps for curves begin below each, and the spans of frames."""
    ranks = ranked.rank_count
    height = [0.0] * ranks
    for item, node in enumerate(ranked.plan.nodes):
        height[ranked.rank[item]] = max(height[ranked.rank[item]], node.height)
    low, high = _spans(ranked)
    opening = _nesting(ranked, low, margins.start)
    closing = _nesting(ranked, high, margins.end)
    top, bottom, floor, cursor = [0.0] * ranks, [0.0] * ranks, [0.0] * ranks, 0.0
    gaps = _gaps(ranked, x)
    spans: dict[int, tuple[float, float]] = {}
    for rank in range(ranks):
        cursor += max((room for frame, room in opening.items() if low[frame] == rank), default=0.0)
        top[rank], bottom[rank] = cursor, cursor + height[rank]
        end = bottom[rank]
        for frame in sorted(closing, reverse=True):             # inner frames have the larger numbers
            if high[frame] == rank:
                begin = top[low[frame]] - opening[frame]
                least = ranked.plan.frames[frame].label_width + 12 if labels_lie_along else 0.0
                finish = max(bottom[rank] + closing[frame], begin + least)
                inner = [spans[child][1] + margins.end for child in spans
                         if ranked.plan.frames[child].parent == frame and high[child] == rank]
                spans[frame] = (begin, max([finish, *inner]))
                end = max(end, spans[frame][1])
        floor[rank] = end
        cursor = end + gaps[rank]
    return top, bottom, floor, spans


def _spans(ranked: Ranked) -> tuple[dict[int, int], dict[int, int]]:
    """First and last rank of every frame."""
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    for item, path in enumerate(ranked.path):
        for frame in path:
            low[frame] = min(low.get(frame, ranked.rank[item]), ranked.rank[item])
            high[frame] = max(high.get(frame, ranked.rank[item]), ranked.rank[item])
    return low, high


def _nesting(ranked: Ranked, edge: dict[int, int], margin: float) -> dict[int, float]:
    """For each frame, its distance from its first (or last) rank: a margin for each frame inside that ends there."""
    room: dict[int, float] = {}
    for frame in sorted(edge, reverse=True):
        inner = [room[child] for child in room
                 if ranked.plan.frames[child].parent == frame and edge[child] == edge[frame]]
        room[frame] = margin + max(inner, default=0.0)
    return room


def _gaps(ranked: Ranked, x: list[float]) -> list[float]:
    """The room for curves below each rank: little where only words follow, more where curves go far aside."""
    gaps = [TAG_GAP] * ranked.rank_count
    for upper, lower in ranked.steps:
        rank = ranked.rank[upper]
        ends_here = not ranked.is_waypoint(lower) and not ranked.plan.nodes[lower].is_tag
        aside = min(36.0, 0.07 * abs(x[upper] - x[lower]))
        gaps[rank] = max(gaps[rank], (RANK_GAP if ends_here else TAG_GAP) + aside)
    return gaps
