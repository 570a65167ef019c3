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
SMALLEST = min(LADDER)
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

    def amplify(self, factor: float) -> None:
        """Take rounding errors to be that many times larger."""
        self.noise, self.spread_noise = factor * self.noise, factor * self.spread_noise

    @property
    def gap(self) -> float:
        """The part of the spread that is no rounding."""
        return max(0.0, self.spread - NOISE_SAFETY * self.spread_noise)

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
    is_kink: bool = False
    is_zero: bool = False   # both are zero for all that numbers can tell, so that nothing was put to the test

    @property
    def error(self) -> float:
        """The absolute difference."""
        return abs(self.analytic - self.numeric)


@dataclass(frozen=True)
class Scale:
    """What is large and what is small for derivatives of one kind.

    Args:
        tolerance: The relative difference that is accepted besides numeric uncertainty.
        largest: The size of the largest one.
        zero: What is below cannot be told from zero.
        outside: The verdict on a value outside the slopes to either side of a kink. It is wrong where an output has
            one kink; where several add up, each may be taken from its own side.
    """

    tolerance: float
    largest: float
    zero: float
    outside: str = 'wrong'

    def floor(self, analytic: float, numeric: float) -> float:
        """What errors are relative to."""
        return max(abs(analytic), abs(numeric), SMALL * self.largest)


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
            size = abs(w * y0)
            size = array_module(size).nan_to_num(size, posinf=0.0)
            variance += _total(size * size)             # also of outputs that stay: their change may be rounded away
            bound += _total(size * ((right != 0) | (left != 0)))
        unit = EPS / step
        return Pair(step, slope / (2 * step), spread / step, unit * math.sqrt(variance), 2 * unit * bound)


def measure_amplification(line: Line) -> float:
    """How much larger the rounding errors along a line are than one unit in the last place of the outputs.

    Differences of order k of a function at tiny equal distances leave nothing but noise, whose variance they
    multiply by (2k)! / (k!)^2.
    """
    size = EPS * math.sqrt(sum(_total(w * w * y * y) for w, y in zip(line.weights, line.base, strict=True)
                               if bool(array_module(y).isfinite(y).all())))
    for distance in (1e-11, 1e-8, 1e-5) if size else ():
        table = np.array([line.change(distance * k) for k in range(8)])
        if (np.diff(table) == 0).sum() > 3:
            continue            # the outputs are rounded more coarsely than that
        found = []
        for order in range(1, 7):
            table = np.diff(table)
            if order >= 3:
                found.append(math.sqrt(np.mean(table ** 2) / math.comb(2 * order, order)))
        noise = float(np.median(found))
        return max(1.0, noise / size) if math.isfinite(noise) else 1.0
    return 1.0


def compare(line: Line, analytic: float, step: float, scale: Scale) -> Comparison:
    """Judge an analytic derivative along a line.

    Args:
        line: The function.
        analytic: What backward says its derivative is.
        step: The first step; others follow when it does not settle the question.
        scale: What is large and what is small.
    """
    pairs: list[Pair] = []
    result = Comparison(analytic, math.nan, math.inf, 'inconclusive', ())
    for factor in LADDER:
        pair = line.pair(step * factor)
        if not math.isfinite(pair.slope):
            continue
        if not math.isfinite(analytic):
            return Comparison(analytic, pair.slope, pair.noise, 'wrong', (pair.step,))
        if not pairs and _agrees_at_once(pair, analytic, scale):
            return Comparison(analytic, pair.slope, NOISE_SAFETY * pair.noise, 'ok', (pair.step,),
                              is_zero=not analytic and not pair.slope)
        pair.amplify(line.amplification())
        pairs.append(pair)
        pairs.sort(key=lambda p: -p.step)
        result = _judge(pairs, analytic, scale, factor)
        if result.verdict != 'inconclusive' or result.is_kink:
            return result
    return _last_word(result, scale)


def _agrees_at_once(pair: Pair, analytic: float, scale: Scale) -> bool:
    # That noise should lead to the same number is out of the question.
    floor = scale.floor(analytic, pair.slope)
    return abs(analytic - pair.slope) <= scale.tolerance * floor and pair.spread <= KINK * floor


