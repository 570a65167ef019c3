"""GradCheckReport: what a check found, as an object that is true when all is well."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

VERDICTS = ('ok', 'kink', 'inconclusive', 'wrong')      # from best to worst


@dataclass
class TensorReport:
    """One tensor's derivative against numeric ones.

    Attributes:
        ID, role, shape: Which Data; 'input', 'parameter', or with its place in a module.
        verdict: 'ok', 'kink' (right, some entries lie on kinks), 'inconclusive' or 'wrong'.
        method: 'full', 'directional', 'taylor' or 'complex'.
        steps: The distances moved, largest first.
        max_error: The largest relative error: the difference over the larger of both, at least a thousandth of
            the tensor's largest entry.
        index: Where that was; None for a direction through all entries.
        analytic, numeric: The two derivatives there.
        uncertainty: How far the numeric one can be trusted, as an absolute error.
        ratio, cosine: Of analytic to numeric derivatives, over all that was checked.
        diagnosis: What the ratio suggests, in words.
        checked, kinks, unclear: Entries compared, those on kinks, and those that numbers cannot settle.
        directions: Random directions compared.
        is_zero: Whether all derivatives are zero, for all that numbers can tell.
        order: The order of the Taylor remainder (method 'taylor'): 2 when right, 1 when wrong.
        seed, seconds: Of the random choices; the time taken.
        note: Anything else worth knowing.
        curve: Pairs of step and relative error where `index` is.
        analytic_values, numeric_values: All compared entries, in order (method 'full': the tensor's shape).
    """

    ID: str
    role: str
    shape: tuple[int, ...]
    verdict: str = 'ok'
    method: str = 'full'
    steps: tuple[float, ...] = ()
    max_error: float = 0.0
    index: tuple[int, ...] | None = None
    analytic: float = 0.0
    numeric: float = 0.0
    uncertainty: float = 0.0
    ratio: float | None = None
    cosine: float | None = None
    diagnosis: str = ''
    checked: int = 0
    kinks: int = 0
    unclear: int = 0
    directions: int = 0
    is_zero: bool = False
    order: float | None = None
    seed: int = 0
    seconds: float = 0.0
    note: str = ''
    curve: list[tuple[float, float]] = field(default_factory=list)
    analytic_values: Any = None
    numeric_values: Any = None

    def __bool__(self) -> bool:
        return self.verdict in ('ok', 'kink')


@dataclass
class Fault:
    """One mistake of one module.

    Attributes:
        module: Its ID.
        module_type: Its class.
        kind: 'gradient', or the name of a mistake that gradients do not show, see `deepfusion.checking.conduct`.
        part: Which input, parameter or output.
        message: One sentence.
        place: File and line of the code to look at, where it can be found.
    """

    module: str
    module_type: str
    kind: str
    part: str
    message: str
    place: str = ''

    def __str__(self) -> str:
        place = f' ({self.place})' if self.place else ''
        return f"{self.module_type} '{self.module}', {self.part}: {self.message}{place}"


@dataclass
class GradCheckReport:
    """The result of `gradient_checker`, `check_net` or `check_module`; true when everything passed.

    Attributes:
        subject: What was checked, in words.
        tensors: One `TensorReport` for each tensor.
        faults: The mistakes of single modules, those nearest to the losses first.
        joint: All tensors moved at once in random directions, where that was done.
        modules_checked: How many modules were checked by themselves.
        method, seed, seconds: How it was done.
    """

    subject: str
    tensors: list[TensorReport]
    faults: list[Fault] = field(default_factory=list)
    joint: TensorReport | None = None
    modules_checked: int = 0
    method: str = 'full'
    seed: int = 0
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """'ok', 'kink', 'inconclusive' or 'wrong': the worst of all."""
        if self.faults or (self.joint and self.joint.verdict == 'wrong'):
            return 'wrong'
        return max((tensor.verdict for tensor in self.tensors), key=VERDICTS.index, default='ok')

    @property
    def passed(self) -> bool:
        """Whether every tensor is right and no module has a fault."""
        return self.verdict in ('ok', 'kink')

    @property
    def first_faulty(self) -> str | None:
        """The ID of the faulty module nearest to the losses, or None."""
        return self.faults[0].module if self.faults else None

    @property
    def faulty_modules(self) -> list[str]:
        """The IDs of all faulty modules, those nearest to the losses first."""
        return list(dict.fromkeys(fault.module for fault in self.faults))

    def __bool__(self) -> bool:
        return self.passed

    def __getitem__(self, ID: str) -> TensorReport:
        """The report on one tensor."""
        from deepfusion.utils.names import look_up
        return look_up(ID, {tensor.ID: tensor for tensor in self.tensors}, 'checked tensor')

    def __str__(self) -> str:
        from deepfusion.checking.show import as_text
        return as_text(self)

    def __repr__(self) -> str:
        return f'GradCheckReport({self.subject}: {self.verdict}, {len(self.tensors)} tensors)'

    def show(self, rows: int | None = 12, arrays: bool = False) -> None:
        """Print the report.

        Args:
            rows: Tensors shown, the worst ones first; None shows all.
            arrays: Print the compared derivatives in full as well.
        """
        from deepfusion.checking.show import show
        show(self, rows, arrays)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as dictionaries, lists, numbers and words."""
        return _plain(asdict(self) | {'verdict': self.verdict, 'passed': self.passed,
                                      'first_faulty': self.first_faulty})

    def to_json(self, file_path: str | os.PathLike[str] | None = None) -> str:
        """The same as JSON; also written to a file when one is named."""
        text = json.dumps(self.to_dict(), indent=1)
        if file_path is not None:
            with open(file_path, 'w', encoding='utf-8') as file:
                file.write(text)
        return text

    def plot(self, file_path: str | os.PathLike[str] | None = None) -> Any:
        """Draw analytic against numeric derivatives, and errors against steps; returns Matplotlib's Figure and
        writes it to a file when one is named."""
        from deepfusion.checking.plot import plot_report
        return plot_report(self, file_path)


def _plain(value: Any) -> Any:
    """The same in types that JSON knows; NaN and infinities become words."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
