"""Parts of a net: what is near a node, and what lies between two."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from deepfusion.utils.names import look_up
from deepfusion.visualization.description import Description


def find(description: Description, node: Any) -> int:
    """The number of a node, given itself or by its ID. Raises UnknownNameError with near matches."""
    lookup = {note.ID: number for number, note in enumerate(description.nodes)}
    return look_up(getattr(node, 'ID', node), lookup, f"node of net '{description.name}'")


def nodes_around(description: Description, nodes: Any, hops: int) -> set[int]:
    """The nodes within so many modules of the given ones, in both directions, with all their Data."""
    several: Iterable[Any] = [nodes] if isinstance(nodes, str) or hasattr(nodes, 'ID') else nodes
    before, after = description.neighbours()
    distance = {find(description, node): 0 for node in several}
    waiting = [(0, node) for node in distance]
    while waiting:
        steps, nearest = heappop(waiting)
        for other in (*before[nearest], *after[nearest]):
            far = steps + (description.nodes[other].kind == 'module')
            if far <= hops and far < distance.get(other, hops + 1):
                distance[other] = far
                heappush(waiting, (far, other))
    return set(distance)


def nodes_between(description: Description, first: Any, second: Any) -> set[int]:
    """The nodes on all ways from one node to another, both included."""
    before, after = description.neighbours()
    return _reached(find(description, first), after) & _reached(find(description, second), before)


def _reached(start: int, links: list[list[int]]) -> set[int]:
    found = {start}
    waiting = [start]
    while waiting:
        for other in links[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
