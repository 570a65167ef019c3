"""Checking the tensors of a subject: every entry, some entries and directions, or a Taylor remainder."""

import math
import time
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.checking.complex_step import complex_slopes
from deepfusion.checking.diagnosis import diagnose
from deepfusion.checking.numeric import LADDER, Comparison, Scale, compare
from deepfusion.checking.report import VERDICTS, TensorReport
from deepfusion.checking.subject import Subject, Tensor
from deepfusion.checking.taylor import check_order

Array = Any
Index = tuple[int, ...]
Found = tuple[Index | None, Comparison]     # where None is a direction through all entries
FAINT = 1e-2                # of the others' share: too little for a tensor to be judged together with them
INFINITE = 'the derivative is not finite'
MORE = 32                   # entries looked at where a few decide nothing
MAX_UNCLEAR = 0.1           # a larger share of comparisons that noise hides makes a tensor inconclusive
ZERO = 1e-7                 # of the loss per scale of the tensor: what is below cannot be told from zero


@dataclass(frozen=True)
class Options:
    """How to check."""

    method: str = 'full'
    h: float = 1e-6
    entries: int | None = None          # how many are sampled; None: every one, or a few beside directions
    directions: int = 1
    tolerance: float = 1e-5
    max_kinks: float = 0.3              # a larger share makes a tensor inconclusive
    seed: int = 0
    curves: bool = False                # errors at many steps, for the plot


def check_tensor(subject: Subject, tensor: Tensor, options: Options) -> TensorReport:
    """Compare what backward said of a tensor with differences of the subject."""
    start = time.perf_counter()
    data = tensor.data
    report = TensorReport(data.ID, tensor.role, tuple(data.val.shape), method=options.method, seed=options.seed)
    rng = np.random.default_rng([options.seed, zlib.crc32(data.ID.encode())])
    if options.method == 'taylor':
        check_order(subject, {tensor: _direction(subject, tensor, rng)}, report, options.directions)
    else:
        gradient = subject.host_gradient(tensor)
        found = _compare_entries(subject, tensor, gradient, report, options, rng)
        if options.method == 'directional':
            found += [(None, check_direction(subject, {tensor: _direction(subject, tensor, rng)}, options))
                      for _ in range(options.directions)]
        summarize(report, found, options, subject.batch, _largest(gradient))
        report.note = _note(report, subject, tensor, gradient)
        if options.curves:
            report.curve = error_curve(subject, tensor, report, options)
    report.seconds = time.perf_counter() - start
    return report


def _compare_entries(subject: Subject, tensor: Tensor, gradient: np.ndarray, report: TensorReport, options: Options,
                     rng: np.random.Generator) -> list[Found]:
    """Every entry, or some; by complex steps where that is wanted and possible."""
    all_of_them = options.method in ('full', 'complex') and options.entries is None
    indices = _chosen(gradient, None if all_of_them else 1 if options.entries is None else options.entries, rng)
    if options.method == 'complex':
        slopes = complex_slopes(subject, tensor, indices)
        if slopes is not None:
            return list(zip(indices, _compare_complex(gradient, indices, slopes, options), strict=True))
        report.method = 'full'
    found: list[Found] = [(i, _check_entry(subject, tensor, i, gradient, options)) for i in indices]
    if _overall(found, options.max_kinks) == 'inconclusive' and len(indices) < gradient.size:
        # A few entries on kinks say little of all.
        more = [i for i in _chosen(gradient, MORE, rng) if i not in indices]
        found += [(i, _check_entry(subject, tensor, i, gradient, options)) for i in more]
    return found


def _note(report: TensorReport, subject: Subject, tensor: Tensor, gradient: np.ndarray) -> str:
    """What else explains a verdict."""
    if report:
        return ''
    if report.verdict == 'wrong' and tensor.data not in subject.received:
        return 'it never receives a derivative'
    if not np.isfinite(gradient).all():
        return INFINITE
    if report.verdict == 'inconclusive' and not np.isfinite(subject.total):
        return 'what is differentiated is not finite itself'
    if report.verdict == 'inconclusive' and subject.failure is not None:
        return f'beside the point forward stops with {type(subject.failure).__name__}: {subject.failure}'
    return ''


