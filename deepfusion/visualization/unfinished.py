"""From nodes that are no net, because a shape or wire was wrong, to their description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.errors import NodeTypeError
from deepfusion.visualization.describe import arguments_of, describe_order, settings_of
from deepfusion.visualization.description import Description, EdgeNote, NodeNote


def describe_nodes(nodes: Any, error: BaseException | None = None) -> Description:
    """Describe everything that is wired to the given nodes, whether it could be a net or not.

    Args:
        nodes: A Data or Module, or several.
        error: What stopped the building, as caught: the module that could not be made stands in its place,
            with the edges that it would have had.
    """
    found = [nodes] if isinstance(nodes, Data | Module) else list(nodes)
    for node in found:
        if not isinstance(node, Data | Module):
            raise NodeTypeError(f'Drawing: expected Data and modules to start from; found {node!r}.')
    faulty = faulty_module(error)
    if faulty is not None:
        inputs, output = _arguments(faulty)
        found += inputs if output is None else [*inputs, output]
    order = _sorted(_connected(found))
    description = describe_order(order)
    for note, node in zip(description.nodes, order, strict=True):
        note.is_root = isinstance(node, Data) and not node.outputs and node.input is not None
    if error is not None:
        description.error = str(error)
    if faulty is not None:
        _add_faulty(description, faulty, order, str(error))
    description.name = 'unfinished net'
    return description


def faulty_module(error: BaseException | None) -> Module | None:
    """The module whose construction raised an error: the first one that the traceback passes."""
    trace = error.__traceback__ if error is not None else None
    while trace is not None:
        candidate = trace.tb_frame.f_locals.get('self')
        if isinstance(candidate, Module):
            return candidate
        trace = trace.tb_next
    return None


def _connected(start: Iterable[Any]) -> list[Any]:
    """Everything that wires lead to, in both directions."""
    found: dict[int, Any] = {}
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            near = [*node.inputs, node.output] if isinstance(node, Module) else [*node.outputs, node.input]
            waiting += [other for other in near if other is not None]
    return list(found.values())


def _sorted(nodes: Sequence[Any]) -> list[Any]:
    """Sources before what they lead to, as far as there are no cycles; else as found."""
    order: dict[int, Any] = {}
    for start in sorted(nodes, key=lambda node: node.ID):
        stack = [(start, False)]
        entered: set[int] = set()
        while stack:
            node, is_done = stack.pop()
            if is_done:
                order.setdefault(id(node), node)
            elif id(node) not in order and id(node) not in entered:
                entered.add(id(node))
                stack.append((node, True))
                before = node.inputs if isinstance(node, Module) else [node.input] if node.input is not None else []
                stack += [(other, False) for other in reversed(before)]
    return list(order.values())


def _arguments(module: Module) -> tuple[list[Data], Data | None]:
    """The inputs and output that a module was to have."""
    given = arguments_of(module)
    inputs = given.get('inputs') or ()
    output = given.get('output')
    return [data for data in inputs if isinstance(data, Data)], output if isinstance(output, Data) else None


def _add_faulty(description: Description, module: Module, nodes: Sequence[Any], message: str) -> None:
    """Put in the module that could not be made; its edges are marked."""
    place = {id(node): number for number, node in enumerate(nodes)}
    inputs, output = _arguments(module)
    ID = arguments_of(module).get('ID', getattr(module, 'ID', '?'))
    number = len(description.nodes)
    description.nodes.append(NodeNote(str(ID), 'module', type(module).__name__, settings=settings_of(module),
                                      fault=message))
    description.edges += [EdgeNote(place[id(data)], number, message) for data in inputs if id(data) in place]
    if output is not None and id(output) in place:
        description.edges.append(EdgeNote(number, place[id(output)], message))
