"""The filters of Winograd's minimal filtering, transformed and multiplied, and kept where they stay the same."""

from typing import Any

import numpy as np

from deepfusion.functional.parallel import BLOCK, matmul, product_into, split
from deepfusion.functional.winograd_maps import filter_map
from deepfusion.functional.workspace import empty

Array = Any

FEW = 128 * 128    # filters times channels, up to which the transformed filters leave room in a core's cache
SLAB = 1 << 22     # numbers in a slab of more of them
SAMPLE = 1024      # numbers of the filters by which most changes are noticed


class KeptFilters:
    """Transformed filters that are used again while the filters stay the same: in test mode, or when they are frozen.

    They are kept from the second pass on that finds the same filters, so training never does. Filters are compared by
    a sample of their numbers and, when that is the same, by all: whoever changes them in place is noticed.
    """

    def __init__(self) -> None:
        self._sample: Array = None
        self._weight: Array = None
        self._U: Array = None

    def find(self, filters: 'Filters', weight: Array) -> Array:
        """U of `filters`, made of `weight`; or None when it is not worth to keep it, or not yet."""
        sample = np.append(weight.reshape(-1)[::-(-weight.size // SAMPLE)], filters.points)
        if self._sample is None or sample.dtype != self._sample.dtype or not np.array_equal(sample, self._sample):
            self._sample, self._weight, self._U = sample, None, None
        elif self._U is None or not _same(weight, self._weight):
            self._weight, self._U = weight.copy(), filters.transformed(filters.taps)
        return self._U

    def __deepcopy__(self, memo: Any) -> 'KeptFilters':
        return KeptFilters()


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and all(split(np, lambda share: np.array_equal(a[share], b[share]), len(a), a.size))


class Filters:
    """Filters as matrices U, one for each point, (C, O), or (O, C) when transposed: small products with a matrix that
    is transposed on the way take twice as long.

    U takes four times the memory of the filters (m = 4). So that many filters stay in cache they are transformed and
    multiplied a slab of columns at a time; the whole of U is there only when it is kept.
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
        if self.U is not None:
            return matmul(V, self.U, self.xp, out)

        def task(share: slice) -> None:
            product_into(out[:, :, share], V, self.transformed(self.taps[:, :, share]), self.xp)

        split(self.xp, task, out.shape[-1], self.points * self.count * self.channels, SLAB)
        return out

    def derivative(self, dM: Array, V: Array) -> Array:
        """The derivative of the filters (O, C, 9), from dM (points, N, O) and V (points, N, C)."""
        dw = empty(self.xp, (self.count, self.channels, 9), dM.dtype)

        def task(share: slice) -> None:
            dU = matmul(dM[:, :, share].swapaxes(1, 2), V, self.xp)
            product_into(dw[share], dU.transpose(1, 2, 0), self.G, self.xp)

        split(self.xp, task, self.count, self.points * self.count * self.channels, SLAB)
        return dw

    def transformed(self, taps: Array) -> Array:
        """(rows, 9, columns) -> (points, rows, columns)"""
        U = empty(self.xp, (self.points, taps.shape[0], taps.shape[2]), taps.dtype)

        def task(share: slice) -> None:
            product_into(U[:, share].transpose(1, 0, 2), self.G, self.xp.ascontiguousarray(taps[share]), self.xp)

        split(self.xp, task, len(taps), U.size, BLOCK)
        return U