def check_jointly(subject: Subject, options: Options) -> TensorReport:
    """Compare along random directions through all tensors at once, in which each counts about as much as the others."""
    start = time.perf_counter()
    report = TensorReport('all together', 'all', (), method=options.method, seed=options.seed)
    rng = np.random.default_rng([options.seed, 1])
    if options.method == 'taylor':
        check_order(subject, _balanced(subject, rng)[0], report, options.directions)
    else:
        found: list[Found] = []
        for _ in range(options.directions):
            found.append((None, check_direction(subject, _balanced(subject, rng)[0], options)))
        summarize(report, found, options, subject.batch, 0.0)
    report.seconds = time.perf_counter() - start
    return report


def are_right_together(subject: Subject, options: Options) -> bool:
    """Whether a direction through all tensors shows every one of them to be right; a cheap first look."""
    rng = np.random.default_rng([options.seed, 1])
    for _ in range(options.directions):
        directions, shares = _balanced(subject, rng)
        if min(shares.values(), default=0.0) < 1:
            return False        # what is wrong with that one would be drowned out
        comparison = check_direction(subject, directions, options)
        if comparison.verdict != 'ok' or comparison.is_zero:
            return False
    return True


def _balanced(subject: Subject, rng: np.random.Generator) -> tuple[dict[Tensor, Array], dict[Tensor, float]]:
    """A direction through all tensors, in which each has the same share in the derivative; and the share of each,
    which is less than 1 where only too long a way would give it that."""
    directions = {tensor: _direction(subject, tensor, rng) for tensor in subject.tensors}
    sizes = {tensor: float(((subject.gradients[tensor.data] * direction) ** 2).sum()) ** 0.5
             for tensor, direction in directions.items()}
    middle = float(np.median([size for size in sizes.values() if size > 0] or [0.0]))
    least = min((size for size in sizes.values() if size >= FAINT * middle), default=0.0)
    for tensor, size in sizes.items():
        if size > least:
            directions[tensor] = (least / size) * directions[tensor]
    return directions, {tensor: min(1.0, size / least) if least else 0.0 for tensor, size in sizes.items()}


def check_direction(subject: Subject, directions: dict[Tensor, Array], options: Options) -> Comparison:
    """Compare along one direction, in which every entry moves by about its tensor's scale."""
    products = [subject.gradients[tensor.data] * direction for tensor, direction in directions.items()]
    analytic = math.fsum(float(product.sum()) for product in products)
    largest = math.sqrt(math.fsum(float((product * product).sum()) for product in products))
    return compare(subject.line(directions), analytic, options.h,
                   Scale(options.tolerance, largest, ZERO * subject.size, 'kink' if subject.net else 'wrong'))


def _direction(subject: Subject, tensor: Tensor, rng: np.random.Generator) -> Array:
    return tensor.scale * subject.normal(tensor.data, rng)


def _check_entry(subject: Subject, tensor: Tensor, index: Index, gradient: np.ndarray, options: Options) -> Comparison:
    return compare(subject.entry_line(tensor, index), float(gradient[index]), _step(tensor, options),
                   Scale(options.tolerance, _largest(gradient), ZERO * subject.size / tensor.scale,
                         'inconclusive' if subject.net else 'wrong'))


def _largest(gradient: np.ndarray) -> float:
    return float(abs(gradient[np.isfinite(gradient)]).max(initial=0))


def _step(tensor: Tensor, options: Options) -> float:
    value = tensor.data.val
    return options.h * max(1.0, float((value * value).mean()) ** 0.5)


def _compare_complex(gradient: np.ndarray, indices: list[Index], slopes: list[float], options: Options
                     ) -> list[Comparison]:
    scale = Scale(options.tolerance, _largest(gradient), 0.0)
    found = []
    for index, slope in zip(indices, slopes, strict=True):
        analytic = float(gradient[index])
        floor = scale.floor(analytic, slope)
        is_right = abs(analytic - slope) <= options.tolerance * floor
        found.append(Comparison(analytic, slope, 1e-12 * floor, 'ok' if is_right else 'wrong', (), is_zero=not floor))
    return found


