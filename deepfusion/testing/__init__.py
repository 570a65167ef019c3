"""For test suites: assertions about modules and nets."""

from typing import Any

from deepfusion.checking.report import GradCheckReport
from deepfusion.components.modules.module import Module


def assert_gradients(net_or_module: Any, **options: Any) -> GradCheckReport:
    """Check a net or a module and raise AssertionError, with the whole report, unless everything passed.

    Args:
        net_or_module: A net whose inputs have values, or a module, whose inputs may have none.
        options: Those of `check_net`, or of `check_module`.

    Example:
        >>> from deepfusion.components.data import Data
        >>> from deepfusion.components.modules import MatMul
        >>> report = assert_gradients(MatMul('m', [Data('x', (1, 3))], out_features=2))
    """
    __tracebackhide__ = True        # pytest then points to the line of the test
    from deepfusion.utils.grad_check import check_module, check_net
    check = check_module if isinstance(net_or_module, Module) else check_net
    report = check(net_or_module, **{'verbose': False} | options)
    if not report:
        raise AssertionError(str(report))
    return report
