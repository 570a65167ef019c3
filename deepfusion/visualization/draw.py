"""Drawing nets: one description, one view, one layout, and a writer for each form."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deepfusion.errors import FileAccessError, OptionError
from deepfusion.utils.names import look_up
from deepfusion.utils.paths import as_path
from deepfusion.visualization.build import build_view
from deepfusion.visualization.compose import compose
from deepfusion.visualization.describe import describe
from deepfusion.visualization.description import Description
from deepfusion.visualization.dot import to_dot
from deepfusion.visualization.heat import COLORINGS, Heat, heat_of
from deepfusion.visualization.labels import SHOWABLE, Label, label_of
from deepfusion.visualization.layout import graphviz, layered
from deepfusion.visualization.layout.model import ORIENTATIONS, Layout
from deepfusion.visualization.layout.wrapping import wrap_layout
from deepfusion.visualization.picture import Picture
from deepfusion.visualization.plan import plan_of
from deepfusion.visualization.selection import nodes_around, nodes_between
from deepfusion.visualization.svg import to_svg
from deepfusion.visualization.theme import THEMES, Theme
from deepfusion.visualization.unfinished import describe_nodes
from deepfusion.visualization.view import View, ViewOptions

if TYPE_CHECKING:
    from deepfusion.components.net import Net

FORMATS = {'svg': 'svg', 'pdf': 'pdf', 'png': 'png', 'html': 'html', 'gv': 'gv', 'dot': 'gv'}
OTHER_PICTURES = ('jpg', 'jpeg', 'gif', 'bmp', 'tif', 'tiff', 'webp', 'eps', 'ps', 'htm')      # refused, not made
ENGINES = {'auto': 'auto', 'dot': 'dot', 'own': 'own'}
DEFAULT_SHOW = ('shapes', 'settings', 'parameters')


def draw_net(net: Net, filename: str | os.PathLike[str] = 'Visualization', orientation: str = 'LR',
             format: str | None = None, *, view: bool = False, **options: Any) -> Picture:
    """Draw a net to a file and return its path.

    Args:
        filename: Its extension picks the form: .svg, .pdf, .png, .html (interactive), .gv or .dot; .pdf is added
            when there is none of these.
        orientation: Where the net flows: 'LR', 'RL', 'TB' or 'BT'.
        format: The form, whatever the extension says.
        view: Open the file in the system's viewer.
        options: See `DrawOptions`.

    Raises:
        OptionError: An option has no meaning. FileAccessError: The file cannot be written.
    """
    chosen = DrawOptions.from_keywords(options)
    needs_values = chosen.color in ('values', 'gradient') or 'norms' in chosen.show or chosen.histograms
    path, form = target_file(filename, format)
    _check_orientation(orientation)
    description = describe(net, norms=needs_values or form == 'html', histograms=chosen.histograms)
    return draw_description(description, path, form, orientation, chosen, view)


def draw_partial(nodes: Any, filename: str | os.PathLike[str] = 'Visualization', orientation: str = 'LR',
                 format: str | None = None, *, error: BaseException | None = None, view: bool = False,
                 **options: Any) -> Picture:
    """Draw everything that is wired to the given nodes, finished or not, to a file.

    Args:
        nodes: A Data or Module, or several.
        error: The exception that stopped the building: the module that could not be made, and the edges that it
            would have had, are drawn in their place and marked.
    Other arguments are those of `draw_net`.
    """
    chosen = DrawOptions.from_keywords(options)
    path, form = target_file(filename, format)
    _check_orientation(orientation)
    description = describe_nodes(nodes, error)
    return draw_description(description, path, form, orientation, chosen, view)


class DrawOptions(NamedTuple):
    """How a net is drawn.

    depth: close all groups of IDs below this many levels ('res1/conv1' at depth 1 is in the closed group 'res1').
    collapse: IDs of further groups to close.
    fold: draw equal blocks in a row once, with their number.
    shorten: close chains of four or more modules.
    between: two nodes (or IDs); what lies on a way from the first to the second is highlighted.
    around: a node (or ID, or several): only what is within `hops` modules of it is drawn.
    data: which Data are ellipses: 'named' (all but those that modules made for themselves, which are written on
        their edges), 'all', or 'ends' (inputs, roots and unfrozen ones only).
    show: what is written: 'shapes', 'settings', 'parameters', and 'dtype', 'memory', 'operations', 'time', 'norms',
        'mode', 'learning'; 'all' for everything, () for names only.
    color: 'frozen' (red will be updated, blue is frozen), or 'time', 'size', 'values', 'gradient'.
    engine: 'auto' (Graphviz where its program is, else our own layout), 'dot' or 'own'.
    wrap: whether a long ribbon is broken into rows (columns); None: when it would be unreadable.
    legend, title: what stands around the net; theme: 'light' or 'dark'; scale: dots per pixel of a PNG.
    histograms: put histograms of the parameters into an interactive page.
    """

    depth: int | None = None
    collapse: tuple[str, ...] = ()
    fold: bool = False
    shorten: bool = False
    between: tuple[Any, Any] | None = None
    around: Any = None
    hops: int = 2
    data: str = 'named'
    show: frozenset[str] = frozenset(DEFAULT_SHOW)
    color: str = 'frozen'
    engine: str = 'auto'
    wrap: bool | None = None
    legend: bool = True
    title: str = ''
    theme: str = 'light'
    scale: float | None = None
    histograms: bool = False

    @classmethod
    def from_keywords(cls, options: dict[str, Any]) -> DrawOptions:
        """Check the options. Raises OptionError or UnknownNameError."""
        for name in options:
            look_up(name, dict.fromkeys(cls._fields), 'option of drawing')
        given = dict(options)
        if 'show' in given:
            names = [given['show']] if isinstance(given['show'], str) else list(given['show'])
            names = list(SHOWABLE) if names == ['all'] else names
            given['show'] = frozenset(look_up(name, {name: name for name in SHOWABLE}, 'thing to show')
                                      for name in names)
        if 'collapse' in given:
            groups = given['collapse']
            given['collapse'] = (groups,) if isinstance(groups, str) else tuple(groups)
        chosen = cls(**given)
        look_up(chosen.color, dict.fromkeys(COLORINGS), 'coloring')
        look_up(chosen.engine, ENGINES, 'layout engine')
        look_up(chosen.theme, THEMES, 'theme')
        look_up(chosen.data, dict.fromkeys(('named', 'all', 'ends')), 'choice of data')
        _check_whole('depth', chosen.depth, 1)
        _check_whole('hops', chosen.hops, 0)
        return chosen


def _check_whole(name: str, value: Any, least: int) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
        raise OptionError(f'Drawing: expected {name} to be a whole number of at least {least}; found {value!r}.')


def _check_orientation(orientation: str) -> None:
    look_up(orientation, dict.fromkeys(ORIENTATIONS), 'orientation')


def target_file(filename: str | os.PathLike[str], format: str | None) -> tuple[Path, str]:
    """The file to write and its form. Raises UnknownNameError."""
    path = as_path(filename, 'net.svg')
    extension = path.suffix[1:].lower()
    if format is None:
        if extension in FORMATS:
            return path, FORMATS[extension]
        # What is nearly a form is misspelt; what is not may be the end of a name.
        if extension in OTHER_PICTURES or get_close_matches(extension, FORMATS, cutoff=0.65):
            look_up(extension, FORMATS, 'form of picture')
        return path.with_name(f'{path.name}.pdf'), 'pdf'
    form = look_up(format.lower().removeprefix('.') if isinstance(format, str) else format, FORMATS, 'form of picture')
    if FORMATS.get(extension) == form:
        return path, form
    stem = path.stem if extension in FORMATS else path.name
    return path.with_name(f'{stem}.{form}'), form


def draw_description(description: Description, path: Path, form: str, orientation: str, options: DrawOptions,
                     view: bool) -> Picture:
    """Draw a description to a file of the given form."""
    shown = build_view(description, view_options(description, options))
    if form == 'html':
        from deepfusion.visualization.page import to_page
        write_file(path, to_page(description, orientation, options).encode())
        picture = Picture(path, form)
    else:
        picture = _draw_view(shown, path, form, orientation, options)
    if view:
        picture.view()
    return picture


def view_options(description: Description, options: DrawOptions) -> ViewOptions:
    """What the options select of a net. Raises UnknownNameError for nodes that are not there."""
    groups = dict.fromkeys('/'.join(node.path[:n + 1]) for node in description.nodes for n in range(len(node.path)))
    for group in options.collapse:
        look_up(group, groups, f"group of net '{description.name}'")
    kept = None if options.around is None else nodes_around(description, options.around, options.hops)
    highlighted = None if options.between is None else nodes_between(description, *options.between)
    return ViewOptions(options.depth, options.collapse, options.fold, options.shorten, options.data,
                       'shapes' in options.show, kept, highlighted)


def _draw_view(view: View, path: Path, form: str, orientation: str, options: DrawOptions) -> Picture:
    labels = [label_of(view, item, options.show) for item in view.items]
    theme = THEMES[options.theme]
    heat = heat_of(view, options.color)
    if form == 'gv':
        layout = None
        write_file(path, to_dot(view, labels, orientation, theme, heat, options.legend, options.title).encode())
    layout = lay_out(view, labels, orientation, options.engine, options.wrap, theme, heat)
    scene = compose(view, labels, layout, theme, heat, options.legend, options.title)
    svg = to_svg(scene)
    if form == 'svg':
        write_file(path, svg.encode())
    elif form in ('png', 'pdf'):
        from deepfusion.visualization.raster import write_raster
        buffer = io.BytesIO()
        write_raster(scene, buffer, form, options.scale)
        write_file(path, buffer.getvalue())
    return Picture(path, form, layout.engine, svg)


def lay_out(view: View, labels: Sequence[Label], orientation: str, engine: str = 'auto', wrap: bool | None = None,
            theme: Theme = THEMES['light'], heat: Heat | None = None) -> Layout:
    """Place a view's items, by Graphviz or by our own layout, and break what is too long.

    Raises:
        OptionError: engine='dot' and there is no such program, or it failed.
    """
    labels = list(labels)
    plan = plan_of(view, labels)
    layout = None
    if engine != 'own':
        layout = graphviz.lay_out(plan, to_dot(view, labels, orientation, theme, heat, False), orientation)
        if layout is None and engine == 'dot':
            raise OptionError("Drawing: engine='dot' needs the Graphviz program dot to be installed and to succeed; "
                              "it is missing, or gave up. Use engine='auto'.")
    if layout is None:
        layout = layered.lay_out(plan, orientation)
    return wrap_layout(layout, wrap)


def write_file(path: Path, content: bytes) -> None:
    """Write a file at once. Raises FileAccessError with a sentence."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileAccessError(f"Drawing: expected to write '{path}'; found that it cannot be written "
                              f'({error.strerror or error}). Choose another path.') from error


