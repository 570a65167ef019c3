"""The command line: `deepfusion COMMAND ...`, also `python -m deepfusion COMMAND ...`."""

from importlib import import_module
from typing import Any

import click

from deepfusion import __version__
from deepfusion.errors import DeepFusionError
from deepfusion.utils.names import look_up

# name: (where the command is, what it does); a command's module is imported when it is called.
COMMANDS: dict[str, tuple[str, str]] = {
    'check': ('deepfusion.checking.commands:check', 'Check the gradients of a module or a net of your own.'),
    'train': ('deepfusion.training.commands:train', 'Train a model on pictures.'),
    'draw': ('deepfusion.visualization.commands:draw', 'Draw the graph of a net.'),
    'modules': ('deepfusion.catalogue:modules', 'List the modules and blocks, or show one.'),
    'summary': ('deepfusion.visualization.commands:summary_command', 'List the nodes of a net.'),
}


class Refusal(click.ClickException):
    """What a user got wrong, in one sentence."""

    exit_code = 2


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that help comes at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(':')
        return getattr(import_module(module), attribute)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            look_up(args[0], COMMANDS, 'command')
        except DeepFusionError as error:
            raise Refusal(str(error)) from error
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section('Commands'):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (DeepFusionError, OSError) as error:
            raise Refusal(str(error)) from error


@click.group(cls=LazyGroup, context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(__version__)
def cli() -> None:
    """DeepFusion: an explicit deep learning framework on NumPy and CuPy."""


def main() -> None:
    """The console script."""
    cli(prog_name='deepfusion')
