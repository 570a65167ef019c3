"""The layout of our own: layered, in pure Python, for any plan.

Reference: Sugiyama, Tagawa, Toda (1981) for the steps; Gansner, Koutsofios, North, Vo (1993) for ranks and
coordinates by network simplex; Sander, "Layout of compound directed graphs" (1996) for nested frames.
"""

from deepfusion.visualization.layout.coordinates import place
from deepfusion.visualization.layout.model import Layout, Plan, PlanNode, turned
from deepfusion.visualization.layout.ordering import order_ranks
from deepfusion.visualization.layout.ranks import rank_plan
from deepfusion.visualization.layout.routes import finish


def lay_out(plan: Plan, orientation: str = 'TB') -> Layout:
    """Place a plan's nodes so that no two boxes overlap and edges mostly flow into the given orientation."""
    sideways = orientation in ('LR', 'RL')
    flowing = Plan([PlanNode(node.height, node.width, node.frame, node.is_round, node.is_tag) if sideways else node
                    for node in plan.nodes], plan.frames, plan.edges)
    ranked = rank_plan(flowing)
    placed = place(ranked, order_ranks(ranked), orientation)
    return turned(finish(ranked, placed), orientation)
