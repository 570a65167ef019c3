"""One set of parameters for several modules."""

from collections.abc import Sequence

from deepfusion.components.modules.module import Module
from deepfusion.errors import NodeTypeError, ShapeError


def share_parameters(modules: Sequence[Module]) -> None:
    """Let all modules use the first one's parameters: one parameter, one derivative, one update.

    Raises:
        NodeTypeError: The modules are not of one type.
        ShapeError: Their parameters have different names or shapes.
    """
    if not isinstance(modules, list | tuple) or not modules or not all(isinstance(m, Module) for m in modules):
        raise NodeTypeError(f'share_parameters: expected a list of modules; found {modules!r}.')
    first = modules[0]
    for module in modules[1:]:
        if type(module) is not type(first):
            raise NodeTypeError(f'share_parameters: expected modules of one type; found {first!r} and {module!r}.')
        mine = {name: p.shape for name, p in first.parameter_lookup.items()}
        theirs = {name: p.shape for name, p in module.parameter_lookup.items()}
        if mine != theirs:
            raise ShapeError(f'share_parameters: expected parameters of one shape; found {mine} in {first!r} and '
                             f'{theirs} in {module!r}.')
    for module in modules[1:]:
        for name, parameter in first.parameter_lookup.items():
            module.share(name, parameter)
