"""The filters of Winograd's minimal filtering, transformed and multiplied, and kept where they stay the same."""

from math import prod
from typing import Any

import numpy as np

from deepfusion.functional.panels import panel_width, product_of_panels
from deepfusion.functional.parallel import AT_ONCE, matmul, product_into, shares, split
from deepfusion.functional.winograd_maps import filter_map
from deepfusion.functional.workspace import empty

Array = Any

FEW = 128 * 64     # filters times channels, up to which the transformed filters leave room in a core's cache
WIDE = 64          # columns of U that are transformed and multiplied at a time, while they are near
# Filters and channels whose derivatives are made at a time: SMALL where tiles are few, as OpenBLAS takes such operands
# as they are; else all channels and many filters, LARGE pairs, so that it need not arrange the channels often.
SMALL, LARGE = (64, 128), 1 << 17
PAD = 16           # numbers between points: at multiples of 4 KB they would push one another out of the cache
SAMPLE = 64        # numbers of the filters by which most changes are noticed


class KeptFilters:
    """Transformed filters that are used again while the filters stay the same: in test mode, or when they are frozen.

    They are kept from the second pass on that finds the same filters, so training never does. Filters are compared by
    a sample of their numbers and, when that is the same, by all, unless nobody can have written into them: whoever
    changes them in place is noticed.

    Attributes: `stamp`, to be set before each pass: the same object as before where nobody can have, or None.
    """

    def __init__(self) -> None:
        self.stamp: object = None
        # Of the last filters: their stamp, what they were made into, and some of their numbers.
        self._seen: object = None
        self._settings: tuple[Any, ...] = ()
        self._sample = b''
        self._found: Transformed | None = None

    def find(self, weight: Array, m: int, scale: Array | None = None) -> 'Transformed | None':
        """What was made of `weight`, each filter times its number in `scale`; None when it is not worth to keep it, or
        not yet."""
        untouched = self.stamp is not None and self.stamp is self._seen
        self._seen, self.stamp = self.stamp, None
        settings = m, scale is not None and scale.tobytes()
        sample = self._sample if untouched else weight.reshape(-1)[::-(-weight.size // SAMPLE)].tobytes()
        if (settings, sample) != (self._settings, self._sample):
            self._settings, self._sample, self._found = settings, sample, None
        elif self._found is None or not (untouched or _same(weight, self._found.weight)):
            self._found = Transformed(weight, m, scale)
        return self._found

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies start anew."""
        return KeptFilters, ()


class Transformed:
    """Filters, and U of them for both directions, each made when it is first asked for.

    Attributes: `weight`, what they were made of; `filters`, that times `scale`.
    """

    def __init__(self, weight: Array, m: int, scale: Array | None = None) -> None:
        self.weight, self._m = weight.copy(), m
        self.filters = scaled(self.weight, scale)
        self._made: dict[bool, Array] = {}

    def U(self, transposed: bool) -> Array:
        """As `Filters.U`."""
        if transposed not in self._made:
            filters = Filters(np, self.filters, self._m, transposed)
            self._made[transposed] = filters.transformed(filters.taps)
        return self._made[transposed]


def scaled(weight: Array, scale: Array | None) -> Array:
    """Each filter times its number."""
    return weight if scale is None else weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))


def _same(a: Array, b: Array) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return all(split(np, lambda share: np.array_equal(a[share], b[share]), len(a), a.size))


class Filters:
    """Filters as matrices U, one for each point, (C, O), or (O, C) when transposed: small products with a matrix that
    is transposed on the way take twice as long.

    U takes four times the memory of the filters (m = 4). So that many filters stay in cache they are transformed and
    multiplied a slab of columns at a time; the whole of U is there only when it is kept. Many filters lie as panels,
    (panels, C, columns of a panel) for each point, which OpenBLAS multiplies without arranging them first.
    """

    def __init__(self, xp: Any, weight: Array, m: int, transposed: bool = False) -> None:
        self.xp, self.points = xp, (m + 2) ** 2
        self.count, self.channels = weight.shape[:2]
        self.few = self.count * self.channels <= FEW
        taps = weight.reshape(self.count, self.channels, 9)
        self.taps = taps.transpose(0, 2, 1) if transposed else taps.transpose(1, 2, 0)     # (rows, 9, columns)
        self.G = xp.asarray(filter_map(m, np.dtype(weight.dtype)))
        self.U: Array = None

    def transform(self) -> None:
        """Make the whole of U beforehand, unless it is there."""
        self.U = self.transformed(self.taps) if self.U is None else self.U

    def times(self, V: Array, out: Array) -> Array:
        """V (points, N, rows) times U, into out (points, N, columns)."""
        if self.few:
            return matmul(V, self.U, self.xp, out)
        if self.U is not None:
            split(self.xp, lambda share: product_of_panels(out[share], V[share], self.U[share], self.xp),
                  self.points, self.U.size)
            return out

        def task(share: slice) -> None:
            for first in range(share.start * WIDE, min(share.stop * WIDE, out.shape[-1]), WIDE):
                self._times_slab(V, out, slice(first, first + WIDE))

        split(self.xp, task, -(-out.shape[-1] // WIDE), self.points * self.count * self.channels)
        return out

    def _times_slab(self, V: Array, out: Array, columns: slice) -> None:
        """Half of the points at a time: what is transformed then stays in cache, and the same memory serves again."""
        taps = self.taps[:, :, columns]
        panels = self._in_panels(taps, self._width(taps))
        count, rows, _, width = panels.shape
        U = self._matrices(self.points // 2, (count, rows, width), panels.dtype)
        for half in shares(self.points, 2):
            self._transform(panels, self.G[half], U)
            product_of_panels(out[half, :, columns], V[half], U, self.xp)

    def derivative(self, dM: Array, V: Array) -> Array:
        """The derivative of the filters (O, C, 9), from dM (points, N, O) and V (points, N, C)."""
        dw = empty(self.xp, (self.count, self.channels, 9), dM.dtype)
        filters, channels = SMALL if prod(SMALL) * V.shape[1] <= AT_ONCE else (LARGE // self.channels, self.channels)
        channels = min(channels, self.channels)

        def task(share: slice) -> None:
            d = dM[:, :, share].swapaxes(1, 2)
            room = self._matrices(self.points, (d.shape[1], channels), dM.dtype)
            for first in range(0, self.channels, channels):
                v = V[:, :, first:first + channels]
                dU = matmul(d, v, self.xp, room[..., :v.shape[2]])
                product_into(dw[share, first:first + channels], dU.transpose(1, 2, 0), self.G, self.xp)

        each = self.points * self.channels
        split(self.xp, task, self.count, each * self.count, each * filters)
        return dw

    def transformed(self, taps: Array) -> Array:
        """(rows, 9, columns) -> (points, rows, columns), or (points, panels, rows, columns of a panel)"""
        (rows, _, columns), width = taps.shape, self._width(taps)
        U = self._matrices(self.points, (columns // width, rows, width), taps.dtype)

        def task(share: slice) -> None:
            self._transform(self._in_panels(taps[share], width), self.G, U[:, :, share])

        split(self.xp, task, rows, U.size)
        return U[:, 0] if self.few else U

    def _transform(self, panels: Array, G: Array, U: Array) -> None:
        """(panels, rows, 9, columns of a panel) -> U (points, panels, rows, columns of a panel)"""
        product_into(U.transpose(1, 2, 0, 3), G, panels, self.xp)

    def _in_panels(self, taps: Array, width: int) -> Array:
        """(rows, 9, columns) -> (panels, rows, 9, columns of a panel), a copy, from which products are quicker"""
        view = taps.reshape(*taps.shape[:2], -1, width).transpose(2, 0, 1, 3)
        panels = empty(self.xp, view.shape, taps.dtype)
        panels[...] = view
        return panels

    def _width(self, taps: Array) -> int:
        """Of panels; columns that it does not divide stay together."""
        columns = taps.shape[2]
        return columns if self.few else panel_width(columns) or columns

    def _matrices(self, points: int, shape: tuple[int, ...], dtype: Any) -> Array:
        """Memory for something of that shape for each point."""
        size = prod(shape)
        return empty(self.xp, (points, size + PAD), dtype)[:, :size].reshape(-1, *shape)
