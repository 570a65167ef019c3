"""Network simplex: the positions of least total weighted length, as Graphviz uses it for ranks and for coordinates.

Reference: Gansner, Koutsofios, North, Vo, "A Technique for Drawing Directed Graphs", IEEE TSE 19(3), 1993,
sections 2.3 and 4.2.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Arc(NamedTuple):
    """A demand: position[head] - position[tail] >= length, at a price of weight for every unit of distance."""

    tail: int
    head: int
    length: float = 1.0
    weight: float = 1.0


SEARCH_SIZE = 30          # how many bad arcs are compared before the worst of them leaves the tree


def minimize(count: int, arcs: Sequence[Arc], start: Sequence[float] | None = None,
             pivots: int = 20000) -> list[float]:
    """Return positions of `count` points that satisfy all arcs at (almost always) the least total price.

    Args:
        arcs: an acyclic set of demands.
        start: positions that satisfy them already; without it, the arcs' longest paths.
        pivots: after so many steps the positions reached are good enough: they are feasible at any time.
    """
    if count == 0:
        return []
    arcs = [*arcs, *_bridges(count, arcs)]
    tree = _Tree(count + 1, arcs, [*(start or longest_paths(count, arcs)), 0.0])
    tree.improve(pivots)
    positions = tree.position[:count]
    least = min(positions)
    return [position - least for position in positions]


def longest_paths(count: int, arcs: Sequence[Arc]) -> list[float]:
    """The smallest positions from 0 on that satisfy the arcs (which may name points beyond `count`: ignored)."""
    leaving: list[list[Arc]] = [[] for _ in range(count)]
    waiting = [0] * count
    for arc in arcs:
        if arc.tail < count and arc.head < count:
            leaving[arc.tail].append(arc)
            waiting[arc.head] += 1
    position = [0.0] * count
    ready = [point for point in range(count) if not waiting[point]]
    for point in ready:
        for arc in leaving[point]:
            position[arc.head] = max(position[arc.head], position[point] + arc.length)
            waiting[arc.head] -= 1
            if not waiting[arc.head]:
                ready.append(arc.head)
    return position


def _bridges(count: int, arcs: Sequence[Arc]) -> list[Arc]:
    """Weightless arcs from one extra point (number `count`) to each connected part: the tree must span all."""
    leader = list(range(count))

    def find(point: int) -> int:
        while leader[point] != point:
            leader[point] = leader[leader[point]]
            point = leader[point]
        return point

    for arc in arcs:
        leader[find(arc.tail)] = find(arc.head)
    return [Arc(count, point, -1e6, 0.0) for point in range(count) if find(point) == point]


class _Tree:
    """A spanning tree of tight arcs, improved one exchange at a time.

    `surplus[v]` is the weight that leaves the subtree of v less the weight that enters it; it is the cut value of
    the arc between v and its parent, up to its sign.
    """

    def __init__(self, count: int, arcs: list[Arc], start: list[float]) -> None:
        self.count, self.arcs, self.position = count, arcs, start
        self.leaving: list[list[int]] = [[] for _ in range(count)]
        self.entering: list[list[int]] = [[] for _ in range(count)]
        for number, arc in enumerate(arcs):
            self.leaving[arc.tail].append(number)
            self.entering[arc.head].append(number)
        self.parent = [-1] * count
        self.parent_arc = [-1] * count
        self.children: list[set[int]] = [set() for _ in range(count)]
        self._weigh(self._grow())

    def _grow(self) -> list[int]:
        """Span the points by tight arcs, Prim's way: whatever is outside moves as one until the next arc is tight."""
        root = self.count - 1
        shift, order, inside = 0.0, [root], [False] * self.count
        inside[root] = True
        outward: list[tuple[float, int]] = []
        inward: list[tuple[float, int]] = []
        self._offer(root, inside, outward, inward)
        while len(order) < self.count:
            while outward and inside[self.arcs[outward[0][1]].head]:
                heapq.heappop(outward)
            while inward and inside[self.arcs[inward[0][1]].tail]:
                heapq.heappop(inward)
            down = outward[0][0] + shift if outward else float('inf')
            up = inward[0][0] - shift if inward else float('inf')
            number = outward[0][1] if down <= up else inward[0][1]
            shift += -down if down <= up else up
            arc = self.arcs[number]
            point, neighbour = (arc.head, arc.tail) if down <= up else (arc.tail, arc.head)
            self.position[point] += shift
            inside[point] = True
            order.append(point)
            self.parent[point], self.parent_arc[point] = neighbour, number
            self.children[neighbour].add(point)
            self._offer(point, inside, outward, inward)
        return order

    def _offer(self, point: int, inside: list[bool], outward: list[tuple[float, int]],
               inward: list[tuple[float, int]]) -> None:
        """Put the arcs between the tree's newest point and the outside on their heaps, by slack."""
        for number in self.leaving[point]:
            arc = self.arcs[number]
            if not inside[arc.head]:
                slack = self.position[arc.head] - self.position[point] - arc.length
                heapq.heappush(outward, (slack, number))
        for number in self.entering[point]:
            arc = self.arcs[number]
            if not inside[arc.tail]:
                slack = self.position[point] - self.position[arc.tail] - arc.length
                heapq.heappush(inward, (slack, number))

    def _weigh(self, order: list[int]) -> None:
        self.surplus = [0.0] * self.count
        for arc in self.arcs:
            self.surplus[arc.tail] += arc.weight
            self.surplus[arc.head] -= arc.weight
        for point in reversed(order):
            if self.parent[point] >= 0:
                self.surplus[self.parent[point]] += self.surplus[point]

    def improve(self, pivots: int) -> None:
        """Exchange arcs until no cut value is negative."""
        self.next = 0
        for _ in range(pivots):
            point = self._leaving_point()
            if point < 0:
                return
            self._exchange(point)

    def _leaving_point(self) -> int:
        worst, found, best = -1e-9, 0, -1
        for step in range(self.count):
            point = (self.next + step) % self.count
            number = self.parent_arc[point]
            if number < 0:
                continue
            cut = self.surplus[point] if self.arcs[number].tail == point else -self.surplus[point]
            if cut < -1e-9:
                found += 1
                if cut < worst:
                    worst, best = cut, point
                if found >= SEARCH_SIZE:
                    break
        self.next = (best + 1) % self.count if best >= 0 else 0
        return best

    def _exchange(self, point: int) -> None:
        """Free the subtree of `point`, move it until another arc is tight, and hang it there."""
        subtree = [point]
        for member in subtree:
            subtree.extend(self.children[member])
        inside = set(subtree)
        moves_down = self.arcs[self.parent_arc[point]].head == point
        slack, number = self._tightest(subtree, inside, moves_down)
        if number < 0:
            # Nothing holds the subtree: only possible for weights that do not balance, left as it is.
            self.surplus[point] = 0.0
            return
        shift = slack if moves_down else -slack
        if shift:
            for member in subtree:
                self.position[member] += shift
        arc = self.arcs[number]
        near, far = (arc.tail, arc.head) if moves_down else (arc.head, arc.tail)
        self._rehang(point, near, far, number)

    def _tightest(self, subtree: list[int], inside: set[int], moves_down: bool) -> tuple[float, int]:
        best, chosen = float('inf'), -1
        arcs, position = self.arcs, self.position
        for member in subtree:
            for number in self.leaving[member] if moves_down else self.entering[member]:
                tail, head, length, _ = arcs[number]
                if (head if moves_down else tail) in inside:
                    continue
                slack = position[head] - position[tail] - length
                if slack < best:
                    best, chosen = slack, number
        return best, chosen

    def _rehang(self, point: int, near: int, far: int, number: int) -> None:
        """Cut the subtree off above `point`; turn it so that `near` is its root; hang that below `far`."""
        total = self.surplus[point]
        self._add_upwards(self.parent[point], -total)
        self.children[self.parent[point]].discard(point)
        path = [near]
        while path[-1] != point:
            path.append(self.parent[path[-1]])
        old = [self.surplus[member] for member in path]
        old_arc = [self.parent_arc[member] for member in path]
        for (lower, upper), arc, surplus in zip(pairwise(path), old_arc, old, strict=False):
            self.children[upper].discard(lower)
            self.children[lower].add(upper)
            self.parent[upper], self.parent_arc[upper] = lower, arc
            self.surplus[upper] = total - surplus
        self.surplus[near] = total
        self.parent[near], self.parent_arc[near] = far, number
        self.children[far].add(near)
        self._add_upwards(far, total)

    def _add_upwards(self, point: int, amount: float) -> None:
        while point >= 0:
            self.surplus[point] += amount
            point = self.parent[point]
