"""What every block checks of its arguments, before it makes a node."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from deepfusion.components.data.checks import check_ID
from deepfusion.components.data.data import Data
from deepfusion.errors import NodeTypeError
from deepfusion.utils.names import refuse_unknown

Options = ParamSpec('Options')
Result = TypeVar('Result')

ONE, SEVERAL = ('x', 'memory', 'context'), ('inputs', 'levels')


def block(function: Callable[Options, Result]) -> Callable[Options, Result]:
    """A block whose ID, Data and names of options are checked: swapped, single for several, or misspelt ones are
    named in one sentence."""
    known = inspect.signature(function).parameters
    takes_others = any(p.kind is p.VAR_KEYWORD for p in known.values())

    @wraps(function)
    def checked(*args: Options.args, **options: Options.kwargs) -> Result:
        given: dict[str, Any] = {**dict(zip(known, args, strict=False)), **options}
        if 'ID' in given:
            check_ID(given['ID'], f'Block {function.__name__}')
        who = f"Block {function.__name__} '{given.get('ID')}'"
        if not takes_others:
            refuse_unknown([name for name in given if name not in known], list(known)[2:], who)
        for name, value in given.items():
            if name in ONE and not isinstance(value, Data) and value is not known[name].default:
                raise NodeTypeError(f'{who}: expected {name} to be Data; found {type(value).__name__} {value!r:.60}. '
                                    'Pass one Data, such as the output of a module.')
            if name in SEVERAL and not (isinstance(value, list | tuple) and all(isinstance(v, Data) for v in value)):
                raise NodeTypeError(f'{who}: expected {name} to be a list of Data; found {type(value).__name__} '
                                    f'{value!r:.60}. Pass a list, such as [shallow, deep].')
        return function(*args, **options)

    return checked
