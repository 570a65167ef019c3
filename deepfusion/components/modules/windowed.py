"""What modules that slide windows over volumes check alike: ranks, options, and that a window fits."""

from typing import Any

from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.functional.windows import Windows, per_axis, per_side

_AXES = {1: '(B, C, L)', 2: '(B, C, H, W)', 3: '(B, C, D, H, W)'}


def check_volume(module: Module, shape: tuple[int, ...], rank: int) -> None:
    """Refuse an input that has not batch, channels and `rank` spatial axes."""
    if len(shape) != rank + 2:
        raise module.shape_error(f'an input of rank {rank + 2} {_AXES[rank]}', _named(module, shape),
                                 f'Reshape it, or use the form of {type(module).__name__} for its rank.')


def make_windows(module: Module, rank: int, filter_size: Any, stride: Any, padding: Any, dilation: Any = 1
                 ) -> Windows:
    """The windows that a module's options describe; stride None is a stride of the window's size."""
    try:
        size = per_axis(filter_size, rank, 'filter_size')
        steps = size if stride is None else per_axis(stride, rank, 'stride')
        gaps = per_axis(dilation, rank, 'dilation')
        return Windows(size, steps, per_side(padding, size, steps, gaps), gaps)
    except ValueError as error:
        raise OptionError(f'{module!r}: {error}') from None


def windowed_size(module: Module, shape: tuple[int, ...], windows: Windows, ceil_mode: bool = False
                  ) -> tuple[int, ...]:
    """The spatial size of the output; refuses windows that do not fit into the padded input."""
    output = windows.output_size(shape[2:], ceil_mode)
    if min(output) < 1:
        padded = tuple(n + sum(p) for n, p in zip(shape[2:], windows.padding, strict=True))
        raise module.shape_error(f'a padded input no smaller than the window {windows.extent}',
                                 f'{padded} from {_named(module, shape)}',
                                 'Use a smaller filter_size or dilation, or more padding.')
    return output


def check_count(module: Module, value: Any, name: str) -> int:
    """Refuse an option that is no whole number of at least 1."""
    try:
        return per_axis(value, 1, name)[0]
    except ValueError:
        raise OptionError(f'{module!r}: expected {name} to be an integer of at least 1; found {value!r}. '
                          'Use a whole number.') from None


def check_groups(module: Module, shape: tuple[int, ...], filter_count: int, groups: int) -> None:
    """Refuse groups that do not divide the channels and the filters."""
    check_count(module, groups, 'groups')
    if shape[1] % groups or filter_count % groups:
        raise module.shape_error(f'channels and filter_count to be multiples of groups={groups}',
                                 f'{_named(module, shape)} and filter_count={filter_count}',
                                 'Choose groups that divide both.')


def _named(module: Module, shape: tuple[int, ...]) -> str:
    return f"'{module.inputs[0].ID}' of shape {shape}"
