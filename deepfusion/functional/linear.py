"""A linear map of the last axis: all leading axes are rows of one product, whose parts run on different cores."""

from functools import lru_cache
from typing import Any

import numpy as np

from deepfusion.functional.parallel import FEW, product, product_into, split, split_sum
from deepfusion.functional.workspace import empty

Array = Any


def linear(xp: Any, x: Array, W: Array) -> Array:
    """`x W` for x (..., n) and W (n, m)."""
    y = empty(xp, (*x.shape[:-1], W.shape[1]), x.dtype)
    into, rows = as_rows(y), as_rows(x)
    split(xp, lambda share: product_into(into[share], rows[share], W, xp), len(rows), x.size + y.size)
    return y


def linear_gradient(xp: Any, x: Array, deriv: Array) -> Array:
    """`sum x^T dy` over all leading axes: the derivative of W in `linear`."""
    rows, derivs = as_rows(x), as_rows(deriv)
    return split_sum(xp, lambda share: (product(rows[share].T, derivs[share], xp),), len(rows), x.size + deriv.size)[0]


def column_sums(xp: Any, rows: Array) -> Array:
    """The sum of rows (N, n), (n,): a product with ones, which is the fastest way to add.

    >>> column_sums(np, np.arange(6.0).reshape(2, 3))
    array([3., 5., 7.])
    """
    if xp is np and rows.size <= FEW:
        return _ones(len(rows), rows.dtype).dot(rows)

    def task(share: slice) -> tuple[Array]:
        return (xp.matmul(xp.ones(len(rows[share]), rows.dtype), rows[share]),)

    return split_sum(xp, task, len(rows), rows.size)[0]


@lru_cache(maxsize=64)
def _ones(count: int, dtype: np.dtype) -> Array:
    return np.ones(count, dtype)


def as_rows(x: Array) -> Array:
    """(..., n) as (rows, n)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
