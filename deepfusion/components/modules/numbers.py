"""The check of options that are one number."""

from math import inf
from numbers import Real
from typing import Any

from deepfusion.errors import OptionError


def check_number(module: Any, name: str, fix: str, above: float = -inf, least: float = -inf, most: float = inf) -> None:
    """Refuse an option that is no finite number in its range.

    Args:
        module: Whose option it is.
        name: Its name.
        fix: What to give instead, for the error.
        above, least, most: The range; `above` is outside of it.
    """
    value = getattr(module, name)
    if not isinstance(value, bool) and isinstance(value, Real) and abs(float(value)) < inf \
            and above < float(value) and least <= float(value) <= most:
        return
    low = f' above {above:g}' if above > -inf else f' of at least {least:g}' if least > -inf else ''
    high = f' and at most {most:g}' if most < inf else ''
    raise OptionError(f'{module!r}: expected {name} to be a number{low}{high}; found {value!r}. {fix}')
