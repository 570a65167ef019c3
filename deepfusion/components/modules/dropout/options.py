"""The option that all dropouts share."""

from typing import Any

from deepfusion.components.modules.numbers import check_number


def check_p_keep(module: Any) -> None:
    """Refuse a `p_keep` that is no number above 0 and at most 1."""
    check_number(module, 'p_keep', 'Give the probability of keeping, which is 1 minus that of dropping.', above=0,
                 most=1)
