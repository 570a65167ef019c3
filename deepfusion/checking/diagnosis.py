"""What a constant ratio between analytic and numeric derivatives suggests."""

import math


def diagnose(ratio: float | None, cosine: float | None, batch: int, shape: tuple[int, ...]) -> str:
    """A ratio in words: which factor is too much or too little.

    >>> diagnose(0.25, 1.0, 4, (3, 2))
    'the derivative is 0.25 times what it should be: a factor of the batch size (4) too small'
    """
    if ratio is None or cosine is None:
        return 'the derivative is 0 everywhere' if ratio == 0 else ''
    if abs(cosine) < 1 - 1e-6 or not math.isfinite(ratio):
        return f'the derivative has another direction (cosine {cosine:.4f}): a term is missing or misplaced'
    if abs(ratio + 1) < 1e-3:
        return 'the derivative has the wrong sign (ratio -1)'
    words = f'the derivative is {ratio:.6g} times what it should be'
    size = abs(ratio)
    for name, factor in _factors(batch, shape):
        for value, how in ((factor, 'large'), (1 / factor, 'small')):
            if abs(size / value - 1) < 1e-3:
                sign = ', with the wrong sign' if ratio < 0 else ''
                return f'{words}: a factor of {name} too {how}{sign}'
    return words


def _factors(batch: int, shape: tuple[int, ...]) -> list[tuple[str, float]]:
    found = [('2', 2.0), ('4', 4.0)] if batch not in (2, 4) else []
    if batch > 1:
        found.append((f'the batch size ({batch})', float(batch)))
    found += [('2', 2.0), ('3', 3.0), ('4', 4.0), ('10', 10.0)]
    for axis, length in enumerate(shape):
        if length > 1:
            found.append((f'the length of axis {axis} ({length})', float(length)))
    if math.prod(shape) > 1:
        found.append((f'the number of entries ({math.prod(shape)})', float(math.prod(shape))))
    if len(shape) > 2:
        area = math.prod(shape[2:])
        found.append((f'the number of positions ({area})', float(area)))
    return found
