"""Options that normalizations share."""

from numbers import Real
from typing import Any

from deepfusion.errors import OptionError


def check_epsilon(module: Any) -> None:
    """Refuse an `epsilon` that is no positive number."""
    epsilon = module.epsilon
    if isinstance(epsilon, bool) or not isinstance(epsilon, Real) or not 0 < float(epsilon) < float('inf'):
        raise OptionError(f'{module!r}: expected epsilon to be a positive number; found {epsilon!r}. '
                          'The usual 1e-5 is the default.')


def normalized_axes(module: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """`module.axes` as ascending numbers from 1; all besides the batch axis for None."""
    axes, rank = module.axes, len(shape)
    if axes is None:
        axes = tuple(range(1, rank))
    found = tuple(sorted({i + rank if i < 0 else i for i in ((axes,) if isinstance(axes, int) else axes)}))
    if not found or found[0] < 1 or found[-1] >= rank:
        raise module.shape_error('axes to normalize over, other than the batch axis 0',
                                 f"axes={module.axes} for '{module.inputs[0].ID}' of shape {shape}",
                                 'Choose among 1, 2, ..., or count from the last with -1.')
    return found