def _judge(pairs: list[Pair], analytic: float, scale: Scale, factor: float) -> Comparison:
    """What some pairs tell, the last one at that multiple of the first step; 'inconclusive' asks for more."""
    numeric, uncertainty = _best(pairs)
    floor = scale.floor(analytic, numeric)
    result = Comparison(analytic, numeric, uncertainty, 'inconclusive', tuple(pair.step for pair in pairs))
    allowed = scale.tolerance * floor + ROUNDING * scale.zero
    if factor <= 1 and len(pairs) > 1:
        kink = _kink(pairs, floor, scale.zero)
        if kink is not None and factor > SMALLEST:
            return result               # it may still lie beside the point
        if kink is not None:
            (low, high), slack = kink.sides, allowed + NOISE_SAFETY * kink.noise
            result.is_kink = True
            result.verdict = 'kink' if low - slack <= analytic <= high + slack else scale.outside
            result.numeric, result.uncertainty = min(max(analytic, low), high), kink.spread / 2
            return result
    claims_zero = abs(analytic) <= ROUNDING * scale.zero and uncertainty <= scale.zero
    is_near = result.error <= SHARP * floor and uncertainty <= 30 * SHARP * floor     # no accident
    if uncertainty > SHARP * floor and not claims_zero and not is_near:
        return result
    is_rough = len(pairs) == 1 and pairs[0].gap > KINK * floor
    if result.error <= allowed + uncertainty:
        result.verdict, result.is_zero = ('inconclusive' if is_rough else 'ok'), claims_zero
    elif len(pairs) > 2 and result.error > 10 * uncertainty and floor > scale.zero:
        result.verdict = 'wrong'
    return result


def _last_word(result: Comparison, scale: Scale) -> Comparison:
    """The verdict when all steps have been tried."""
    if math.isnan(result.numeric) or result.is_kink:
        return result
    size = max(abs(result.analytic), abs(result.numeric))
    accepted = scale.tolerance * size + result.uncertainty + ROUNDING * scale.zero
    if size + result.uncertainty <= scale.zero:
        result.verdict, result.is_zero = 'ok', True
    elif size + result.uncertainty <= SMALL * scale.largest and result.error <= 2 * accepted:
        result.verdict = 'ok'
    elif result.error > 10 * result.uncertainty + 2 * accepted:
        result.verdict = 'wrong'
    return result


def _best(pairs: list[Pair]) -> tuple[float, float]:
    """The best known slope and its uncertainty, from pairs in the order of falling steps. A single pair knows of
    truncation and kinks only that its slope lies between both sides."""
    if len(pairs) == 1:
        return pairs[0].slope, pairs[0].gap / 2 + NOISE_SAFETY * pairs[0].noise
    uncertainty, slope = min((_uncertainty(large, small), small.slope) for large, small in itertools.pairwise(pairs))
    return slope, uncertainty


def _uncertainty(large: Pair, small: Pair) -> float:
    """How far off the slope at the smaller of two steps may be."""
    ratio = large.step / small.step
    noise = NOISE_SAFETY * small.noise
    wide, narrow = large.gap, small.gap
    if narrow > wide / 4:               # a kink within the smaller step: any slope between both sides
        return narrow / 2 + noise
    if narrow * 4 * ratio < wide:       # one between the two steps, which the smaller one has left behind
        return narrow + noise
    # A smaller step lessens the truncation error by its square, what many kinks nearby contribute by itself.
    return 2 * abs(large.slope - small.slope) / (ratio - 1) + noise


def _kink(pairs: list[Pair], floor: float, zero: float) -> Pair | None:
    """The pair that shows a kink at the very point: left and right slopes that stay apart as the step falls."""
    apart = max(KINK * floor, zero)
    clear = [pair for pair in pairs if NOISE_SAFETY * pair.spread_noise < max(apart, pair.spread)]
    if len(clear) < 2:
        return None
    large, small = clear[-2:]
    return small if small.spread > apart and small.spread > large.spread / 4 else None


def _difference(y: Array, y0: Array) -> Array:
    """y - y0, and 0 where both are the same infinity."""
    difference = y - y0
    xp = array_module(difference)
    if not bool(xp.isfinite(difference).all()):
        difference = xp.where(y == y0, 0.0, difference)
    return difference


def _total(array: Array) -> float:
    return float(array.sum())
