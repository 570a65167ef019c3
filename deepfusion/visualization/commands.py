"""`deepfusion draw` and `deepfusion summary`: saved nets on paper and in the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from deepfusion.components.net import Net
from deepfusion.visualization.draw import ENGINES, FORMATS, draw_net
from deepfusion.visualization.heat import COLORINGS
from deepfusion.visualization.labels import SHOWABLE
from deepfusion.visualization.layout.model import ORIENTATIONS
from deepfusion.visualization.summary import summary
from deepfusion.visualization.theme import THEMES

MODEL = click.argument('model', metavar='MODEL.df', type=click.Path(path_type=Path))


def one_of(names: Iterable[str]) -> click.Choice[str]:
    """A choice among names."""
    return click.Choice(list(names))


@click.command(short_help='Draw the graph of a net.')
@MODEL
@click.option('-o', '--output', type=click.Path(path_type=Path),
              help='File to draw to; its extension picks the form. [default: the model with .svg]')
@click.option('--format', 'form', type=one_of(FORMATS), help='Form of the picture, whatever the extension says.')
@click.option('--depth', type=click.IntRange(1), help='Close groups of IDs below this many levels.')
@click.option('--orientation', type=one_of(ORIENTATIONS), default='LR', show_default=True, help='Where the net flows.')
@click.option('--collapse', multiple=True, metavar='GROUP', help='Close this group too (repeatable).')
@click.option('--fold', is_flag=True, help='Draw equal blocks in a row once, with their number.')
@click.option('--shorten', is_flag=True, help='Close long chains.')
@click.option('--between', nargs=2, metavar='FIRST LAST', help='Highlight what lies between two nodes.')
@click.option('--around', multiple=True, metavar='ID', help='Draw only what is near this node (repeatable).')
@click.option('--hops', type=click.IntRange(0), default=2, show_default=True, help='How near, in modules.')
@click.option('--show', multiple=True, type=one_of([*SHOWABLE, 'all']),
              help='What to write at the nodes (repeatable). [default: shapes, settings, parameters]')
@click.option('--color', type=one_of(COLORINGS), default='frozen', show_default=True, help='What colours mean.')
@click.option('--theme', type=one_of(THEMES), default='light', show_default=True)
@click.option('--engine', type=one_of(ENGINES), default='auto', show_default=True,
              help='Whose layout: that of Graphviz where it is installed (dot), or our own.')
@click.option('--histograms', is_flag=True, help='Put histograms of the parameters into an interactive page.')
@click.option('--view', is_flag=True, help='Open the picture afterwards.')
def draw(model: Path, output: Path | None, form: str | None, orientation: str, view: bool, depth: int | None,
         collapse: tuple[str, ...], fold: bool, shorten: bool, between: tuple[str, str] | None, around: tuple[str, ...],
         hops: int, show: tuple[str, ...], color: str, theme: str, engine: str, histograms: bool) -> None:
    """Draw the graph of the net in MODEL.df and print the path of the picture.

    Forms are .svg, .png, .pdf, .html (interactive) and .gv (Graphviz source).
    """
    picture = draw_net(Net.load(model), output or model.with_suffix(f'.{form or "svg"}'), orientation, form, view=view,
                       depth=depth, collapse=collapse, fold=fold, shorten=shorten, between=between or None,
                       around=list(around) or None, hops=hops, color=color, theme=theme, engine=engine,
                       histograms=histograms, **({'show': show} if show else {}))
    click.echo(str(picture))


@click.command('summary', short_help='List the nodes of a net.')
@MODEL
@click.option('--depth', type=click.IntRange(1), help='Fold groups of IDs below this many levels into one row each.')
@click.option('--fold', is_flag=True, help='Show equal blocks in a row once, with their number.')
@click.option('--width', type=click.IntRange(40), help="Characters a line. [default: the terminal's]")
def summary_command(model: Path, depth: int | None, fold: bool, width: int | None) -> None:
    """Print the nodes of the net in MODEL.df as a table, in topological order, with totals."""
    summary(Net.load(model), depth, fold=fold, width=width)
