"""Gradient checking: whether what modules do in backward is the derivative of what they do in forward."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from deepfusion.checking.check import METHODS, check_one, check_single, check_whole
from deepfusion.checking.report import Fault, GradCheckReport, TensorReport
from deepfusion.checking.tensors import Options
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.utils.names import look_up

if TYPE_CHECKING:
    from deepfusion.components.net import Net

__all__ = ['Fault', 'GradCheckReport', 'TensorReport', 'check_module', 'check_net', 'gradient_checker']


def gradient_checker(net: 'Net', data_obj: Any, h: float = 1e-6, method: str = 'full', entries: int | None = None,
                     tolerance: float = 1e-5, seed: int = 0, verbose: bool = True, arrays: bool = False
                     ) -> GradCheckReport:
    """Check the derivative of a net's losses by one Data or parameter, and name the faulty module if it is wrong.

    The net is checked in the mode it is in, as a copy in float64; nothing of it is changed.

    Args:
        net: The net; its inputs have values.
        data_obj: A Data of the net, a parameter of one of its modules, or the ID of either.
        h: The first step is `h * max(1, rms of the tensor)`; others follow where that one decides nothing.
        method: 'full' (every entry), 'directional' (random directions and some entries), 'taylor' (the order of the
            remainder; no step), 'complex' (complex steps where every module allows them, otherwise 'full').
        entries: How many entries are sampled; None is every one, or a few beside directions.
        tolerance: Relative error that is accepted besides the estimated numeric error.
        seed: Of random choices and of what random modules draw.
        verbose: Print a short table.
        arrays: Print both derivatives in full as well.

    Raises:
        GraphError: The Data is not of this net.
        MissingValueError: An input has no value.
        NodeTypeError: A module cannot be copied.
    """
    report = check_one(net, data_obj, _options(method, h, entries, tolerance, seed, 2, curves=True))
    if verbose:
        report.show(arrays=arrays)
    return report


def check_net(net: 'Net', wrt: Sequence[Any] | None = None, method: str = 'auto', h: float = 1e-6,
              entries: int | None = None, directions: int = 3, tolerance: float = 1e-5, seed: int = 0,
              conduct: bool = True, verbose: bool = True) -> GradCheckReport:
    """Check every input and parameter of a net, and every module by itself, so that a wrong one is named.

    Args:
        net: The net; its inputs have values.
        wrt: The Data, parameters or IDs to check; None is all of them. Modules are checked in any case.
        method: As in `gradient_checker`; 'auto' is 'full' for small nets, otherwise 'directional'.
        h, entries, tolerance, seed: As in `gradient_checker`.
        directions: Random directions through all tensors at once, where the method uses them.
        conduct: Look for the mistakes that gradients do not show, too.
        verbose: Print a short table.
    """
    report = check_whole(net, wrt, _options(method, h, entries, tolerance, seed, directions), conduct)
    if verbose:
        report.show()
    return report


def check_module(module: Module, inputs: Sequence[Any] | None = None, batch: int = 3, method: str = 'auto',
                 h: float = 1e-6, entries: int | None = None, directions: int = 2, tolerance: float = 1e-5,
                 seed: int = 0, conduct: bool = True, verbose: bool = True) -> GradCheckReport:
    """Check one module by itself, from a random derivative of its output: no net and no loss are needed.

    Args:
        module: The module, in a net or not; it is not changed.
        inputs: Values for its inputs; None takes those it has, or random ones.
        batch: The number of examples where values are random.
        directions: Random directions for each tensor, where the method uses them.
        method, h, entries, tolerance, seed, conduct, verbose: As in `check_net`.

    Example:
        >>> from deepfusion.components.data import Data
        >>> from deepfusion.components.modules import MatMul
        >>> bool(check_module(MatMul('m', [Data('x', (1, 3))], out_features=2), verbose=False))
        True
    """
    report = check_single(module, inputs, batch, _options(method, h, entries, tolerance, seed, directions), conduct)
    if verbose:
        report.show()
    return report


def _options(method: str, h: float, entries: int | None, tolerance: float, seed: int, directions: int,
             curves: bool = False) -> Options:
    look_up(method, dict.fromkeys(METHODS), 'method')
    for name, value in (('h', h), ('tolerance', tolerance)):
        if not (isinstance(value, Real) and value > 0):
            raise OptionError(f'Gradient checking: expected {name} above 0; found {value!r}.')
    for name, count in (('entries', entries), ('directions', directions), ('seed', seed)):
        if not ((count is None and name == 'entries') or (isinstance(count, Integral) and count >= 0)):
            raise OptionError(f'Gradient checking: expected {name} to be a whole number; found {count!r}.')
    return Options('full' if method == 'auto' and curves else method, h, entries, directions, tolerance, seed=seed,
                   curves=curves)
