"""The rules of the house (docs/design.md): imports downwards, small files, words on everything, quick to import."""

import ast
import doctest
import inspect
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import deepfusion
from deepfusion.components.modules import Module
from deepfusion.utils.backend import use_backend, use_precision

ROOT = Path(deepfusion.__file__).parent
FILES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob('*.py'))}
TEXTS = {name: path.read_text() for name, path in FILES.items()}
TREES = {name: ast.parse(text, name) for name, text in TEXTS.items()}

# The rooms from the ground up; a module imports from its own room and those below. The longest name counts.
ROOMS = [
    ['deepfusion', 'errors', 'utils', 'utils.backend', 'utils.colors', 'utils.printing', 'utils.names', 'components'],
    ['functional'],
    ['components.optimizers', 'components.data'],
    ['components.modules'],
    ['components.net'],
    ['blocks'],
    ['models'],
    ['datasets', 'training', 'visualization', 'checking', 'testing', 'catalogue', 'utils.grad_check',
     'utils.automate_training', 'inputs'],
    ['cli', '__main__'],
]
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}
# Methods of a net that hand over to a tool above it, by a late import
HANDED_OVER = {('components.net.net', 'visualization')}
PRINTERS = {'utils/printing.py', 'cli.py', '__main__.py'}


def name_of(file):
    """The dotted name of a file, below the package."""
    return file.removesuffix('.py').removesuffix('__init__').rstrip('/').replace('/', '.') or 'deepfusion'


def rank_of(name):
    """The room of a module, as a number from the ground."""
    parts = name.split('.')
    rooms = ['.'.join(parts[:n]) for n in range(len(parts), 0, -1)]
    found = next((RANK[room] for room in rooms if room in RANK), None)
    assert found is not None, f'{name} stands in no room; add it to ROOMS and to docs/design.md'
    return found


