"""The graph of a net: its order, its checks, and how it is taken apart and put together."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import GraphError, NodeTypeError

Node: TypeAlias = Data | Module


def sources(node: Node) -> Sequence[Node]:
    """The nodes that a node is made from, in order."""
    if isinstance(node, Module):
        return node.inputs
    return () if node.input is None else (node.input,)


def topological_order(root_nodes: Sequence[Data]) -> list[Node]:
    """All nodes that the roots depend on, inputs before losses: depth-first from the roots, a module's inputs in
    the order listed. Works for graphs of any depth.

    Raises:
        NodeTypeError: The roots are no list of Data.
        GraphError: There is a cycle, or two nodes have one ID.
    """
    if not isinstance(root_nodes, list | tuple) or not root_nodes:
        raise NodeTypeError(f'Net: expected root_nodes to be a list of Data; found {root_nodes!r}. '
                            'Write root_nodes=[loss], also for a single loss.')
    for root in root_nodes:
        if not isinstance(root, Data):
            raise NodeTypeError(f'Net: expected root_nodes to be Data; found {root!r}. Use the Data that a loss fills.')
    order: list[Node] = []
    done: set[Node] = set()
    for root in root_nodes:
        _visit(root, done, order)
    _check_IDs(order)
    return order


def _visit(root: Node, done: set[Node], order: list[Node]) -> None:
    if root in done:
        return
    path = {root: iter(sources(root))}      # the nodes being visited, outermost first, and what is left of each
    while path:
        node, left = next(reversed(path.items()))
        below = next(left, None)
        if below is None:
            del path[node]
            done.add(node)
            order.append(node)
        elif below in path:
            nodes = list(path)
            cycle = [*nodes[nodes.index(below):], below]
            raise GraphError('Net: expected a graph without cycles; found '
                             + ' <- '.join(f"'{n.ID}'" for n in cycle) + '. Use a new Data for one of these outputs.')
        elif below not in done:
            path[below] = iter(sources(below))


def _check_IDs(order: Iterable[Node]) -> None:
    seen: dict[str, Node] = {}
    for node in order:
        other = seen.setdefault(node.ID, node)
        if other is not node:
            kinds = ' and '.join(sorted(type(n).__name__ for n in (other, node)))
            raise GraphError(f"Net: expected every node to have an ID of its own; found two nodes '{node.ID}' "
                             f'({kinds}). Rename one of them.')


def restore_outputs(order: Iterable[Node]) -> None:
    """Make sure that each Data knows the modules that use it (a disconnected edge comes back with its module)."""
    for module in order:
        if isinstance(module, Module):
            for data in dict.fromkeys(module.inputs):
                missing = module.inputs.count(data) - data.outputs.count(module)
                data.outputs.extend([module] * missing)


def adjacency(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """For every node the nodes of the net that it leads to."""
    inside = set(order)
    return {node: [node.output] if isinstance(node, Module) else [m for m in node.outputs if m in inside]
            for node in order}


def depends_on(order: Sequence[Node], start: Iterable[Node]) -> set[Node]:
    """The nodes of `order` whose values depend on a node of `start`, those included."""
    found = set(start)
    for node in order:
        if any(below in found for below in sources(node)):
            found.add(node)
    return found


def disconnected_roots(root_nodes: Sequence[Data], order: Sequence[Node], data: Data, module: Module) -> list[Data]:
    """The roots that remain when the edge from `data` to `module` goes: those that do not depend on the module,
    and the data where nothing else of the net uses it.

    Raises:
        GraphError: There is no such edge.
    """
    if not isinstance(module, Module) or module not in order or data not in module.inputs:
        raise GraphError(f'Net: expected an edge from a Data to a module that has it as input; found {data!r} to '
                         f'{module!r}. See module.inputs.')
    lost = depends_on(order, [module])
    roots = [root for root in root_nodes if root not in lost]
    kept = set(topological_order(roots)) if roots else set()
    used = any(other in kept for other in data.outputs if other is not module)
    return roots if used or data in roots else [*roots, data]
