"""The check that several activation functions share."""

from numbers import Real
from typing import Any

from deepfusion.errors import OptionError


def check_number(module: Any, name: str) -> None:
    """Refuse an option that is no finite number."""
    value = getattr(module, name)
    if isinstance(value, bool) or not isinstance(value, Real) or not -float('inf') < float(value) < float('inf'):
        raise OptionError(f'{module!r}: expected {name} to be a number; found {value!r}. '
                          'Leave it away for the usual one.')


def check_positive(module: Any, name: str) -> None:
    """Refuse an option that is no positive number."""
    value = getattr(module, name)
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < float('inf'):
        raise OptionError(f'{module!r}: expected {name} to be a positive number; found {value!r}. '
                          'The usual 1.0 is the default.')
