"""Checks of the options that models have in common."""

from deepfusion.errors import OptionError, ShapeError


def check_classes(model: str, num_classes: int) -> None:
    """Refuse a number of classes that is no whole number of at least 1."""
    if not isinstance(num_classes, int) or num_classes < 1:
        raise OptionError(f'{model}: expected num_classes to be a whole number of at least 1; found {num_classes!r}.')


def check_picture(model: str, image_shape: tuple[int, ...], smallest: int) -> tuple[int, ...]:
    """Refuse pictures that are no (channels, height, width), or smaller than a model can take."""
    shape = tuple(image_shape)
    if len(shape) != 3 or shape[0] < 1 or min(shape[1:]) < smallest:
        raise ShapeError(f'{model}: expected image_shape (channels, height, width) of at least {smallest}x{smallest} '
                         f'pixels; found {image_shape!r}.')
    return shape
