"""Numeric derivatives along a line, how far they can be trusted, and what that says of an analytic one.

Reference: central differences at several steps as in Ridders, Advances in Engineering Software 4 (1982); the size of
rounding errors from tables of differences, Moré and Wild, SIAM J. Sci. Comput. 33 (2011).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.utils.backend import array_module

Array = Any

# Multiples of the first step that are tried, in this order, until the verdict is clear.
LADDER = (1.0, 1 / 16, 1 / 256, 1 / 4096, 16.0, 256.0, 4096.0)
EPS = float(np.finfo(np.float64).eps)
NOISE_SAFETY = 10.0         # rounding errors are taken to be this many times their estimated deviation
SHARP = 3e-4                # a numeric derivative known less precisely than this can confirm nothing
SMALL = 1e-3                # entries below this share of the largest are judged as if they were that large
ROUNDING = 1e-5             # of what counts as zero: both derivatives below it are rounding errors
KINK = 1e-3                 # left and right slopes differing by this share, at every step, are a kink


@dataclass
class Pair:
    """What two evaluations, one step to either side, tell."""

    step: float
    slope: float            # the central difference
    spread: float           # how far left and right slopes are apart, output by output
    noise: float            # how uncertain rounding of the outputs' last digits makes the slope
    spread_noise: float     # the same for the spread

    @property
    def sides(self) -> tuple[float, float]:
        """The least and largest slope that any choice between left and right gives."""
        return self.slope - self.spread / 2, self.slope + self.spread / 2


@dataclass
class Comparison:
    """An analytic derivative against a numeric one."""

    analytic: float
    numeric: float
    uncertainty: float      # of the numeric one
    verdict: str            # 'ok', 'wrong', 'kink' or 'inconclusive'
    steps: tuple[float, ...]

    @property
    def error(self) -> float:
        """The absolute difference."""
        return abs(self.analytic - self.numeric)


class Line:
    """The weighted sum of some outputs, as a function of one number.

    Args:
        evaluate: The outputs at a distance from the point under test.
        base: The outputs at the point.
        weights: The derivative of the sum with respect to each output.
        amplification: Gives how much larger rounding errors are than those of the outputs' last digits; asked only
            when it matters.
    """

    def __init__(self, evaluate: Callable[[float], list[Array]], base: Sequence[Array], weights: Sequence[Array],
                 amplification: Callable[[], float] = lambda: 1.0) -> None:
        self.evaluate, self.base, self.weights, self.amplification = evaluate, base, weights, amplification

    def change(self, distance: float) -> float:
        """How much the sum differs from that at the point."""
        outputs = self.evaluate(distance)
        return math.fsum(_total(w * _difference(y, y0))
                         for y, y0, w in zip(outputs, self.base, self.weights, strict=True))

    def pair(self, step: float) -> Pair:
        """Evaluate one step to either side."""
        slope = spread = variance = bound = 0.0
        for ahead, behind, y0, w in zip(self.evaluate(step), self.evaluate(-step), self.base, self.weights,
                                        strict=True):
            right, left = _difference(ahead, y0), _difference(y0, behind)
            slope += _total(w * (right + left))
            spread += _total(abs(w * (right - left)))
            size = abs(w * y0) * ((right != 0) | (left != 0))
            size = array_module(size).nan_to_num(size, posinf=0.0)
            variance += _total(size * size)
            bound += _total(size)
        unit = EPS / step
        return Pair(step, slope / (2 * step), spread / step, unit * math.sqrt(variance), 2 * unit * bound)


def measure_amplification(line: Line) -> float:
    """How much larger the rounding errors along a line are than one unit in the last place of the outputs.

    Differences of order k of a function at tiny equal distances leave nothing but noise, whose variance they
    multiply by (2k)! / (k!)^2.
    """
    size = EPS * math.sqrt(sum(_total(w * w * y * y) for w, y in zip(line.weights, line.base, strict=True)
                               if bool(array_module(y).isfinite(y).all())))
    if not size:
        return 1.0
    table = np.array([line.change(1e-11 * k) for k in range(8)])
    found = []
    for order in range(1, 7):
        table = np.diff(table)
        if order >= 3:
            found.append(math.sqrt(np.mean(table ** 2) / math.comb(2 * order, order)))
    noise = float(np.median(found))
    return max(1.0, noise / size) if math.isfinite(noise) else 1.0


def compare(line: Line, analytic: float, step: float, tolerance: float, largest: float, zero: float) -> Comparison:
    """Judge an analytic derivative along a line.

    Args:
        line: The function.
        analytic: What backward says its derivative is.
        step: The first step; others follow when it does not settle the question.
        tolerance: The relative difference that is accepted besides numeric uncertainty.
        largest: The size of the largest derivative of its kind.
        zero: Derivatives below this are zero for all that numbers can tell.
    """
    pairs: list[Pair] = []
    result = Comparison(analytic, math.nan, math.inf, 'inconclusive', ())
    for factor in LADDER:
        pair = line.pair(step * factor)
        if not math.isfinite(pair.slope):
            continue
        size = max(abs(analytic), abs(pair.slope), SMALL * largest)
        if not pairs and abs(analytic - pair.slope) <= tolerance * size and pair.spread <= KINK * size:
            return Comparison(analytic, pair.slope, NOISE_SAFETY * pair.noise, 'ok', (pair.step,))
        amplification = line.amplification()
        pair.noise, pair.spread_noise = amplification * pair.noise, amplification * pair.spread_noise
        pairs.append(pair)
        pairs.sort(key=lambda p: -p.step)
        numeric, uncertainty = _best(pairs)
        floor = max(abs(analytic), abs(numeric), SMALL * largest)
        accepted = tolerance * floor + uncertainty + ROUNDING * zero
        agrees = abs(analytic - numeric) <= accepted
        is_sharp = uncertainty <= SHARP * floor or (abs(analytic) <= ROUNDING * zero and uncertainty <= zero)
        steps = tuple(p.step for p in pairs)
        result = Comparison(analytic, numeric, uncertainty, 'inconclusive', steps)
        is_rough = pair.spread > KINK * floor + 2 * NOISE_SAFETY * pair.spread_noise
        if agrees and is_sharp and not is_rough:
            result.verdict = 'ok'
            return result
        if len(pairs) > 1 and factor <= 1:
            kinked = _kink(pairs, max(floor, zero / KINK))
            if kinked is not None:
                low, high = kinked.sides
                inside = low - accepted <= analytic <= high + accepted
                result.verdict = 'kink' if inside else 'wrong'
                result.numeric, result.uncertainty = min(max(analytic, low), high), kinked.spread / 2
                return result
            if agrees and is_sharp:
                result.verdict = 'ok'
                return result
            if is_sharp and abs(analytic - numeric) > 10 * uncertainty and len(pairs) > 2:
                result.verdict = 'wrong'
                return result
    if math.isnan(result.numeric):
        return result
    size = max(abs(analytic), abs(result.numeric))
    if result.error <= 2 * accepted and size + result.uncertainty <= max(zero, SMALL * largest):
        result.verdict = 'ok'           # zero, as far as can be seen
    elif result.error > 10 * result.uncertainty + 2 * accepted:
        result.verdict = 'wrong'
    return result


def _best(pairs: list[Pair]) -> tuple[float, float]:
    """The best known slope and its uncertainty, from pairs in the order of falling steps.

    Halving the step halves what kinks nearby contribute and quarters the truncation error; the slower law is
    assumed. A single pair says nothing of these, only of rounding.
    """
    if len(pairs) == 1:
        return pairs[0].slope, NOISE_SAFETY * pairs[0].noise
    candidates = []
    for large, small in itertools.pairwise(pairs):
        ratio = large.step / small.step
        uncertainty = 2 * abs(large.slope - small.slope) / (ratio - 1) + NOISE_SAFETY * small.noise
        candidates.append((uncertainty, small.slope))
    uncertainty, slope = min(candidates)
    return slope, uncertainty


def _kink(pairs: list[Pair], floor: float) -> Pair | None:
    """The pair that shows a kink at the very point: left and right slopes that stay apart as the step falls."""
    large, small = pairs[-2], pairs[-1]
    apart = small.spread > KINK * floor and small.spread > NOISE_SAFETY * small.spread_noise
    return small if apart and small.spread > large.spread / 4 else None


def _difference(y: Array, y0: Array) -> Array:
    """y - y0, and 0 where both are the same infinity."""
    difference = y - y0
    xp = array_module(difference)
    if not bool(xp.isfinite(difference).all()):
        difference = xp.where(y == y0, 0.0, difference)
    return difference


def _total(array: Array) -> float:
    return float(array.sum())
