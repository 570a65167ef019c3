"""What a module may be wired to."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.parameters import Parametric
from deepfusion.errors import GraphError, NodeTypeError


def check_inputs(module: Any, inputs: list[Data], output: Data | None) -> list[Data]:
    """The inputs, when they are Data and the output is one that nothing makes; else an error."""
    if not isinstance(inputs, list | tuple) or not inputs:
        raise NodeTypeError(f'{module!r}: expected inputs to be a list of Data; found {inputs!r}. '
                            'Write inputs=[x], also for a single input.')
    for node in inputs if output is None else [*inputs, output]:
        if not isinstance(node, Data):
            is_module = isinstance(node, Parametric)
            fix = ('Use its output.' if is_module else
                   'Give the options after ID, inputs and output by their names.' if node is output else
                   'Write inputs=[x] with Data only.')
            found = repr(node) if is_module else f'{type(node).__name__} {node!r:.40}'
            raise NodeTypeError(f'{module!r}: expected inputs and output to be Data; found {found}. {fix}')
    if output is not None and output.input is not None:
        raise GraphError(f"{module!r}: expected an output that no module makes; '{output.ID}' is made by "
                         f'{output.input!r} already. Give each module an output of its own.')
    for data in inputs:
        if data is output:
            raise GraphError(f"{module!r}: expected an output other than its inputs; found '{data.ID}' in both. "
                             'Give the module an output of its own.')
    return list(inputs)
