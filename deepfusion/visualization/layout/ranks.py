"""First step of the layered layout: a rank for every node, and way points for edges that span several ranks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from deepfusion.visualization.layout.model import Plan
from deepfusion.visualization.layout.simplex import Arc, minimize

TAG_WEIGHT, COMPACT_WEIGHT = 3.0, 1.0
MANY = 4                # long edges that leave one node


@dataclass
class Ranked:
    """The plan cut into unit steps. Items are the plan's nodes, then the way points.

    Attributes:
        rank: of each item.
        path: the frames around each item, outermost first.
        chains: for each edge, the items it passes, from its tail to its head (downwards).
        is_reversed: for each edge, whether it runs against the flow: its chain starts at its head.
        steps: the distinct unit steps (item, item) that chains consist of.
    """

    plan: Plan
    rank: list[int]
    path: list[list[int]]
    chains: list[list[int]] = field(default_factory=list)
    is_reversed: list[bool] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)

    @property
    def rank_count(self) -> int:
        return max(self.rank, default=-1) + 1

    def is_waypoint(self, item: int) -> bool:
        """Whether an item only leads an edge through a rank."""
        return item >= len(self.plan.nodes)


def rank_plan(plan: Plan) -> Ranked:
    """Give each node the rank that makes edges short and frames compact, then cut long edges."""
    backwards = _against_the_flow(plan)
    paths = [plan.ancestors(node.frame) for node in plan.nodes]
    ranked = Ranked(plan, _node_ranks(plan, backwards), paths, is_reversed=backwards)
    shared: dict[tuple[int, int, int], int] = {}
    steps: dict[tuple[int, int], None] = {}
    pairs = [(head, tail) if is_backward else (tail, head)
             for (tail, head), is_backward in zip(plan.edges, backwards, strict=True)]
    long_edges = Counter(upper for upper, lower in pairs if ranked.rank[lower] - ranked.rank[upper] > 1)
    for upper, lower in pairs:
        chain = _chain(ranked, shared if long_edges[upper] > MANY else {}, upper, lower)
        ranked.chains.append(chain)
        steps.update(dict.fromkeys(pairwise(chain)))
    ranked.steps = list(steps)
    return ranked


def _against_the_flow(plan: Plan) -> list[bool]:
    """Mark edges to turn so that no cycle is left (collapsed groups can form cycles): those a search meets as back."""
    leaving: list[list[tuple[int, int]]] = [[] for _ in plan.nodes]
    for number, (tail, head) in enumerate(plan.edges):
        leaving[tail].append((number, head))
    state = [0] * len(plan.nodes)                       # 0 new, 1 on the current path, 2 done
    backwards = [False] * len(plan.edges)
    for start in range(len(plan.nodes)):
        stack = [(start, iter(leaving[start]))] if not state[start] else []
        state[start] = state[start] or 1
        while stack:
            node, rest = stack[-1]
            for number, head in rest:
                if state[head] == 1:
                    backwards[number] = True
                elif not state[head]:
                    state[head] = 1
                    stack.append((head, iter(leaving[head])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return backwards


def _node_ranks(plan: Plan, backwards: list[bool]) -> list[int]:
    """Ranks of least total edge length; two extra points per frame, above and below its nodes, pull it together."""
    count = len(plan.nodes)
    arcs = []
    for (tail, head), is_backward in zip(plan.edges, backwards, strict=True):
        if tail == head:
            continue
        weight = TAG_WEIGHT if plan.nodes[head].is_tag else 1.0
        arcs.append(Arc(*((head, tail) if is_backward else (tail, head)), 1.0, weight))
    top, bottom = [], []
    for number, frame in enumerate(plan.frames):
        top.append(count + 2 * number)
        bottom.append(count + 2 * number + 1)
        arcs.append(Arc(top[number], bottom[number], 0.0, COMPACT_WEIGHT))
        if frame.parent >= 0:
            arcs += [Arc(top[frame.parent], top[number], 0.0, 0.0), Arc(bottom[number], bottom[frame.parent], 0.0, 0.0)]
    for number, node in enumerate(plan.nodes):
        if node.frame >= 0:
            arcs += [Arc(top[node.frame], number, 0.0, 0.0), Arc(number, bottom[node.frame], 0.0, 0.0)]
    ranks = [round(position) for position in minimize(count + 2 * len(plan.frames), arcs)][:count]
    used = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    return [used[rank] for rank in ranks]


def _chain(ranked: Ranked, shared: dict[tuple[int, int, int], int], upper: int, lower: int) -> list[int]:
    """The items from `upper` down to `lower`. Many edges that leave one node in one frame share way points."""
    if upper == lower:
        return [upper]
    common = _common(ranked.path[upper], ranked.path[lower])
    owner = common[-1] if common else -1
    chain = [upper]
    for rank in range(ranked.rank[upper] + 1, ranked.rank[lower]):
        key = (upper, rank, owner)
        if key not in shared:
            shared[key] = len(ranked.rank)
            ranked.rank.append(rank)
            ranked.path.append(common)
        chain.append(shared[key])
    return [*chain, lower]


def _common(first: list[int], second: list[int]) -> list[int]:
    """The frames around both."""
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return first[:shared]
