"""Second step of the layered layout: the order within each rank, frame by frame from the outside in.

A frame is first a column of placeholders, one for each rank it spans, tied together by heavy links so that
little passes through it; then what it holds is ordered inside. So nodes of a frame stand side by side in every
rank, and what lies outside stays outside.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from deepfusion.visualization.layout.crossings import Links, Rows, reduce_crossings
from deepfusion.visualization.layout.ranks import Ranked

COLUMN_WEIGHT = 40.0

Token = tuple[str, int]          # ('item', number), ('open', frame) or ('close', frame)


def order_ranks(ranked: Ranked) -> list[list[Token]]:
    """The sequence of every rank: its items, with marks where a frame opens and closes."""
    ordering = _Ordering(ranked)
    waiting = [-1]
    for frame in waiting:
        waiting += ordering.expand(frame)
    return [[ordering.token(entry) for entry in row] for row in ordering.rows]


class _Ordering:
    """Entries are items (0 ..), then placeholders of frames (one a rank), then marks; all are plain numbers."""

    def __init__(self, ranked: Ranked) -> None:
        self.ranked = ranked
        self.item_count = len(ranked.rank)
        self.frame_count = len(ranked.plan.frames)
        self.rows: list[list[int]] = [[] for _ in range(ranked.rank_count)]
        self.members: dict[int, list[int]] = defaultdict(list)
        self.low: dict[int, int] = {}
        self.high: dict[int, int] = {}
        for item in _discovery(ranked):
            path, rank = ranked.path[item], ranked.rank[item]
            self.members[path[-1] if path else -1].append(item)
            for frame in path:
                self.low[frame] = min(self.low.get(frame, rank), rank)
                self.high[frame] = max(self.high.get(frame, rank), rank)
        self.marks = self.item_count + self.frame_count * ranked.rank_count
        self.open_frames: set[int] = set()

    def placeholder(self, frame: int, rank: int) -> int:
        return self.item_count + frame * self.ranked.rank_count + rank

    def token(self, entry: int) -> Token:
        if entry < self.item_count:
            return ('item', entry)
        return ('close' if (entry - self.marks) % 2 else 'open', (entry - self.marks) // 2)

    def expand(self, frame: int) -> list[int]:
        """Replace the placeholders of a frame by what it holds, in a good order; return the frames inside."""
        self.open_frames.add(frame)
        inside = [child for child, plan in enumerate(self.ranked.plan.frames)
                  if plan.parent == frame and child in self.low]
        low, high = (0, len(self.rows) - 1) if frame < 0 else (self.low[frame], self.high[frame])
        content: list[list[int]] = [[] for _ in self.rows]
        for item in self.members[frame]:
            content[self.ranked.rank[item]].append(item)
        for child in inside:
            for rank in range(self.low[child], self.high[child] + 1):
                content[rank].append(self.placeholder(child, rank))
        table = self._table(frame, content, low, high)
        reduce_crossings(table)
        self._agree(table, inside)
        for number, row in enumerate(table.rows):
            if frame >= 0:
                part, mark = table.movable(number), self.marks + 2 * frame
                row = [*row[:part.start], mark, *row[part], mark + 1, *row[part.stop:]]
            self.rows[low + number] = row
        return inside

    def _table(self, frame: int, content: list[list[int]], low: int, high: int) -> Rows:
        """The rows from `low` to `high`, with what stands left and right of the frame pinned."""
        rows, left, right = [], [], []
        for rank in range(low, high + 1):
            before: list[int] = []
            after: list[int] = []
            if frame >= 0:
                row, hole = self.rows[rank], self.rows[rank].index(self.placeholder(frame, rank))
                before, after = row[:hole], row[hole + 1:]
            rows.append([*before, *content[rank], *after])
            left.append(len(before))
            right.append(len(after))
        up, down = self._links(low, high)
        return Rows(rows, up, down, left, right)

    def _links(self, low: int, high: int) -> tuple[Links, Links]:
        """Links between the entries that stand in the rows now or will: an item, or the placeholder it hides in."""
        weights: dict[tuple[int, int], float] = defaultdict(float)
        for upper, lower in self.ranked.steps:
            if low <= self.ranked.rank[upper] < high:
                weights[self._shown(upper), self._shown(lower)] += 1.0
        for frame in self.low:
            if frame not in self.open_frames:
                for rank in range(max(low, self.low[frame]), min(high, self.high[frame])):
                    weights[self.placeholder(frame, rank), self.placeholder(frame, rank + 1)] = COLUMN_WEIGHT
        up: Links = defaultdict(list)
        down: Links = defaultdict(list)
        for (upper, lower), weight in weights.items():
            down[upper].append((lower, weight))
            up[lower].append((upper, weight))
        return up, down

    def _shown(self, item: int) -> int:
        """The entry that stands for an item now: the placeholder of its outermost closed frame, or itself."""
        for frame in self.ranked.path[item]:
            if frame not in self.open_frames:
                return self.placeholder(frame, self.ranked.rank[item])
        return item

    def _agree(self, table: Rows, inside: list[int]) -> None:
        """Give neighbouring frames the same order in every rank that they share; the sweeps nearly always did."""
        frame_of = {self.placeholder(child, rank): child for child in inside
                    for rank in range(self.low[child], self.high[child] + 1)}
        columns = [[entry for entry in row if entry in frame_of] for row in table.rows]
        orders = [[frame_of[entry] for entry in column] for column in columns]
        if _is_consistent(orders):
            return
        places: dict[int, list[float]] = defaultdict(list)
        for row in table.rows:
            for index, entry in enumerate(row):
                if entry in frame_of:
                    places[frame_of[entry]].append(index / len(row))
        mean = {child: sum(found) / len(found) for child, found in places.items()}
        for row, column in zip(table.rows, columns, strict=True):
            ordered = iter(sorted(column, key=lambda entry: (mean[frame_of[entry]], frame_of[entry])))
            row[:] = [next(ordered) if entry in frame_of else entry for entry in row]


def _is_consistent(orders: list[list[int]]) -> bool:
    """Whether one order of the frames agrees with all these partial ones."""
    followers: dict[int, set[int]] = defaultdict(set)
    for order in orders:
        for first, second in pairwise(order):
            followers[first].add(second)
    members = {frame for order in orders for frame in order}
    waiting = dict.fromkeys(members, 0)
    for seconds in followers.values():
        for second in seconds:
            waiting[second] += 1
    ready = [frame for frame in members if not waiting[frame]]
    for frame in ready:
        for second in followers[frame]:
            waiting[second] -= 1
            if not waiting[second]:
                ready.append(second)
    return len(ready) == len(members)


def _discovery(ranked: Ranked) -> list[int]:
    """All items in the order in which a walk down the steps, depth first, finds them: neighbours start near."""
    below: list[list[int]] = [[] for _ in ranked.rank]
    has_above = [False] * len(ranked.rank)
    for upper, lower in ranked.steps:
        below[upper].append(lower)
        has_above[lower] = True
    found: dict[int, None] = {}
    stack = [item for item in reversed(range(len(ranked.rank))) if not has_above[item]]
    while stack:
        item = stack.pop()
        if item not in found:
            found[item] = None
            stack += reversed(below[item])
    return list(found)
