"""What of a description is drawn: items, links and frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from deepfusion.visualization.description import FROZEN, MIXED, UNFROZEN, Description, NodeNote

Path: TypeAlias = tuple[str, ...]


@dataclass
class Item:
    """One thing in the picture.

    Attributes:
        kind: 'data', 'module', 'group' (a closed group or a shortened chain), 'tag' (a value that is only written
            on its edge) or 'more' (dots where a part of a net ends).
        ID: its full ID; of a group, its path.
        notes: the numbers of the nodes that it stands for.
        frame: the innermost open group around, by its number in the view; -1: none.
        times: how many equal copies it stands for.
        emphasis: 1 as usual, 2 highlighted, 0 dimmed.
    """

    kind: str
    name: str
    ID: str
    notes: list[int] = field(default_factory=list)
    frame: int = -1
    state: str = FROZEN
    times: int = 1
    emphasis: int = 1


@dataclass
class Link:
    """An edge between two items, by their numbers."""

    tail: int
    head: int
    fault: str = ''
    emphasis: int = 1
    via: list[int] = field(default_factory=list)      # values that are not drawn and flow along


@dataclass
class Frame:
    """An open group: a box around its items."""

    path: Path
    label: str
    parent: int = -1
    times: int = 1


@dataclass
class View:
    """Everything that a picture shows, and the description it comes from."""

    description: Description
    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def note(self, item: Item) -> NodeNote:
        """The node that an item stands for; of a closed group the first."""
        return self.description.nodes[item.notes[0]]


@dataclass
class ViewOptions:
    """What to show of a net; see `draw_net`."""

    depth: int | None = None
    collapse: tuple[str, ...] = ()
    fold: bool = False
    shorten: bool = False
    data: str = 'named'
    shapes: bool = True
    kept: set[int] | None = None              # the nodes of the part to draw; None: all
    highlighted: set[int] | None = None       # the nodes to emphasise; None: none in particular


def merged_state(notes: list[NodeNote]) -> str:
    """The state of a group: that of what can learn in it (parameters, unfrozen values), else that of its modules."""
    learners = ([note.state for note in notes if note.parameters or (note.kind == 'data' and note.state == UNFROZEN)]
                or [note.state for note in notes if note.kind == 'module'] or [note.state for note in notes])
    states = set(learners)
    return states.pop() if len(states) == 1 else MIXED
