"""Net: a graph of Data and modules that learns."""

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from deepfusion.components.data.checks import check_ID, check_learning_rate
from deepfusion.components.data.data import Data
from deepfusion.components.data.regularizers import Regularizer
from deepfusion.components.modules.module import Module
from deepfusion.components.net import graph, passes
from deepfusion.components.net.assigned import Assigned
from deepfusion.components.net.folding import find_folded, with_folded
from deepfusion.components.net.updating import Updates
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS, get_optimizer
from deepfusion.errors import GraphError, OptionError
from deepfusion.utils.backend import float_type, get_device
from deepfusion.utils.names import look_up

Array = Any


class Net:
    """All nodes that some root nodes (losses) depend on, run forward and backward in topological order.

    Args:
        ID: Name of the net.
        root_nodes: The Data to differentiate, usually losses.
        learning_rate: For all nodes; None leaves each as it is.
        optimizer_details: For all modules that are not frozen; None leaves each as it is.
        is_regularized: Whether to regularize all regularizable modules.
        regularizer_details: How, see `Regularizer`.

    Attributes: besides those, `is_frozen`; `mode` ('train' or 'test'); `topological_order`, inputs to losses;
    `graph`, for each node the nodes it leads to, and `graph_visual`, the same by ID; `node_lookup`, nodes by
    ID; `check_finite`: when True, passes stop at the first NaN or infinity; `seconds`, the time that
    each module took in the last forward and backward pass (0 where a convolution made its pass as well, see
    `folding`).

    Raises:
        GraphError: A cycle, or two nodes with one ID.
        OptionError: Details that mean nothing.

    Example:
        >>> from deepfusion.components.modules.loss_functions import SumLoss
        >>> x = Data('x', (1, 2), val=[[1., 2.]])
        >>> net = Net('net', [SumLoss('sum', [x]).output])
        >>> net.forward(); net.backward()
        >>> x.deriv
        array([[1., 1.]], dtype=float32)
    """

    available_modes: ClassVar[list[str]] = ['train', 'test']
    learning_rate: Any = Assigned(lambda net, rate: net.set_learning_rate(rate))
    is_frozen: Any = Assigned(lambda net, is_frozen: net.freeze() if is_frozen else net.unfreeze())
    mode: Any = Assigned(lambda net, mode: net.set_mode(mode))

    def __init__(
        self,
        ID: str,
        root_nodes: list[Data],
        learning_rate: float | None = None,
        optimizer_details: dict[str, Any] | None = None,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.ID = check_ID(ID, 'Net')
        # Refused before any node is touched:
        check_learning_rate(learning_rate or 0, f"Net '{ID}'")
        get_optimizer((), optimizer_details or DEFAULT_OPTIMIZER_DETAILS)
        if is_regularized:
            Regularizer(regularizer_details or {})
        vars(self).update(learning_rate=learning_rate, is_frozen=False, mode='train')
        self.optimizer_details = optimizer_details
        self.is_regularized = is_regularized
        self.regularizer_details = regularizer_details if is_regularized else None
        self.check_finite = False
        self.seconds: dict[str, dict[str, float]] = {}
        self.connect(root_nodes)
        if learning_rate is not None:
            self.set_learning_rate(learning_rate)
        if optimizer_details is not None:
            self.set_optimizer(optimizer_details)
        if is_regularized and regularizer_details is not None:
            self.set_regularization(regularizer_details)

    # -- The graph --------------------------------------------------------------------------------------------

    def connect(self, root_nodes: list[Data]) -> None:
        """Make the net consist of all nodes that these roots depend on."""
        self._set_order(root_nodes, graph.topological_order(root_nodes))

    def _set_order(self, root_nodes: Sequence[Data], order: list[graph.Node]) -> None:
        graph.restore_outputs(order)
        self.root_nodes = list(root_nodes)
        self.topological_order = order
        self.graph = graph.adjacency(order)
        self.graph_visual = {node.ID: [other.ID for other in others] for node, others in self.graph.items()}
        self.node_lookup = {node.ID: node for node in order}
        self._modules = [node for node in order if isinstance(node, Module)]
        self._data = [node for node in order if isinstance(node, Data)]
        self._leaves = [node for node in self._data if node.input is None]
        self._checked: Any = None       # shapes of the inputs whose batch sizes have been checked
        self._folded = find_folded(self._modules, root_nodes)
        self._wanted = passes.Wanted(order)
        self._updates = Updates(order)

    def disconnect(self, data_obj: Data, module_obj: Module) -> None:
        """Remove one edge. Roots that depend on the module leave the net; the Data becomes a root when nothing
        else of the net uses it."""
        roots = graph.disconnected_roots(self.root_nodes, self.topological_order, data_obj, module_obj)
        order = graph.topological_order(roots)
        data_obj.outputs.remove(module_obj)
        self._set_order(roots, order)

    def get_node(self, ID: str) -> Any:
        """The node of that ID. Raises UnknownNameError with the nearest IDs where there is none."""
        return look_up(ID, self.node_lookup, f"node of net '{self.ID}'")

    def parameters(self) -> list[Data]:
        """Every parameter once, in topological order."""
        return list(dict.fromkeys(p for module in self._modules for p in module.parameter_list))

    @property
    def parameter_count(self) -> int:
        """The number of learnable numbers."""
        return sum(int(p.val.size) for p in self.parameters() if p.val is not None)

    def share_parameters(self, modules: list[Module]) -> None:
        """Let modules of one type use the first one's parameters.

        Raises:
            TypeError: The modules are not of one type.
            ShapeError: Their parameters have different shapes.
        """
        from deepfusion.components.net.sharing import share_parameters
        share_parameters(modules)

    # -- Passes -----------------------------------------------------------------------------------------------

    def forward(self, verbose: bool = False) -> None:
        """Set the value of every node from those of the inputs.

        Args:
            verbose: Print the time that each module takes.
        """
        passes.check_verbose(verbose, "Values are set on nodes: net.get_node('x').val = ...")
        shapes = passes.check_inputs(self._leaves, self.check_finite)
        if shapes != self._checked:
            passes.check_batches(self._modules)
            self._checked = shapes
        passes.forget_seeds(self._data)
        self._run(self._modules, 'forward', passes.watch_value, verbose)

    def forward_from_node(self, node: Data) -> None:
        """Run again only the modules that depend on a Data node."""
        if not isinstance(node, Data) or node not in self.graph:
            raise GraphError(f"Net '{self.ID}': expected a Data node of the net to start from; found {node!r}.")
        below = graph.depends_on(self.topological_order, [node])
        modules = [m for m in self._modules if m in below and m is not node.input]
        passes.check_batches(modules)
        self._run(modules, 'forward', passes.watch_value, False)

    def backward(self, verbose: bool = False, wrt: Any = None) -> None:
        """Add to every derivative that of the sum of the roots.

        Args:
            verbose: Print the time that each module takes.
            wrt: None for everything; 'unfrozen' for what `update` needs; or a list of Data.
        """
        passes.check_verbose(verbose, 'What to differentiate by is written as wrt=...')
        needs = None if wrt is None else self._wanted.needs(wrt)
        passes.start_derivatives(self._modules, self._leaves, self.root_nodes)
        passes.run_backward(self._modules if needs is None else list(needs), needs, self.root_nodes,
                            lambda modules: self._run(modules, 'backward', passes.watch_derivatives, verbose))

    def _run(self, modules: Sequence[Module], method: str, watch: Any, verbose: bool) -> None:
        parts: Sequence[Any] = modules
        if self._folded and not self.check_finite:
            parts = with_folded(modules, self._folded, method)
        seconds = passes.run_modules(parts, method, watch if self.check_finite else None)
        self.seconds[method] = seconds if parts is modules else {m.ID: seconds.get(m.ID, 0.0) for m in modules}
        if verbose:
            from deepfusion.utils.printing import print_times
            print_times(self.seconds[method], method.capitalize())

    # -- Learning ---------------------------------------------------------------------------------------------

    def update(self) -> None:
        """One step for every parameter and Data that is not frozen; clear all derivatives."""
        self._updates.step()

    def clear_grads(self) -> None:
        """Set all derivatives to zero."""
        for node in self.topological_order:
            node.clear_grads()

    def freeze(self) -> None:
        """Freeze all modules. Data nodes keep their own state."""
        vars(self)['is_frozen'] = True
        for module in self._modules:
            module.freeze()

    def unfreeze(self, optimizer_details: dict[str, Any] | None = None) -> None:
        """Unfreeze all modules, with the optimizers they had or the one given. Data nodes keep their own state."""
        if optimizer_details is not None:
            get_optimizer((), optimizer_details)
            self.optimizer_details = optimizer_details
        vars(self)['is_frozen'] = False
        for module in self._modules:
            module.unfreeze(**({} if optimizer_details is None else {'optimizer_details': optimizer_details}))

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of all nodes."""
        vars(self)['learning_rate'] = check_learning_rate(learning_rate, f"Net '{self.ID}'")
        for node in self.topological_order:
            node.set_learning_rate(learning_rate)

    def set_optimizer(self, optimizer_details: dict[str, Any]) -> None:
        """Set the optimizer of all modules that are not frozen.

        Raises:
            OptionError: The net is frozen.
        """
        if self.is_frozen:
            raise OptionError(f"Net '{self.ID}': expected a net that is not frozen to set an optimizer; "
                              'call unfreeze first.')
        get_optimizer((), optimizer_details)
        self.optimizer_details = optimizer_details
        for module in self._modules:
            module.set_optimizer(optimizer_details)

    def set_regularization(self, regularizer_details: dict[str, Any]) -> None:
        """Regularize the weights of all regularizable modules."""
        Regularizer(regularizer_details)
        self.is_regularized = True
        self.regularizer_details = regularizer_details
        for module in self._modules:
            if module.is_regularizable:
                module.set_regularization(regularizer_details)

    def set_mode(self, mode: str) -> None:
        """Choose 'train' or 'test' for all modules that differ between the two."""
        look_up(mode, dict.fromkeys(self.available_modes), 'mode')
        vars(self)['mode'] = mode
        for module in self._modules:
            if module.different_at_train_test:
                module.set_mode(mode)

    def to(self, backend: str | None = None, precision: str | None = None) -> 'Net':
        """Move values, derivatives, optimizer state and statistics to a device ('cpu', 'gpu') and a precision
        ('float32', 'float64'). Run forward before the next backward."""
        from deepfusion.components.net.copying import move
        if backend is not None:
            get_device(backend)
        move(self, backend, None if precision is None else float_type(precision))
        return self

    # -- Files and pictures -----------------------------------------------------------------------------------

    def save(self, file_path: str | os.PathLike[str]) -> None:
        """Write the net to a file of data; `.df` is added when missing. See `serialization`."""
        from deepfusion.components.net.serialization import save
        save(self, file_path)

    @staticmethod
    def load(file_path: str | os.PathLike[str], modules: Sequence[type[Module]] = ()) -> 'Net':
        """Read a saved net. Runs no code of the file.

        Args:
            file_path: `.df` is added when missing.
            modules: Module classes used in the net that are defined nowhere in the program's loaded modules.
        """
        from deepfusion.components.net.serialization import load
        return load(file_path, modules)

    def visualize(self, filename: str | os.PathLike[str] = 'Visualization', orientation: str = 'LR',
                  format: str | None = None, view: bool = False, **options: Any) -> Any:
        """Draw the net to a file and return its path; see `deepfusion.visualization`."""
        from importlib import import_module
        draw = import_module('deepfusion.visualization.draw')
        return draw.draw_net(self, filename, orientation=orientation, format=format, view=view, **options)

    def summary(self, depth: int | None = None, **options: Any) -> Any:
        """Print a table of the nodes and return it; see `deepfusion.visualization`."""
        from importlib import import_module
        return import_module('deepfusion.visualization.summary').summary(self, depth=depth, **options)

    def __deepcopy__(self, memo: dict[int, Any]) -> 'Net':
        from deepfusion.components.net.copying import copy_net
        return copy_net(self, memo)

    def __str__(self) -> str:
        data = len(self.topological_order) - len(self._modules)
        return (f"Net '{self.ID}': {len(self._modules)} modules, {data} data, {self.parameter_count:,} parameters, "
                f'{self.mode} mode{", frozen" if self.is_frozen else ""}, '
                f'roots {", ".join(root.ID for root in self.root_nodes)}')

    def __repr__(self) -> str:
        return f'Net({self.ID!r}, root_nodes={self.root_nodes})'
