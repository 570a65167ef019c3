"""What every block checks of its arguments before it makes a node, and what it takes back where it fails."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

from deepfusion.components.data.checks import check_ID
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import NodeTypeError, OptionError
from deepfusion.functional.windows import per_axis
from deepfusion.utils.names import refuse_unknown

Options = ParamSpec('Options')
Result = TypeVar('Result')

ONE, SEVERAL = ('x', 'memory', 'context'), ('inputs', 'levels')
WIRING = {'ID', 'inputs', 'output', 'filter_count', 'out_features'}     # what blocks give to modules themselves


def block(*takers: type[Module]) -> Callable[[Callable[Options, Result]], Callable[Options, Result]]:
    """A block whose ID, Data and names of options are checked: swapped, single for several, or misspelt ones are
    named in one sentence. Where it fails, its Data are as they were.

    Args:
        takers: The modules that `**options` go to, all of which have to know them. None where something else takes
            and checks them.
    """
    def checked_block(function: Callable[Options, Result]) -> Callable[Options, Result]:
        vars(function)['takers'] = takers           # `wraps` copies it
        parameters, names = signature(function).parameters, option_names(function)

        @wraps(function)
        def checked(*args: Options.args, **options: Options.kwargs) -> Result:
            given: dict[str, Any] = {**dict(zip(parameters, args, strict=False)), **options}
            _check_arguments(function.__name__, given, parameters, names)
            with _all_or_nothing(given.values()):
                return function(*args, **options)

        return checked

    return checked_block


def option_names(function: Callable[..., Any]) -> list[str] | None:
    """The options that a block or a way to fuse has besides its ID and Data; None where nobody knows all of them."""
    parameters = signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][2:]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        return names
    takers = getattr(function.func if isinstance(function, partial) else function, 'takers', ())
    if not takers:
        return None
    first, *others = (signature(taker).parameters for taker in takers)
    return names + [name for name in first if name not in {*names, *WIRING} and all(name in other for other in others)]


def _check_arguments(kind: str, given: dict[str, Any], parameters: Mapping[str, Parameter], names: list[str] | None
                     ) -> None:
    if 'ID' in given:
        check_ID(given['ID'], f'Block {kind}')
    who = f"Block {kind} '{given.get('ID')}'"
    if names is not None:
        refuse_unknown([name for name in given if name not in parameters], names, who)
    for name, value in given.items():
        if name in ONE and not isinstance(value, Data) and value is not parameters[name].default:
            raise NodeTypeError(f'{who}: expected {name} to be Data; found {type(value).__name__} {value!r:.60}. '
                                'Pass one Data, such as the output of a module.')
        if name in SEVERAL and not (isinstance(value, list | tuple) and all(isinstance(v, Data) for v in value)):
            raise NodeTypeError(f'{who}: expected {name} to be a list of Data; found {type(value).__name__} '
                                f'{value!r:.60}. Pass a list, such as [shallow, deep].')


@contextmanager
def _all_or_nothing(arguments: Iterable[Any]) -> Iterator[None]:
    """Where an error leaves the block, its Data forget the modules that it had made by then."""
    nodes = [node for value in arguments for node in (value if isinstance(value, list | tuple) else [value])]
    users = [(node, node.outputs.copy()) for node in nodes if isinstance(node, Data)]
    try:
        yield
    except BaseException:
        for data, modules in users:
            data.outputs[:] = modules
        raise


def made_by(ID: str, name: str, function: Callable[..., Any], /, *args: Any, **options: Any) -> Data:
    """The Data that the function given as option `name` makes; refuse one that takes or returns something else."""
    try:
        signature(function).bind(*args, **options)
    except (TypeError, ValueError) as error:
        wanted = ', '.join(['ID', 'Data', *options])
        raise NodeTypeError(f"Block '{ID}': expected {name} to be a function of ({wanted}); found {function!r:.60} "
                            f'({error}). Let it take these.') from None
    made = function(*args, **options)
    if not isinstance(made, Data):
        fix = 'Use its output.' if isinstance(made, Module) else 'Return the output of a module.'
        raise NodeTypeError(f"Block '{ID}': expected {name} to return Data; found {made!r:.60}. {fix}")
    return made


def check_count(ID: str, value: Any, name: str, least: int = 1) -> int:
    """Refuse an option that is no whole number of at least `least`."""
    try:
        return per_axis(value, 1, name, least)[0]
    except ValueError:
        raise OptionError(f"Block '{ID}': expected {name} to be a whole number of at least {least}; found {value!r}."
                          ) from None


def check_odd(ID: str, value: Any, name: str) -> int:
    """Refuse the size of a filter that has no middle, and so cannot keep the size of what it slides over."""
    size = check_count(ID, value, name)
    if size % 2 == 0:
        raise OptionError(f"Block '{ID}': expected {name} to be odd, which keeps the size; found {value!r}. "
                          f'Use {size - 1} or {size + 1}.')
    return size


def check_several(ID: str, value: Any, name: str) -> tuple[Any, ...]:
    """Refuse an option that is no list, or an empty one."""
    values = tuple(value) if isinstance(value, Iterable) else ()
    if not values:
        raise OptionError(f"Block '{ID}': expected {name} to be a list of at least one number; found {value!r}. "
                          f'Write {name}=[1, 3].')
    return values
