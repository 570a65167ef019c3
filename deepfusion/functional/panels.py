"""Products with matrices that lie as panels.

OpenBLAS arranges the operands of a product before it multiplies them, which takes a third of the time when one has only
some tens of rows; not where there are few multiplications. So a matrix by which few rows are multiplied, or which is
only just made, is cut into panels of some columns that stay in the nearest cache, each in one stretch of memory.
"""

from typing import Any

import numpy as np

from deepfusion.functional.parallel import AT_ONCE, product_by_rows, product_into
from deepfusion.functional.workspace import empty

Array = Any

COLUMNS = 64, 32  # of a panel, the wider ones where they fit
DEPTH = 288       # most rows of a panel
MOST = 4          # times as many rows as are multiplied at once, up to which panels pay
FEWEST = 12       # rows at a time; with fewer it is quicker to arrange the operands


class Factor:
    """A matrix (K, N) by which others (rows, K) are multiplied, on the right.

    When it is deep it is cut across as well, and the products of the blocks are added up.
    """

    def __init__(self, xp: Any, matrix: Array, in_panels: bool = True) -> None:
        self.xp, self.matrix = xp, xp.ascontiguousarray(matrix)
        self.panels: Array = None
        self.rows = range(0)        # how many rows are few enough for panels to pay,
        self.at_once = 0            # and up to how many are multiplied by a panel at once
        depth, width = matrix.shape
        blocks = max(1, -(-depth // DEPTH))
        columns = panel_width(width)
        if xp is np and in_panels and matrix.size and depth % blocks == 0 and columns:
            cut = self.matrix.reshape(blocks, depth // blocks, width // columns, columns).swapaxes(1, 2)
            self.panels = empty(np, cut.shape, cut.dtype)
            self.panels[...] = cut
            self.at_once = AT_ONCE // (depth // blocks * columns)
            self.rows = range(AT_ONCE // matrix.size + 1, MOST * self.at_once + 1)

    def times(self, a: Array, out: Array) -> None:
        """`a @ matrix`, into `out`."""
        rows = len(a)
        if rows not in self.rows:
            return product_into(out, a, self.matrix, self.xp)
        blocks, panels, depth, columns = self.panels.shape
        sums = out if blocks == 1 else np.empty((blocks, *out.shape), out.dtype)
        a = a.reshape(rows, blocks, 1, depth).transpose(1, 2, 0, 3)
        into = sums.reshape(blocks, rows, panels, columns).transpose(0, 2, 1, 3)
        if rows <= self.at_once:
            np.matmul(a, self.panels, out=into)
        else:
            product_by_rows(into, a, self.panels)
        if blocks > 1:
            np.add.reduce(sums, axis=0, out=out)


def panel_width(columns: int) -> int:
    """How many of the columns of a matrix make a panel; 0 where none of the widths divides them."""
    return next((width for width in COLUMNS if columns % width == 0), 0)


def product_of_panels(out: Array, a: Array, panels: Array, xp: Any) -> None:
    """The product of a (..., rows, K) and a matrix that is given as panels (..., n, K, columns), side by side in `out`,
    in this thread. OpenBLAS takes narrow panels as they are, see `product_by_rows`."""
    count, depth, width = panels.shape[-3:]
    into, a = out.reshape(*out.shape[:-1], count, width).swapaxes(-3, -2), a[..., None, :, :]       # views
    if xp is np and 0 < depth * width <= AT_ONCE // FEWEST:
        product_by_rows(into, a, panels)
    else:
        product_into(into, a, panels, xp)
