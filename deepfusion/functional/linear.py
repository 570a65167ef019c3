"""A linear map of the last axis: all leading axes are rows of one product, whose parts run on different cores."""

from typing import Any

from deepfusion.functional.parallel import product, product_into, split, split_sum
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


def as_rows(x: Array) -> Array:
    """(..., n) as (rows, n)."""
    return x.reshape(-1, x.shape[-1])
