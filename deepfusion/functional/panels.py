"""Many products with the same matrix, which is laid out for them once.

OpenBLAS arranges the operands of a product before it multiplies them, which takes a third of the time when one has only
some tens of rows; not where there are few multiplications. So the matrix is cut into panels that stay in the nearest
cache, each in one stretch of memory, and a few rows at a time are multiplied with each.
"""

from typing import Any

import numpy as np

from deepfusion.functional.parallel import AT_ONCE, product_into

Array = Any

COLUMNS = 32      # of a panel
DEPTH = 288       # most rows of a panel: 36 KB of float32


class Factor:
    """A matrix (K, N) by which others (rows, K) are multiplied, on the right.

    When it is deep it is cut across as well, and the products of the blocks are added up.
    """

    def __init__(self, xp: Any, matrix: Array, in_panels: bool = True) -> None:
        self.xp, self.matrix = xp, xp.ascontiguousarray(matrix)
        self.panels: Array = None
        self.rows = range(0)        # how many rows are few enough for panels to pay
        depth, width = matrix.shape
        blocks = max(1, -(-depth // DEPTH))
        if xp is np and in_panels and matrix.size and depth % blocks == width % COLUMNS == 0:
            self.panels = np.ascontiguousarray(
                self.matrix.reshape(blocks, depth // blocks, width // COLUMNS, COLUMNS).swapaxes(1, 2))
            self.rows = range(AT_ONCE // matrix.size + 1, AT_ONCE // (depth // blocks * COLUMNS) + 1)

    def times(self, a: Array, out: Array) -> None:
        """`a @ matrix`, into `out`."""
        rows = len(a)
        if rows not in self.rows:
            return product_into(out, a, self.matrix, self.xp)
        blocks, panels, depth, columns = self.panels.shape
        sums = out if blocks == 1 else np.empty((blocks, *out.shape), out.dtype)
        np.matmul(a.reshape(rows, blocks, 1, depth).transpose(1, 2, 0, 3), self.panels,
                  out=sums.reshape(blocks, rows, panels, columns).transpose(0, 2, 1, 3))
        if blocks > 1:
            np.add.reduce(sums, axis=0, out=out)