def _chosen(gradient: np.ndarray, count: int | None, rng: np.random.Generator) -> list[Index]:
    """All entries in order; or the largest ones and random ones, half of each."""
    if count is None or count >= gradient.size:
        return list(np.ndindex(gradient.shape))
    flat = abs(gradient).ravel()
    half = (count + 1) // 2
    chosen = dict.fromkeys(np.argpartition(flat, -half)[-half:].tolist() if half else [])
    while len(chosen) < count:
        chosen[int(rng.integers(gradient.size))] = None
    return [tuple(int(i) for i in np.unravel_index(flat_index, gradient.shape)) for flat_index in chosen]


def summarize(report: TensorReport, found: list[Found], options: Options, batch: int,
              largest: float) -> None:
    """Fill a report from comparisons."""
    entries = [(index, c) for index, c in found if index is not None]
    report.checked, report.directions = len(entries), len(found) - len(entries)
    report.kinks = sum(c.is_kink for _, c in found)
    report.unclear = sum(c.verdict == 'inconclusive' for _, c in found)
    report.verdict = _overall(found, options.max_kinks)
    if not found:
        return

    report.is_zero = all(c.is_zero for _, c in found)
    scale = Scale(options.tolerance, largest, 0.0)

    def relative(comparison: Comparison) -> float:
        if comparison.verdict == 'wrong' and not math.isfinite(comparison.analytic):
            return math.inf
        floor = scale.floor(comparison.analytic, comparison.numeric)
        if not floor or not math.isfinite(comparison.numeric) or comparison.is_zero or comparison.verdict == 'kink':
            return 0.0
        return comparison.error / floor

    def badness(item: Found) -> tuple[int, bool, float]:
        # What is wrong is shown at an entry, where the difference is largest.
        index, comparison = item
        is_wrong = comparison.verdict == 'wrong'
        return (VERDICTS.index(comparison.verdict), is_wrong and index is not None,
                comparison.error if is_wrong and math.isfinite(comparison.error) else relative(comparison))

    index, worst = max(found, key=badness)
    report.index, report.analytic, report.numeric = index, worst.analytic, worst.numeric
    report.max_error, report.uncertainty, report.steps = relative(worst), worst.uncertainty, worst.steps
    chosen = entries or found
    report.analytic_values = np.array([c.analytic for _, c in chosen])
    report.numeric_values = np.array([c.numeric for _, c in chosen])
    report.ratio, report.cosine = _likeness([c for _, c in found if c.verdict in ('ok', 'wrong')])
    if len(entries) == math.prod(report.shape):
        report.analytic_values = report.analytic_values.reshape(report.shape)
        report.numeric_values = report.numeric_values.reshape(report.shape)
    if report.verdict == 'wrong':
        report.diagnosis = diagnose(report.ratio, report.cosine, batch, report.shape)


def _overall(found: list[Found], max_kinks: float) -> str:
    verdicts = [comparison.verdict for _, comparison in found]
    entries = [comparison.verdict for index, comparison in found if index is not None]
    if 'wrong' in verdicts:
        return 'wrong'
    if verdicts.count('inconclusive') > MAX_UNCLEAR * len(verdicts) or entries.count('kink') > max_kinks * len(entries):
        return 'inconclusive'
    return 'kink' if 'kink' in verdicts else 'ok'


def _likeness(comparisons: list[Comparison]) -> tuple[float | None, float | None]:
    """Ratio and cosine of analytic to numeric derivatives."""
    a = np.array([c.analytic for c in comparisons])
    n = np.array([c.numeric for c in comparisons])
    aa, nn, an = float(a @ a), float(n @ n), float(a @ n)
    if not nn or not np.isfinite(aa + nn):
        return None, None
    return an / nn, an / (math.sqrt(aa) * math.sqrt(nn)) if aa else None


def error_curve(subject: Subject, tensor: Tensor, report: TensorReport, options: Options
                ) -> list[tuple[float, float]]:
    """Steps, and the relative errors of the differences at them, at the entry that the report names, if any."""
    if report.index is None:
        return []
    line = subject.entry_line(tensor, report.index)
    first = _step(tensor, options)
    size = max(abs(report.analytic), abs(report.numeric)) or 1.0
    pairs = [line.pair(first * factor) for factor in sorted(LADDER)]
    return [(pair.step, abs(report.analytic - pair.slope) / size) for pair in pairs]
