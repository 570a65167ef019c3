"""Colouring by numbers: time, size, values, gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepfusion.errors import OptionError
from deepfusion.visualization.description import NodeNote
from deepfusion.visualization.text import duration, quantity
from deepfusion.visualization.view import Item, View

COLORINGS = ('frozen', 'time', 'size', 'values', 'gradient')
_MISSING = {'time': 'times; run net.forward() first', 'values': 'values; run net.forward() first',
            'gradient': 'derivatives; run net.forward() and net.backward() first', 'size': 'parameters'}


@dataclass
class Heat:
    """A scale from the smallest to the largest number in a view."""

    coloring: str
    low: float
    high: float

    def share_of(self, view: View, item: Item) -> float | None:
        """Where on the scale an item lies, from 0 to 1; None without a number."""
        number = amount(self.coloring, [view.description.nodes[k] for k in item.notes])
        if number is None:
            return None
        if self.coloring == 'time':
            return number / self.high if self.high else 0.0
        if number <= 0 or self.high <= self.low:
            return 0.0 if number <= self.low else 1.0
        return math.log(number / self.low) / math.log(self.high / self.low)

    def in_words(self) -> tuple[str, str]:
        """Both ends of the scale."""
        if self.coloring == 'time':
            return duration(0.0), duration(self.high)
        return quantity(self.low), quantity(self.high)


def heat_of(view: View, coloring: str) -> Heat | None:
    """The scale for a view; None for the colours of frozen and unfrozen.

    Raises:
        OptionError: Nothing in the view has the number asked for.
    """
    if coloring == 'frozen':
        return None
    numbers = [amount(coloring, [view.description.nodes[k] for k in item.notes])
               for item in view.items if item.kind in ('module', 'data', 'group')]
    known = [number for number in numbers if number is not None and number > 0]
    if not known:
        raise OptionError(f"Drawing: color={coloring!r} needs {_MISSING[coloring]}; found none in net "
                          f"'{view.description.name}'.")
    return Heat(coloring, min(known), max(known))


def amount(coloring: str, notes: list[NodeNote]) -> float | None:
    """The number of one node or of a group: sums of times and sizes, root mean squares of norms."""
    if coloring == 'time':
        times = [note.seconds for note in notes if note.seconds is not None]
        return sum(times) if times else None
    if coloring == 'size':
        count = sum(note.parameter_count for note in notes)
        return count or None
    norms = [norm for note in notes
             if (norm := note.value_norm if coloring == 'values' else note.deriv_norm) is not None
             and math.isfinite(norm)]
    return math.sqrt(sum(norm * norm for norm in norms) / len(norms)) if norms else None
