"""The catalogue of modules and blocks, read from their docstrings: for the terminal and for docs/modules.md."""

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

import deepfusion.blocks
import deepfusion.components.modules
from deepfusion.components.modules import Module
from deepfusion.utils.names import look_up

PARTS = ('Forward', 'Backward', 'Shapes', 'Args', 'Returns', 'Raises', 'Reference', 'Example')
GROUPS = {'modules': 'Linear, element-wise and shape', 'activation_functions': 'Activation functions',
          'attention': 'Attention', 'dropout': 'Dropout and noise', 'fusion': 'Fusion', 'loss_functions': 'Losses',
          'normalizations': 'Normalization', 'pooling': 'Pooling', 'rnn': 'Recurrent', 'blocks': 'Blocks'}
LEARNING_OPTIONS = {'learning_rate', 'is_frozen', 'optimizer_details', 'is_regularized', 'regularizer_details'}


@dataclass(frozen=True)
class Entry:
    """One module or block: what its docstring says, cut into parts."""

    name: str
    group: str
    item: Any
    summary: str                # what stands in front of the first part, paragraph by paragraph
    parts: dict[str, str]

    @property
    def sentence(self) -> str:
        """The first sentence, without its full stop."""
        return re.split(r'(?<!\.)\.(?=\s|$)', self.summary)[0]

    @property
    def options(self) -> list[str]:
        """What it takes besides `ID`, `inputs`, `output` and the options of learning."""
        return [name for name in _parameters(self.item) if name not in {'ID', 'inputs', 'output'} | LEARNING_OPTIONS]

    @property
    def call(self) -> str:
        """How it is called, without the options of learning."""
        shown = [_argument(p) for name, p in _parameters(self.item).items() if name not in LEARNING_OPTIONS]
        return f'{self.name}({", ".join(shown)})'

    @property
    def place(self) -> str:
        """Where to import it from."""
        if self.group == 'blocks':
            return 'deepfusion.blocks'
        package = 'deepfusion.components.modules'
        return package if self.group == 'modules' else f'{package}.{self.group}'

    def wrapped_call(self, width: int) -> str:
        """The call in lines of at most that width."""
        return textwrap.fill(self.call, width, subsequent_indent=' ' * (len(self.name) + 1), break_long_words=False,
                             break_on_hyphens=False)


def entries() -> list[Entry]:
    """Every public module class and block, by group and name."""
    found = [_entry(cls, _group(cls)) for cls in _module_classes()]
    found += [_entry(function, 'blocks') for function in _blocks()]
    order = list(GROUPS)
    return sorted(found, key=lambda entry: (order.index(entry.group), entry.name.lower()))


def _module_classes() -> set[type[Module]]:
    package = deepfusion.components.modules
    exported = [package, *(importlib.import_module(info.name) for info in
                           pkgutil.iter_modules(package.__path__, package.__name__ + '.') if info.ispkg)]
    return {item for place in exported for item in vars(place).values()
            if inspect.isclass(item) and issubclass(item, Module) and item is not Module}


def _blocks() -> Iterator[Callable[..., Any]]:
    yield from (item for item in vars(deepfusion.blocks).values() if inspect.isfunction(item))


def _group(cls: type[Module]) -> str:
    folder = cls.__module__.removeprefix('deepfusion.components.modules.').split('.')
    return folder[0] if len(folder) > 1 else 'modules'


def _entry(item: Any, group: str) -> Entry:
    summary, parts = _cut(item)
    for base in inspect.getmro(item)[1:] if inspect.isclass(item) else ():
        if parts.get('Args') == f'see `{base.__name__}`.':          # its options are those of its family
            parts['Args'] = _cut(base)[1]['Args']
    return Entry(item.__name__, group, item, summary, parts)


def _cut(item: Any) -> tuple[str, dict[str, str]]:
    """A docstring as its first paragraphs and its parts; what follows a list without indent is the part 'Note'."""
    text = inspect.cleandoc(item.__doc__ or '')
    first, *pieces = re.split(rf'^({"|".join(PARTS)}):(?=\s|$)', text, flags=re.MULTILINE)
    parts = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        body, _, note = body.partition('\n\n') if body.startswith('\n') else (body, '', '')
        parts[name] = textwrap.dedent(body).strip()
        if note.strip():
            parts['Note'] = note.strip()
    return '\n\n'.join(' '.join(paragraph.split()) for paragraph in first.strip().split('\n\n')), parts


