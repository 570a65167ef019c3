"""Ways to draw the inputs of a `Case`, where standard normal numbers would miss what matters."""

import numpy as np


def far(rng, shape):
    """Small numbers, and some that overflow a careless exponential; none nearer to 0 than steps of 1e-6 reach."""
    x = rng.standard_normal(shape) * 10 ** rng.uniform(-1, 4, shape)
    return np.where(np.abs(x) < 1e-2, 0.5, x)


def around(centre):
    """Numbers around another centre than 0."""
    return lambda rng, shape: centre + rng.standard_normal(shape)
