"""From a view to the sizes that a layout needs."""

from __future__ import annotations

from deepfusion.visualization.compose import frame_label
from deepfusion.visualization.labels import Label
from deepfusion.visualization.layout.model import Plan, PlanFrame, PlanNode
from deepfusion.visualization.text import text_width
from deepfusion.visualization.theme import DETAIL_SIZE
from deepfusion.visualization.view import View


def plan_of(view: View, labels: list[Label]) -> Plan:
    """Sizes, frames and edges of a view."""
    nodes = [PlanNode(label.width, label.height, item.frame, item.kind == 'data', item.kind == 'tag')
             for item, label in zip(view.items, labels, strict=True)]
    frames = [PlanFrame(frame.parent, text_width(frame_label(view, number), DETAIL_SIZE, True))
              for number, frame in enumerate(view.frames)]
    return Plan(nodes, frames, [(link.tail, link.head) for link in view.links])
