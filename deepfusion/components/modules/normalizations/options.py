"""Options that normalizations share."""

from dataclasses import dataclass
from typing import Any

from deepfusion.components.modules.numbers import check_number


def check_epsilon(module: Any) -> None:
    """Refuse an `epsilon` that is no positive number."""
    check_number(module, 'epsilon', 'The usual 1e-5 is the default.', above=0)


def check_channels(module: Any, shape: tuple[int, ...], least: int = 2, most: int | None = None) -> None:
    """Refuse an input whose rank is out of range; (B, C) has rank 2."""
    if len(shape) < least or (most is not None and len(shape) > most):
        places = ', ...' if least > 2 else ') or (B, C, ...'
        ranks = f'{least} to {most}' if most is not None else f'{least} or more'
        raise module.shape_error(f'an input of rank {ranks}, (B, C{places})',
                                 f"'{module.inputs[0].ID}' of shape {shape}", 'Reshape it first.')


@dataclass(frozen=True)
class AxesLast:
    """The transposition that brings the axes to normalize over to the end, and back."""

    order: tuple[int, ...]
    reverse: tuple[int, ...]
    count: int                              # of axes to normalize over
    parameter_shape: tuple[int, ...]        # the size of x along those axes, 1 elsewhere

    @classmethod
    def of(cls, module: Any, shape: tuple[int, ...]) -> 'AxesLast':
        """What `module.axes` means for a shape; None stands for all besides the batch axis."""
        rank = len(shape)
        chosen = range(1, rank) if module.axes is None else module.axes
        axes = {i + rank if i < 0 else i for i in ((chosen,) if isinstance(chosen, int) else chosen)}
        if not axes or min(axes) < 1 or max(axes) >= rank:
            raise module.shape_error('axes to normalize over, other than the batch axis 0',
                                     f"axes={module.axes} for '{module.inputs[0].ID}' of shape {shape}",
                                     'Choose among 1, 2, ..., or count from the last with -1.')
        order = tuple(sorted(range(rank), key=lambda i: (i in axes, i)))
        reverse = tuple(order.index(i) for i in range(rank))
        return cls(order, reverse, len(axes), tuple(n if i in axes else 1 for i, n in enumerate(shape)))

    def there(self, array: Any) -> Any:
        """A view with the axes to normalize over at the end."""
        return array.transpose(self.order)

    def back(self, array: Any) -> Any:
        """The reverse of `there`."""
        return array.transpose(self.reverse)
