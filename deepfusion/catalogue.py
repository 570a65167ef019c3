"""The catalogue of modules and blocks, read from their docstrings: for the terminal and for docs/modules.md."""

import importlib
import inspect
import pkgutil
import re
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


@dataclass(frozen=True)
class Entry:
    """One module or block: what its docstring says, cut into parts."""

    name: str
    group: str
    item: Any
    summary: str
    parts: dict[str, str]

    @property
    def call(self) -> str:
        """How it is called, without the options that all modules have in common."""
        target = self.item.__init__ if inspect.isclass(self.item) else self.item
        common = {'self', 'learning_rate', 'is_frozen', 'optimizer_details', 'is_regularized', 'regularizer_details'}
        shown = [str(p.replace(annotation=p.empty)).replace(' = ', '=')
                 for name, p in inspect.signature(target).parameters.items() if name not in common]
        return f'{self.name}({", ".join(shown)})'

    @property
    def place(self) -> str:
        """Where to import it from."""
        if self.group == 'blocks':
            return 'deepfusion.blocks'
        package = 'deepfusion.components.modules'
        return package if self.group == 'modules' else f'{package}.{self.group}'


def entries() -> list[Entry]:
    """Every public module class and block, by group and name."""
    found = [_entry(cls, _group(cls)) for cls in _module_classes()]
    found += [_entry(function, 'blocks') for function in _blocks()]
    order = list(GROUPS)
    return sorted(found, key=lambda entry: (order.index(entry.group), entry.name.lower()))


def _module_classes() -> Iterator[type[Module]]:
    package = deepfusion.components.modules
    exported = [package, *(importlib.import_module(info.name) for info in
                           pkgutil.iter_modules(package.__path__, package.__name__ + '.') if info.ispkg)]
    classes = {item for place in exported for item in vars(place).values()
               if inspect.isclass(item) and issubclass(item, Module) and item is not Module}
    yield from classes


def _blocks() -> Iterator[Callable[..., Any]]:
    yield from (item for item in vars(deepfusion.blocks).values() if inspect.isfunction(item))


def _group(cls: type[Module]) -> str:
    folder = cls.__module__.removeprefix('deepfusion.components.modules.').split('.')
    return folder[0] if len(folder) > 1 else 'modules'


def _entry(item: Any, group: str) -> Entry:
    text = inspect.cleandoc(item.__doc__ or '')
    pieces = re.split(rf'^({"|".join(PARTS)}):[ \n]', text, flags=re.MULTILINE)
    parts = {name: _dedent(body) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    return Entry(item.__name__, group, item, ' '.join(pieces[0].split()), parts)


def _dedent(body: str) -> str:
    first, _, rest = body.partition('\n')
    return (first.strip() + '\n' + inspect.cleandoc('\n' + rest)).strip() if first.strip() else inspect.cleandoc(body)


# -- The page ---------------------------------------------------------------------------------------------------------

def page() -> str:
    """The text of docs/modules.md."""
    found = entries()
    modules = sum(entry.group != 'blocks' for entry in found)
    lines = ['# Modules and blocks', '',
             f'{modules} modules and {len(found) - modules} blocks. This page is made from their docstrings by',
             '`deepfusion modules --page`. All modules take `ID` and `inputs` first; `output` may be left away, and is',
             'then made and named `<ID>_out`. Modules with parameters take the learning options `learning_rate`,',
             '`is_frozen`, `optimizer_details` too; regularizable ones `is_regularized`, `regularizer_details`.', '']
    for group, title in GROUPS.items():
        members = [entry for entry in found if entry.group == group]
        if members:
            lines += [f'## {title}', '', f'From `{members[0].place}`.', '']
            for entry in members:
                lines += _section(entry)
    return '\n'.join(lines).rstrip() + '\n'


def _section(entry: Entry) -> list[str]:
    lines = [f'### {entry.name}', '', entry.summary, '', '```', entry.call, '```', '']
    for name, body in entry.parts.items():
        if name == 'Example':
            lines += ['```pycon', body, '```', '']
        elif name == 'Args' and '\n' in body:
            lines += ['Args:', '', *_items(body), '']
        else:
            lines += [f'{name}: {" ".join(body.split())}', '']
    return lines


def _items(body: str) -> list[str]:
    """'name: text' lines, with their continuations, as a list."""
    items: list[str] = []
    for line in body.splitlines():
        if line.startswith(' ') and items:
            items[-1] += ' ' + line.strip()
        elif line.strip():
            name, colon, text = line.partition(':')
            items.append(f'- `{name}`:{text}' if colon else f'- {line}')
    return items


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
        entry = look_up(name, {entry.name: entry for entry in entries()}, 'module or block')
        click.echo(f'{entry.call}\nfrom {entry.place} import {entry.name}\n\n{inspect.cleandoc(entry.item.__doc__)}')


def _show_list() -> None:
    from rich.console import Console
    from rich.table import Table
    table = Table(box=None, pad_edge=False)
    table.add_column('name', style='cyan', no_wrap=True)
    table.add_column('what it computes')
    group = None
    for entry in entries():
        if entry.group != group:
            group = entry.group
            table.add_row(f'\n[bold]{GROUPS[group]}[/bold]', '')
        table.add_row(entry.name, entry.summary.partition('. ')[0].rstrip('.'))
    Console().print(table)
