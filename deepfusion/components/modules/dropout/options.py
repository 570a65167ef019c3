"""The option that all dropouts share."""

from numbers import Real
from typing import Any

from deepfusion.errors import OptionError


def check_p_keep(module: Any) -> None:
    """Refuse a `p_keep` that is no number above 0 and at most 1."""
    p = module.p_keep
    if isinstance(p, bool) or not isinstance(p, Real) or not 0 < float(p) <= 1:
        raise OptionError(f'{module!r}: expected p_keep above 0 and at most 1; found {p!r}. '
                          'Give the probability of keeping, which is 1 minus that of dropping.')