def _parameters(item: Any) -> dict[str, inspect.Parameter]:
    """Those of a function or class; what a class hands on by *args or **kwargs is looked for in its bases."""
    if not inspect.isclass(item):
        return dict(inspect.signature(item).parameters)
    found: dict[str, inspect.Parameter] = {}
    for cls in inspect.getmro(item):
        if '__init__' in vars(cls):
            own = inspect.signature(vars(cls)['__init__']).parameters
            named = {name: p for name, p in own.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
            found = named | found
            if len(named) == len(own):
                break
    return {name: p for name, p in found.items() if name not in ('self', 'parameter_list')}


def _argument(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is parameter.empty:
        return f'**{parameter.name}' if parameter.kind is parameter.VAR_KEYWORD else parameter.name
    return f'{parameter.name}={default.__name__ if inspect.isclass(default) else repr(default)}'


# -- The page ---------------------------------------------------------------------------------------------------------

def page() -> str:
    """The text of docs/modules.md."""
    groups = {group: [entry for entry in entries() if entry.group == group] for group in GROUPS}
    blocks = len(groups['blocks'])
    modules = sum(map(len, groups.values())) - blocks
    lines = ['# Modules and blocks', '',
             f'{modules} modules and {blocks} blocks. This page is made from their docstrings by `deepfusion modules',
             '--page`. Modules take `ID` and a list of `inputs` first; `output` may be left away, and is then made and',
             'named `<ID>_out`. Those with parameters also take the options of learning: `learning_rate`,',
             '`is_frozen`, `optimizer_details`, and most of them `is_regularized`, `regularizer_details`.', '',
             'In shapes, B is the batch; formulas name indices after an underscore.', '']
    anchors: list[str] = []
    for group, members in groups.items():
        names = []
        for entry in members:
            anchors.append(entry.name.lower())
            earlier = anchors.count(anchors[-1]) - 1            # a second 'add' is called 'add-1' by GitHub
            names.append(f'[{entry.name}](#{anchors[-1]}{f"-{earlier}" if earlier else ""})')
        lines += [f'- **{GROUPS[group]}**: {", ".join(names)}'] if members else []
    for group, members in groups.items():
        lines += ['', f'## {GROUPS[group]}', '', f'From `{members[0].place}`.'] if members else []
        for entry in members:
            lines += _section(entry)
    return '\n'.join(lines) + '\n'


def _section(entry: Entry) -> list[str]:
    lines = ['', f'### {entry.name}', '', _escaped(entry.summary), '', '```', entry.wrapped_call(100), '```', '']
    for name, body in entry.parts.items():
        if name == 'Example':
            lines += ['', '```pycon', body, '```']
        elif name in ('Args', 'Raises') and ':' in body:
            lines += [f'- **{name}**', *(f'  - `{what}`: {_escaped(text)}' for what, text in _items(body))]
        else:
            lines += [f'- **{name}**: {_escaped(" ".join(body.split()))}']
    return lines


def _items(body: str) -> list[tuple[str, str]]:
    """'name: text' lines, with their indented continuations."""
    joined = re.sub(r'\n\s+', ' ', body)
    return [(name, text.strip()) for name, _, text in (line.partition(':') for line in joined.splitlines())]


def _escaped(text: str) -> str:
    """Text whose signs that Markdown would read mean themselves; code between backticks stays."""
    pieces = text.split('`')
    pieces[::2] = [re.sub(r'([*<])', r'\\\1', piece) for piece in pieces[::2]]
    return '`'.join(pieces)


# -- The command ------------------------------------------------------------------------------------------------------

@click.command()
@click.argument('name', required=False)
@click.option('--page', 'as_page', is_flag=True, help='Print the text of docs/modules.md.')
def modules(name: str | None, as_page: bool) -> None:
    """List all modules and blocks, or show the one called NAME."""
    if as_page:
        click.echo(page(), nl=False)
    elif name is None:
        _show_list()
    else:
        _show(look_up(name, {entry.name: entry for entry in entries()}, 'module or block'))


def _show_list() -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    found = entries()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style='cyan', no_wrap=True)
    table.add_column()
    for i, entry in enumerate(found):
        if i and entry.group != found[i - 1].group:
            table.add_row()
        if not i or entry.group != found[i - 1].group:
            table.add_row(Text(GROUPS[entry.group], 'bold'), Text(f'from {entry.place}', 'dim'))
        table.add_row(entry.name, Text(entry.sentence))
    Console().print(table)


def _show(entry: Entry) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style='cyan', no_wrap=True)
    table.add_column()
    for name, body in entry.parts.items():
        if name != 'Example':
            listed = name in ('Args', 'Raises') and ':' in body
            text = re.sub(r'\n\s+', ' ', body) if listed else ' '.join(body.split())
            table.add_row(name, Text(text))
    console.print(Text(entry.wrapped_call(console.width), 'bold'),
                  Text(f'from {entry.place} import {entry.name}', 'dim'), '', Text(entry.summary), '', table, sep='\n')
    console.print(Text('\nExample', 'cyan'), Text(entry.parts.get('Example', '')), sep='\n', soft_wrap=True)
