"""Looking names up, and answering unknown ones with the nearest known ones."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from deepfusion.errors import UnknownNameError

T = TypeVar('T')


def near_matches(name: object, known: Iterable[str]) -> str:
    """' Did you mean ...?', with up to three nearest names, or a list of the known ones when none is near."""
    known = [str(k) for k in known]
    folded = {k.lower(): k for k in known}
    near = [folded[k] for k in difflib.get_close_matches(str(name).lower(), folded, n=3, cutoff=0.5)]
    if near:
        return 'Did you mean ' + ' or '.join(repr(k) for k in near) + '?'
    shown = ', '.join(repr(k) for k in known[:12])
    return f'Choose from {shown}{", ..." if len(known) > 12 else ""}.' if known else 'There are none.'


def look_up(name: object, known: Mapping[str, T], kind: str) -> T:
    """`known[name]`, or an `UnknownNameError` that names the nearest ones.

    >>> look_up('adam', {'Adam': 1, 'SGD': 2}, 'optimizer')
    Traceback (most recent call last):
    deepfusion.errors.UnknownNameError: No optimizer is called 'adam'. Did you mean 'Adam'?
    """
    if isinstance(name, str) and name in known:
        return known[name]
    raise UnknownNameError(f'No {kind} is called {name!r}. {near_matches(name, known)}')


def refuse_unknown(names: Iterable[str], known: Iterable[str], who: str) -> None:
    """An `UnknownNameError` for the first option that is not known.

    >>> refuse_unknown(['widht'], ['width'], "Block 'f'")
    Traceback (most recent call last):
    deepfusion.errors.UnknownNameError: Block 'f': expected options that it has; found 'widht'. Did you mean 'width'?
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise UnknownNameError(f'{who}: expected options that it has; found {name!r}. {near_matches(name, known)}')
