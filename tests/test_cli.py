"""The command line as a whole."""

import subprocess
import sys
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from deepfusion import __version__
from deepfusion.cli import COMMANDS, cli


def test_help_names_every_command_and_imports_none():
    code = ('import sys; from deepfusion.cli import cli; from click.testing import CliRunner; '
            'print(CliRunner().invoke(cli, ["--help"]).output); '
            'print(sorted({"matplotlib", "rich", "safetensors", "deepfusion.components"} & set(sys.modules)))')
    shown = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    for name, (_, words) in COMMANDS.items():
        assert f'  {name} ' in shown
        assert words in shown
    assert shown.splitlines()[-1] == '[]'


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_is_there_and_explains_itself(name):
    where, words = COMMANDS[name]
    module, _, attribute = where.partition(':')
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)
    result = CliRunner().invoke(cli, [name, '--help'])
    assert result.exit_code == 0
    assert f'Usage: cli {name}' in result.output
    assert words.endswith('.')


def test_an_unknown_command_is_answered_with_the_nearest():
    result = CliRunner().invoke(cli, ['trian'])
    assert result.exit_code == 2
    assert result.output == "Error: No command is called 'trian'. Did you mean 'train'?\n"


def test_version_and_the_other_way_to_call_it():
    assert __version__ in CliRunner().invoke(cli, ['--version']).output
    command = [sys.executable, '-m', 'deepfusion', '-h']
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.startswith('Usage: deepfusion ')
