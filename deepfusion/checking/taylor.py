"""The Taylor test: how fast the remainder of the linear approximation falls, at no step in particular.

The remainder `f(x + t v) - f(x) - t g v` falls as t^2 where g is the gradient, and as t where it is not.
Reference: Farrell, Ham, Funke and Rognes, SIAM J. Sci. Comput. 35 (2013), section 5.
"""

import math
from collections.abc import Mapping
from typing import Any

from deepfusion.checking.numeric import EPS, NOISE_SAFETY, Line
from deepfusion.checking.report import TensorReport
from deepfusion.checking.subject import Subject, Tensor

Array = Any
FIRST, RATIO, COUNT = 0.1, 4.0, 9       # t = 0.1, 0.025, ... about 1.5e-6 of the tensor's scale


def check_order(subject: Subject, directions: Mapping[Tensor, Array], report: TensorReport, repeats: int) -> None:
    """Fill a report with the order of the remainder along a direction, and along its negative."""
    analytic = math.fsum(float((subject.gradients[t.data] * v).sum()) for t, v in directions.items())
    line = subject.line(directions)
    noise = NOISE_SAFETY * EPS * subject.size * subject.amplification
    distances = [FIRST / RATIO ** k for k in range(COUNT)]
    found = [_order(line, sign, analytic, distances, noise) for sign in (1.0, -1.0)]
    orders = [order for order, _, _ in found if order is not None]
    report.directions, report.steps, report.analytic = 2, tuple(distances), analytic
    worst = max(found, key=lambda item: item[1])
    report.max_error, report.numeric, report.uncertainty = worst[1], worst[2], noise / distances[-1]
    report.curve = [(t, abs(line.change(t) - t * analytic)) for t in distances]
    if not orders:                      # no remainder beyond rounding: the function is linear, and g its slope
        report.verdict, report.order = 'ok', None
        return
    low, high = min(orders), max(orders)
    report.order = low
    if low > 1.6:
        report.verdict = 'ok'
    elif high < 1.4:
        report.verdict = 'wrong'
        report.note = f'the remainder falls with order {low:.2f}, not 2'
    else:
        report.verdict = 'inconclusive'
        report.note = f'the remainder falls with orders {orders}: there are kinks nearby'


def _order(line: Line, sign: float, analytic: float, distances: list[float], noise: float
           ) -> tuple[float | None, float, float]:
    """The order at the smallest distances whose remainders are no noise, the relative error of the derivative
    that these remainders amount to, and the slope there."""
    changes = [line.change(sign * t) for t in distances]
    remainders = [abs(change - sign * t * analytic) for change, t in zip(changes, distances, strict=True)]
    usable = [k for k, remainder in enumerate(remainders) if remainder > 10 * noise]
    slope = sign * changes[-1] / distances[-1]
    if len(usable) < 2:
        return None, 0.0, slope
    last = usable[-1]
    first = usable[max(0, len(usable) - 3)]
    order = math.log(remainders[first] / remainders[last]) / math.log(distances[first] / distances[last])
    size = max(abs(analytic), abs(slope))
    return order, remainders[last] / distances[last] / size if size else 0.0, slope