def imports(file):
    """The dotted names of all that a file imports, also late and by `import_module`."""
    package = ['deepfusion', *file.split('/')[:-1]]
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join(package[:len(package) - node.level + 1]) if node.level else ''
            module = '.'.join(filter(None, [base, node.module]))
            yield from (f'{module}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) == 'import_module':
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def called(node):
    """The last name of what a call calls."""
    return getattr(node.func, 'id', getattr(node.func, 'attr', ''))


def calls(tree):
    """All calls in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_imports_go_downwards_only():
    climbing = []
    for file in FILES:
        mine = name_of(file)
        for name in imports(file):
            inner = name.removeprefix('deepfusion').removeprefix('.')
            if name.split('.')[0] != 'deepfusion' or inner.startswith('__') or not inner:
                continue
            if rank_of(inner) > rank_of(mine) and not any(
                    mine == low and inner.startswith(high) for low, high in HANDED_OVER):
                climbing.append(f'{mine} imports {name}')
    assert not climbing


def test_only_the_backend_imports_cupy():
    found = [file for file in FILES if file != 'utils/backend.py'
             for name in imports(file) if name.split('.')[0] in ('cupy', 'cupyx', 'cupy_backends')]
    assert not found


def test_no_array_module_is_bound_at_import():
    asks = {'get_array_module', 'array_module', 'as_array', 'float_type', 'get_precision', 'get_backend'}
    found = [f'{file}:{statement.lineno}' for file, tree in TREES.items() for statement in tree.body
             if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr))
             and asks & {called(node) for node in calls(statement)}]
    assert not found


def test_a_file_has_at_most_300_lines():
    assert not {file: len(text.splitlines()) for file, text in TEXTS.items() if len(text.splitlines()) > 300}


def test_no_asserts_prints_or_loose_ends():
    asserts = [f'{file}:{node.lineno}' for file, tree in TREES.items() for node in ast.walk(tree)
               if isinstance(node, ast.Assert)]
    assert not asserts
    loose = {file: re.findall(r'\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b', text) for file, text in TEXTS.items()}
    assert not {file: words for file, words in loose.items() if words}
    prints = [f'{file}:{node.lineno}' for file, tree in TREES.items() if file not in PRINTERS for node in calls(tree)
              if isinstance(node.func, ast.Name) and node.func.id in ('print', 'input', 'breakpoint')]
    assert not prints


def test_random_numbers_have_few_sources():
    """NumPy's global generator is drawn from where api.md says; private generators and the state are free."""
    free = {'get_state', 'set_state', 'default_rng', 'Generator', 'seed', 'RandomState', 'SeedSequence'}
    drawing = ('functional/random.py', 'components/modules/initializers.py', 'training/',
               'utils/automate_training.py')
    found = [f'{file}: {words}' for file, text in TEXTS.items() if not file.startswith(drawing)
             for words in re.findall(r'\bnp\.random\.(\w+)', text) if words not in free]
    assert not found


def public_modules():
    """All modules of the package that can be imported, but for `__main__`."""
    found = [info.name for info in pkgutil.walk_packages(deepfusion.__path__, 'deepfusion.')]
    return ['deepfusion'] + [name for name in found if not name.endswith('__main__')]


def public_members(module):
    """Its own public classes and functions."""
    return [value for name, value in vars(module).items() if not name.startswith('_')
            and (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__]


@pytest.mark.parametrize('name', public_modules())
def test_everything_public_has_a_docstring(name):
    module = import_module(name)
    assert module.__doc__ or not Path(module.__file__).read_text().strip(), f'{name} says nothing of itself'
    for member in public_members(module):
        assert inspect.getdoc(member), f'{name}.{member.__name__}'
        if inspect.isclass(member):
            assert member.__doc__, f'{name}.{member.__name__} has only what it inherits'
            for method, value in vars(member).items():
                inherited = any(hasattr(base, method) for base in member.__mro__[1:])
                if inspect.isfunction(value) and not method.startswith('_') and not inherited:
                    assert value.__doc__, f'{name}.{member.__name__}.{method}'


@pytest.mark.parametrize('name', public_modules())
def test_doctests(name):
    with use_backend('cpu'), use_precision('float32'):
        result = doctest.testmod(import_module(name))
    assert result.failed == 0


def module_classes():
    """All module classes of the package."""
    for name in public_modules():
        import_module(name)
    return sorted((cls for (where, name), cls in Module.known_classes.items()
                   if where.startswith('deepfusion.') and not name.startswith('_')), key=lambda cls: cls.__module__)


def test_every_module_class_is_offered_by_its_package():
    for cls in module_classes():
        if any(other.__module__ == cls.__module__ for other in cls.__subclasses__()):
            continue                                            # what operations of its file have in common
        package = import_module(cls.__module__.rpartition('.')[0])
        assert getattr(package, cls.__name__, None) is cls, f'{package.__name__} does not offer {cls.__name__}'


def test_modules_share_no_code_by_inheritance():
    """A module derives from Module, or from a base class of its own file or folder that is no operation itself."""
    for cls in module_classes():
        for base in cls.__mro__[1:]:
            if base is not Module and isinstance(base, type) and issubclass(base, Module):
                folder = cls.__module__.rpartition('.')[0]
                assert base.__module__.startswith(folder), f'{cls.__name__} derives from {base.__name__}'


HEAVY = ['matplotlib', 'graphviz', 'cupy', 'torch', 'rich', 'click', 'scipy', 'PIL', 'sklearn', 'pandas']


@pytest.mark.parametrize('name', ['deepfusion', 'deepfusion.components.net', 'deepfusion.components.modules'])
def test_importing_is_quick_and_loads_nothing_heavy(name):
    program = (f'import numpy, sys, time; t = time.process_time(); import {name}; '
               'print(time.process_time() - t, [m for m in sys.argv[1:] if m in sys.modules])')
    seconds = []
    for _ in range(3):                                          # the first may have to compile
        done = subprocess.run([sys.executable, '-c', program, *HEAVY], capture_output=True, text=True, check=True,
                              cwd=ROOT.parent)
        taken, _, heavy = done.stdout.strip().partition(' ')
        assert heavy == '[]'
        seconds.append(float(taken))
    assert min(seconds) < 0.15
