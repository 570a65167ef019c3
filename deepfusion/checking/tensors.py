"""Checking the tensors of a subject: every entry, some entries and directions, or a Taylor remainder."""

import math
import time
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.checking.complex_step import complex_slopes
from deepfusion.checking.diagnosis import diagnose
from deepfusion.checking.numeric import LADDER, Comparison, Line, Scale, compare
from deepfusion.checking.report import VERDICTS, TensorReport
from deepfusion.checking.subject import Subject, Tensor
from deepfusion.checking.taylor import check_order

Array = Any
Index = tuple[int, ...]
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
        report.seconds = time.perf_counter() - start
        return report

    gradient = subject.host_gradient(tensor)
    found: list[tuple[Index | None, Comparison]] = []
    count = None if options.method in ('full', 'complex') else 1
    count = count if options.entries is None else options.entries
    indices = _chosen(gradient, count, rng)
    slopes = complex_slopes(subject, tensor, indices) if options.method == 'complex' else None
    if slopes is None:
        report.method = 'full' if options.method == 'complex' else options.method
        found += [(index, _check_entry(subject, tensor, index, gradient, options)) for index in indices]
    else:
        found += list(zip(indices, _compare_complex(gradient, indices, slopes, options), strict=True))
    if options.method == 'directional':
        found += [(None, check_direction(subject, {tensor: _direction(subject, tensor, rng)}, options))
                  for _ in range(options.directions)]
    summarize(report, found, options, subject.batch, float(abs(gradient).max(initial=0)))
    if tensor.data not in subject.received and report.verdict == 'wrong':
        report.note = 'it never receives a derivative'
    if options.curves and report.index is not None:
        report.curve = _curve(subject.entry_line(tensor, report.index), report, tensor, options)
    report.seconds = time.perf_counter() - start
    return report


def check_jointly(subject: Subject, options: Options) -> TensorReport:
    """Compare along random directions through all tensors at once."""
    start = time.perf_counter()
    report = TensorReport('all together', 'all', (), method=options.method, seed=options.seed)
    rng = np.random.default_rng([options.seed, 1])
    if options.method == 'taylor':
        directions = {tensor: _direction(subject, tensor, rng) for tensor in subject.tensors}
        check_order(subject, directions, report, options.directions)
    else:
        found: list[tuple[Index | None, Comparison]] = []
        for _ in range(options.directions):
            directions = {tensor: _direction(subject, tensor, rng) for tensor in subject.tensors}
            found.append((None, check_direction(subject, directions, options)))
        summarize(report, found, options, subject.batch, 0.0)
    report.seconds = time.perf_counter() - start
    return report


def check_direction(subject: Subject, directions: dict[Tensor, Array], options: Options) -> Comparison:
    """Compare along one direction, in which every entry moves by about its tensor's scale."""
    products = [subject.gradients[tensor.data] * direction for tensor, direction in directions.items()]
    analytic = math.fsum(float(product.sum()) for product in products)
    largest = math.sqrt(math.fsum(float((product * product).sum()) for product in products))
    return compare(subject.line(directions), analytic, options.h,
                   Scale(options.tolerance, largest, ZERO * subject.size))


def _direction(subject: Subject, tensor: Tensor, rng: np.random.Generator) -> Array:
    return tensor.scale * subject.normal(tensor.data, rng)


def _check_entry(subject: Subject, tensor: Tensor, index: Index, gradient: np.ndarray, options: Options) -> Comparison:
    largest = float(abs(gradient).max(initial=0))
    return compare(subject.entry_line(tensor, index), float(gradient[index]), _step(tensor, options),
                   Scale(options.tolerance, largest, ZERO * subject.size / tensor.scale))


def _step(tensor: Tensor, options: Options) -> float:
    value = tensor.data.val
    return options.h * max(1.0, float((value * value).mean()) ** 0.5)


def _compare_complex(gradient: np.ndarray, indices: list[Index], slopes: list[float], options: Options
                     ) -> list[Comparison]:
    scale = Scale(options.tolerance, float(abs(gradient).max(initial=0)), 0.0)
    found = []
    for index, slope in zip(indices, slopes, strict=True):
        analytic = float(gradient[index])
        floor = scale.floor(analytic, slope)
        is_right = abs(analytic - slope) <= options.tolerance * floor
        found.append(Comparison(analytic, slope, 1e-12 * floor, 'ok' if is_right else 'wrong', (), not floor))
    return found


def _chosen(gradient: np.ndarray, count: int | None, rng: np.random.Generator) -> list[Index]:
    """All entries in order; or the largest ones and random ones, half of each."""
    if count is None or count >= gradient.size:
        return list(np.ndindex(gradient.shape))
    flat = abs(gradient).ravel()
    largest = np.argpartition(flat, -((count + 1) // 2))[-((count + 1) // 2):] if count else []
    chosen = dict.fromkeys(int(i) for i in largest)
    while len(chosen) < count:
        chosen[int(rng.integers(gradient.size))] = None
    return [tuple(int(i) for i in np.unravel_index(flat_index, gradient.shape)) for flat_index in chosen]


def summarize(report: TensorReport, found: list[tuple[Index | None, Comparison]], options: Options, batch: int,
              largest: float) -> None:
    """Fill a report from comparisons."""
    entries = [(index, c) for index, c in found if index is not None]
    report.checked, report.directions = len(entries), len(found) - len(entries)
    report.kinks = sum(c.verdict == 'kink' for _, c in found)
    report.unclear = sum(c.verdict == 'inconclusive' for _, c in found)
    report.verdict = _overall([c.verdict for _, c in found], options.max_kinks)
    if not found:
        return

    report.is_zero = all(c.is_zero for _, c in found)
    scale = Scale(options.tolerance, largest, 0.0)

    def relative(comparison: Comparison) -> float:
        floor = scale.floor(comparison.analytic, comparison.numeric)
        if not floor or not math.isfinite(comparison.numeric) or comparison.verdict == 'kink' or comparison.is_zero:
            return 0.0
        return comparison.error / floor

    def badness(item: tuple[Index | None, Comparison]) -> tuple[int, bool, float]:
        # What is wrong is shown at an entry, where the difference is largest.
        index, comparison = item
        is_wrong = comparison.verdict == 'wrong'
        return (VERDICTS.index(comparison.verdict), is_wrong and index is not None,
                comparison.error if is_wrong else relative(comparison))

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


def _overall(verdicts: list[str], max_kinks: float) -> str:
    count = len(verdicts)
    if 'wrong' in verdicts:
        return 'wrong'
    if verdicts.count('inconclusive') > 0.1 * count or verdicts.count('kink') > max_kinks * count:
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


def _curve(line: Line, report: TensorReport, tensor: Tensor, options: Options) -> list[tuple[float, float]]:
    first = _step(tensor, options)
    size = max(abs(report.analytic), abs(report.numeric)) or 1.0
    pairs = [line.pair(first * factor) for factor in sorted(LADDER)]
    return [(pair.step, abs(report.analytic - pair.slope) / size) for pair in pairs]
