"""Long ribbons broken into rows, as text is: edges go on in the next row, led there between the rows.

Works on finished layouts, whoever made them. Inside, everything flows to the right and rows follow downwards.
"""

from __future__ import annotations

import math
from bisect import bisect
from itertools import accumulate

from deepfusion.visualization.layout.model import Layout, flowing_right, from_flowing_right
from deepfusion.visualization.layout.rows import Rows

LONG, RATIO = 5000.0, 7.0           # a ribbon is broken when it is longer than both say
ASPECT = 1.6                        # of the whole, width to height
LEAST_STRIP = 12.0                  # where a break may be
BALANCE, FRAME = 20.0, 5.0          # in passing edges: the price of a row of twice the length, of breaking a frame
FEW = 12                            # more edges than these are not led from row to row


def wrap_layout(layout: Layout, wrap: bool | None = None) -> Layout:
    """Break a layout into rows (columns, where it flows up or down) where that helps.

    Args:
        wrap: True: in any case where it can be done; False: never; None: when it is a long ribbon.
    """
    ribbon = flowing_right(layout)
    is_long = ribbon.width > LONG and ribbon.width > RATIO * ribbon.height
    if wrap is False or (wrap is None and not is_long) or not layout.nodes:
        return layout
    cuts = _cuts(ribbon)
    if not cuts:
        return layout
    return from_flowing_right(Rows(ribbon, cuts).layout(), layout.orientation)


def _cuts(ribbon: Layout) -> list[float]:
    """Where to break: between nodes, where few edges pass, in rows of about one length."""
    length = math.sqrt(ribbon.width * (ribbon.height + 30) * ASPECT)
    if ribbon.width < 1.5 * length:
        return []
    rows = max(2, round(ribbon.width / length))
    length = ribbon.width / rows
    places = _between_nodes(ribbon)
    passing = _passing(places, [(min(p.x for p in route), max(p.x for p in route)) for route in ribbon.routes])
    broken = _passing(places, [(part.box.x, part.box.right) for part in ribbon.frames])
    cuts: list[float] = []
    for row in range(1, rows):
        near = [k for k, place in enumerate(places)
                if abs(place - row * length) <= 0.3 * length and passing[k] <= FEW]
        if not near:
            continue                # no good place to break: this row will be longer
        best = min(near, key=lambda k: passing[k] + FRAME * broken[k] + BALANCE * abs(places[k] / length - row))
        cuts.append(places[best])
    return cuts


def _between_nodes(ribbon: Layout) -> list[float]:
    """The middles of all strips without a node, but for the narrow ones between a module and its word."""
    places, reach = [], -math.inf
    for box in sorted(ribbon.nodes):
        if box.x > reach + LEAST_STRIP and reach > -math.inf:
            places.append((box.x + reach) / 2)
        reach = max(reach, box.right)
    return places


def _passing(places: list[float], spans: list[tuple[float, float]]) -> list[int]:
    """How many spans (from, to) each place lies in."""
    change = [0] * (len(places) + 1)
    for start, stop in spans:
        change[bisect(places, start)] += 1
        change[bisect(places, stop)] -= 1
    return list(accumulate(change[:-1]))
