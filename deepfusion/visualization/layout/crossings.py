"""Orders of rows that cross few edges: barycentre sweeps, then exchanges of neighbours.

Reference: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE
SMC 11(2), 1981 (barycentres); Gansner et al., IEEE TSE 19(3), 1993, section 3 (transposition).
"""

from __future__ import annotations

from dataclasses import dataclass

SWEEPS, PATIENCE = 24, 4

Links = dict[int, list[tuple[int, float]]]


@dataclass
class Rows:
    """Rows of entries with weighted links between neighbouring rows.

    The first `left[r]` and the last `right[r]` entries of row r are pinned: they lie outside of what is ordered.
    """

    rows: list[list[int]]
    up: Links
    down: Links
    left: list[int]
    right: list[int]

    def movable(self, number: int) -> slice:
        """The part of a row that may be reordered."""
        return slice(self.left[number], len(self.rows[number]) - self.right[number])


def reduce_crossings(table: Rows) -> None:
    """Reorder the movable entries of all rows in place: the better of two searches, one from the mirror image."""
    loose = [number for number, row in enumerate(table.rows)
             if len(row) - table.left[number] - table.right[number] > 1]
    if not loose:
        return
    start = [list(row) for row in table.rows]
    fewest = _search(table, loose)
    if fewest:
        found = table.rows[:]
        table.rows[:] = start
        for number in loose:
            part = table.movable(number)
            table.rows[number][part] = table.rows[number][part][::-1]
        if _search(table, loose) >= fewest:
            table.rows[:] = found


def _search(table: Rows, loose: list[int]) -> float:
    """Sweep up and down; leave the best rows found and return their number of crossings."""
    best, fewest, waited = [list(row) for row in table.rows], count_crossings(table), 0
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for number in loose if downwards else reversed(loose):
            _sort_row(table, number, downwards)
        _transpose(table, loose)
        crossings = count_crossings(table)
        waited += 1
        if crossings < fewest:
            best, fewest, waited = [list(row) for row in table.rows], crossings, 0
        if not fewest or waited > PATIENCE:
            break
    table.rows[:] = best
    return fewest


def count_crossings(table: Rows) -> float:
    """The weighted number of crossings, by Barth, Juenger and Mutzel's accumulator tree."""
    total = 0.0
    for number in range(len(table.rows) - 1):
        upper, lower = table.rows[number], table.rows[number + 1]
        place = {entry: index for index, entry in enumerate(lower)}
        size = len(lower)
        tree = [0.0] * (size + 1)
        passed = 0.0
        for entry in upper:
            links = [(place[other], weight) for other, weight in table.down.get(entry, ()) if other in place]
            for index, weight in links:
                before, cursor = 0.0, index + 1
                while cursor:
                    before += tree[cursor]
                    cursor &= cursor - 1
                total += weight * (passed - before)
            for index, weight in links:
                passed += weight
                cursor = index + 1
                while cursor <= size:
                    tree[cursor] += weight
                    cursor += cursor & -cursor
    return total


def _sort_row(table: Rows, number: int, downwards: bool) -> None:
    """Sort a row by the mean place of its entries' neighbours; an entry without any stays where it is."""
    row, other = table.rows[number], number - 1 if downwards else number + 1
    if not 0 <= other < len(table.rows):
        return
    place = {entry: index for index, entry in enumerate(table.rows[other])}
    links = table.up if downwards else table.down
    part = table.movable(number)
    keyed = []
    for entry in row[part]:
        near = [(place[end], weight) for end, weight in links.get(entry, ()) if end in place]
        weight = sum(weight for _, weight in near)
        keyed.append((sum(index * share for index, share in near) / weight if weight else None, entry))
    ordered = iter(sorted(((key, entry) for key, entry in keyed if key is not None), key=lambda pair: pair[0]))
    row[part] = [entry if key is None else next(ordered)[1] for key, entry in keyed]


def _transpose(table: Rows, loose: list[int]) -> None:
    """Exchange neighbours while that removes crossings."""
    for _ in range(8):
        improved = False
        for number in loose:
            row, part = table.rows[number], table.movable(number)
            above = _places(table.rows, number - 1)
            below = _places(table.rows, number + 1)
            for index in range(part.start, part.stop - 1):
                first, second = row[index], row[index + 1]
                gain = (_pair(table.up, above, first, second) - _pair(table.up, above, second, first)
                        + _pair(table.down, below, first, second) - _pair(table.down, below, second, first))
                if gain > 1e-9:
                    row[index], row[index + 1] = second, first
                    improved = True
        if not improved:
            return


def _places(rows: list[list[int]], number: int) -> dict[int, int]:
    return {entry: index for index, entry in enumerate(rows[number])} if 0 <= number < len(rows) else {}


def _pair(links: Links, place: dict[int, int], first: int, second: int) -> float:
    """Crossings between the links of two neighbours when `first` stands left of `second`."""
    return sum(weight * share
               for end, weight in links.get(first, ()) if end in place
               for other, share in links.get(second, ()) if other in place and place[other] < place[end])
