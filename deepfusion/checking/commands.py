"""The command `deepfusion check`: a module class, a module or a net in a file of one's own."""

import ast
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

import click
import numpy as np

from deepfusion.checking.check import METHODS
from deepfusion.checking.report import GradCheckReport
from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import DeepFusionError, FileAccessError, NodeTypeError, OptionError
from deepfusion.utils.names import look_up


@click.command(name='check')
@click.argument('target')
@click.option('--input', 'inputs', multiple=True, metavar='SHAPE',
              help='Shape of an input with its batch size, e.g. 2,3,8,8; once for each input. '
                   '2,5:10 draws whole numbers below 10.')
@click.option('--output', metavar='SHAPE', help='Shape of the output, for modules that do not infer it.')
@click.option('--option', 'options', multiple=True, metavar='NAME=VALUE',
              help='Argument of the constructor, e.g. filter_size=3; may be repeated.')
@click.option('--method', default='auto', show_default=True, type=click.Choice(METHODS))
@click.option('--seed', default=0, show_default=True, help='Of values, parameters and directions.')
@click.option('--json', 'json_path', type=click.Path(dir_okay=False), help='Write the report to this file, too.')
@click.option('--plot', 'plot_path', type=click.Path(dir_okay=False), help='Draw the report to this file, too.')
@click.option('--arrays', is_flag=True, help='Print the compared derivatives in full.')
def check(target: str, inputs: tuple[str, ...], output: str | None, options: tuple[str, ...], method: str, seed: int,
          json_path: str | None, plot_path: str | None, arrays: bool) -> None:
    """Check the gradients of TARGET, written FILE.py:NAME.

    NAME is a Module class (give the shapes of its inputs), a module, a net, or a function that returns one of these.
    The exit code is 0 when all is right, 1 when not, 2 when the check cannot be made.
    """
    if plot_path:
        from deepfusion.checking.plot import check_form
        check_form(plot_path)
    np.random.seed(seed)
    try:
        report = make_report(target, inputs, output, options, method, seed)
    except DeepFusionError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise OptionError(f"'{target}': expected code that runs; it stops with {type(error).__name__}: {error}. "
                          'The lines above say where.') from error
    report.show(rows=None, arrays=arrays)
    if json_path:
        report.to_json(json_path)
    if plot_path:
        report.plot(plot_path)
    sys.exit(0 if report else 1)


def make_report(target: str, inputs: tuple[str, ...], output: str | None, options: tuple[str, ...], method: str,
                seed: int) -> GradCheckReport:
    """The check of what `target` names."""
    from deepfusion.utils.grad_check import check_module, check_net
    subject = load_target(target)
    if inspect.isclass(subject) and issubclass(subject, Module):
        subject = build_module(subject, inputs, output, options, seed)
    elif inspect.isfunction(subject):
        subject = subject()
    if isinstance(subject, Module):
        return check_module(subject, method=method, seed=seed, verbose=False)
    if hasattr(subject, 'topological_order'):
        return check_net(subject, method=method, seed=seed, verbose=False)
    raise NodeTypeError(f"'{target}' should name a Module class, a module, a net, or a function that returns one; "
                        f'found {type(subject).__name__}.')


def load_target(target: str) -> Any:
    """What `FILE.py:NAME` names; the file is run."""
    file, _, name = target.rpartition(':')
    path = Path(file)
    if not file or not name.isidentifier():
        raise OptionError(f'Expected what to check as FILE.py:NAME; found {target!r}.')
    if not path.is_file():
        raise FileAccessError(f"There is no file '{file}'. Give the path to a Python file.")
    sys.path.insert(0, str(path.parent.resolve()))      # its neighbours can be imported, as when it is run
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise OptionError(f"'{file}' should be a Python file, with a name ending in .py.")
        namespace = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, namespace)
        spec.loader.exec_module(namespace)
    except DeepFusionError:
        raise
    except Exception as error:
        raise OptionError(f"'{file}': expected a file that runs; it stops with {type(error).__name__}: {error}. "
                          f'Try it by python {file}.') from error
    finally:
        sys.path.pop(0)
    return look_up(name, vars(namespace), f"object in '{file}'")


def build_module(cls: type[Module], inputs: tuple[str, ...], output: str | None, options: tuple[str, ...], seed: int
                 ) -> Module:
    """A module of that class on random inputs of these shapes."""
    if not inputs:
        raise OptionError(f'{cls.__name__}: expected the shape of each input; found none. Add --input 2,3,8,8, with '
                          'the batch size first.')
    rng = np.random.default_rng(seed)
    nodes = [_input(i, words, rng) for i, words in enumerate(inputs)]
    arguments = {name: _value(value) for name, _, value in (words.partition('=') for words in options)}
    if output is not None:
        arguments['output'] = Data('output', (1, *_shape(output)[1:]))
    try:
        return cls('module', nodes, **arguments)
    except DeepFusionError:
        raise
    except Exception as error:
        raise OptionError(f'{cls.__name__}: expected arguments that its constructor takes; it stops with '
                          f'{type(error).__name__}: {error}. Give them by --option NAME=VALUE, and the shape of an '
                          'output by --output 2,3.') from error


def _input(index: int, words: str, rng: np.random.Generator) -> Data:
    shape, _, below = words.partition(':')
    size = _shape(shape)
    if not below:
        return Data(f'input{index}', (1, *size[1:]), val=rng.standard_normal(size))
    if not below.isdigit() or not int(below):
        raise OptionError(f"Expected an input's shape like 2,5 or 2,5:10 (whole numbers below 10); found {words!r}.")
    return Data(f'input{index}', (1, *size[1:]), val=rng.integers(int(below), size=size))


def _shape(words: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(word) for word in words.split(','))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise OptionError(f'Expected a shape like 2,3,8,8, with the batch size first; found {words!r}.')
    return shape


def _value(words: str) -> Any:
    try:
        return ast.literal_eval(words)
    except (SyntaxError, ValueError):
        return words
