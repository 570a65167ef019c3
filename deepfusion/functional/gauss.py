"""The distribution function of the standard normal distribution; NumPy has none."""

from math import pi, sqrt
from typing import Any

from deepfusion.utils.backend import array_module

Array = Any

# (1 + 2 z) exp(z^2) erfc(z) for z >= 0 as a polynomial of t = (z - 3.75) / (z + 3.75), lowest power first: the
# Chebyshev series, of which 23 terms give 4e-16. After Shepherd and Laframboise 1981, "Chebyshev
# approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity".
_DOUBLE = (
    1.2375126308378275, -0.14024059858554525, 0.0035854154854790257, 0.08227673848999506, -0.10880393014244462,
    0.09230432116428125, -0.05869339857664934, 0.02836227737211114, -0.009746579683265262, 0.0017556261651970652,
    0.000293714378044958, -0.00029015535246077655, 5.164652974177416e-05, 2.2387565714911816e-05,
    -1.1438048033346894e-05, -9.792625707303523e-07, 1.7419821586224816e-06, -5.084465378687302e-08,
    -2.4857126248016745e-07, 1.879082322370048e-08, 3.197926671666804e-08, -1.9551358868985616e-09,
    -2.623107347133476e-09)
# artanh(2 P(x) - 1) / x as a polynomial of x^2 up to x = 6, least in the largest error of P: 3e-8.
_SINGLE = (
    0.797884941, 0.0363330845, -3.25948185e-05, -5.53062688e-05,
    3.96475988e-06, -1.32264708e-07, 1.75621272e-09)

FAR = 40.0            # beyond it the density is 0 in either precision, and squares might overflow


def normal_cdf(x: Array) -> Array:
    """The probability that a standard normal number is below x: `(1 + erf(x / sqrt 2)) / 2`.

    >>> import numpy as np
    >>> normal_cdf(np.array([-1e4, 0., 1.96])).round(3)
    array([0.   , 0.5  , 0.975])
    """
    xp = array_module(x)
    if x.dtype.itemsize == 4:
        near = xp.clip(x, -6, 6)
        near *= _polynomial(near * near, _SINGLE)
        return 0.5 + 0.5 * xp.tanh(near)
    z = xp.minimum(abs(x), FAR) * (1 / sqrt(2))
    tail = _polynomial((z - 3.75) / (z + 3.75), _DOUBLE)
    tail *= xp.exp(-z * z) / (2 + 4 * z)               # now the probability beyond |x|
    return abs((x > 0) - tail)


def _polynomial(x: Array, terms: tuple[float, ...]) -> Array:
    value = x * terms[-1]
    for term in terms[-2:0:-1]:
        value += term
        value *= x
    value += terms[0]
    return value


def normal_density(x: Array) -> Array:
    """`exp(-x^2 / 2) / sqrt(2 pi)`."""
    xp = array_module(x)
    z = xp.clip(x, -FAR, FAR)
    return xp.exp(z * z * -0.5) * (1 / sqrt(2 * pi))
