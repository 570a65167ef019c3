"""The description of a net that every picture, page and table is made from: plain data, no arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

FROZEN, UNFROZEN, MIXED = 'frozen', 'unfrozen', 'mixed'


@dataclass
class ParameterNote:
    """What is told of one parameter."""

    name: str
    ID: str
    shape: tuple[int, ...]
    size: int
    is_frozen: bool
    is_shared: bool = False
    bytes: int = 0
    statistics: dict[str, float] = field(default_factory=dict)
    histogram: list[int] = field(default_factory=list)


@dataclass
class NodeNote:
    """What is told of one node.

    Attributes:
        kind: 'data' or 'module'.
        type: class name.
        state: 'unfrozen' (will be updated), 'frozen', or 'mixed' (a module with some parameters frozen).
        shape: with the batch axis of 1 in front; a module's is that of its output.
        batch: batch size of the present value, or None.
        made_by_module: for a Data that a module made for its own output.
        statistics_state: for modules with running statistics, 'frozen', 'moving', or 'at rest' (in test mode); None
            for others.
        seconds: time of the last passes; value_norm, deriv_norm: root mean squares of value and derivative.
        fault: what is wrong with the node, in words.
    """

    ID: str
    kind: str
    type: str
    state: str = FROZEN
    shape: tuple[int, ...] = ()
    batch: int | None = None
    dtype: str = ''
    is_input: bool = False
    is_root: bool = False
    made_by_module: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    parameters: list[ParameterNote] = field(default_factory=list)
    statistics_state: str | None = None
    mode: str | None = None
    learning: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    operations: int = 0
    seconds: float | None = None
    value_norm: float | None = None
    deriv_norm: float | None = None
    fault: str = ''

    @property
    def path(self) -> tuple[str, ...]:
        """The groups around the node: the parts of its ID before the last slash, outermost first."""
        parts = self.ID.split('/')
        return tuple(parts[:-1]) if all(parts) else ()

    @property
    def name(self) -> str:
        """The last part of its ID."""
        return self.ID.split('/')[-1] if self.path else self.ID

    @property
    def parameter_count(self) -> int:
        """The numbers it learns that no earlier node counts already."""
        return sum(parameter.size for parameter in self.parameters if not parameter.is_shared)


@dataclass
class EdgeNote:
    """A wire from one node to another, by their numbers in the description."""

    tail: int
    head: int
    fault: str = ''


@dataclass
class Description:
    """A whole net: nodes in topological order, and edges.

    >>> net = Description('net', [NodeNote('x', 'data', 'Data'), NodeNote('f', 'module', 'Relu')], [EdgeNote(0, 1)])
    >>> net.number('f')
    1
    """

    name: str
    nodes: list[NodeNote]
    edges: list[EdgeNote]
    mode: str = 'train'
    error: str = ''

    def number(self, ID: str) -> int:
        """The place of the node with that ID. Raises KeyError."""
        for number, node in enumerate(self.nodes):
            if node.ID == ID:
                return number
        raise KeyError(ID)

    def neighbours(self) -> tuple[list[list[int]], list[list[int]]]:
        """For every node the numbers of those before and after it."""
        before: list[list[int]] = [[] for _ in self.nodes]
        after: list[list[int]] = [[] for _ in self.nodes]
        for edge in self.edges:
            before[edge.head].append(edge.tail)
            after[edge.tail].append(edge.head)
        return before, after

    def unique_parameters(self) -> list[ParameterNote]:
        """Every parameter once."""
        return [parameter for node in self.nodes for parameter in node.parameters if not parameter.is_shared]
