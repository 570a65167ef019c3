"""A scene as PNG or PDF, painted by Matplotlib without any window.

Things of one kind are painted as one collection, and words straight by the renderer: one artist for each of a few
thousand nodes would take most of the time.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections import defaultdict
from functools import cache
from itertools import groupby
from typing import Any, BinaryIO

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

from deepfusion.visualization.scene import Curve, Group, Scene, Shape, Words, arrow_head
from deepfusion.visualization.text import text_width

PIXELS_PER_INCH, POINTS_PER_PIXEL = 96.0, 0.75
LARGEST_SIDE, MOST_PIXELS = 16000.0, 24e6           # what common viewers still open
MANY_PARTS = 2500
DASHES = (0.0, (5.0, 3.0))
CORNER = 0.5522847498                               # Bezier handle of a quarter circle
FALLBACK_FONTS = ('Noto Sans CJK JP', 'Noto Sans CJK SC', 'Noto Sans CJK KR', 'WenQuanYi Zen Hei', 'Microsoft YaHei',
                  'PingFang SC', 'Hiragino Sans', 'Malgun Gothic', 'Arial Unicode MS', 'Noto Emoji', 'Segoe UI Emoji')


def write_raster(scene: Scene, file: BinaryIO, format: str, scale: float | None = None) -> None:
    """Paint a scene into an open file.

    Args:
        format: 'png' or 'pdf'.
        scale: dots of a PNG per pixel of the scene; by default 2, or 1 where the picture would become too large.
    """
    figure = Figure(figsize=(scene.width / PIXELS_PER_INCH, scene.height / PIXELS_PER_INCH), facecolor=scene.background)
    pixels = Affine2D().scale(1, -1).translate(0, scene.height).scale(1 / PIXELS_PER_INCH) + figure.dpi_scale_trans
    has_many = format == 'png' and sum(len(group.parts) for group in scene.groups) > MANY_PARTS
    letters = Affine2D().scale(1 / PIXELS_PER_INCH) + figure.dpi_scale_trans if has_many else None
    for order, artist in enumerate(_artists(scene, pixels, letters)):
        artist.set_zorder(order + 1)
        figure.add_artist(artist)
    with warnings.catch_warnings():
        # A sign that no font has is drawn as a box; that is no reason to warn whoever runs the program.
        warnings.filterwarnings('ignore', message='.*[Gg]lyph.*')
        if format == 'png':
            dots = PIXELS_PER_INCH * (scale or default_scale(scene))
            FigureCanvasAgg(figure).print_figure(file, format='png', dpi=dots, pil_kwargs={'compress_level': 4})
        else:
            from matplotlib.backends.backend_pdf import FigureCanvasPdf
            notes = {'Title': scene.title, 'CreationDate': None}
            FigureCanvasPdf(figure).print_figure(file, format='pdf', metadata=notes)


def default_scale(scene: Scene) -> float:
    """Two dots a pixel for pictures of usual size; never less than one, so that the smallest words stay readable."""
    largest = min(LARGEST_SIDE / max(scene.width, scene.height), (MOST_PIXELS / (scene.width * scene.height)) ** 0.5)
    return max(1.0, min(2.0, largest))


def _artists(scene: Scene, pixels: Any, letters: Any) -> list[Artist]:
    artists: list[Artist] = []
    for _, run in groupby(scene.groups, key=_layer):
        parts = [part for group in run for part in group.parts]
        artists += _shapes([part for part in parts if isinstance(part, Shape)], pixels)
        artists += _curves([part for part in parts if isinstance(part, Curve)], pixels)
        artists += _writing([part for part in parts if isinstance(part, Words)], pixels, letters)
    return artists


def _layer(group: Group) -> str:
    """Nodes never overlap, so all their boxes may be painted before all their words."""
    return 'item' if group.kind in ('data', 'module', 'group', 'tag', 'more') else group.kind


# -- Shapes and curves -------------------------------------------------------------------------------------------

def _shapes(shapes: list[Shape], pixels: Any) -> list[Artist]:
    paths, fills, lines, widths, dashes = [], [], [], [], []
    for shape in shapes:
        body = _outline(shape)
        layers = [(body, shape.fill, shape.line_width)]
        if shape.second_fill:
            layers = [(body, shape.fill, 0.0), (_right_half(shape), shape.second_fill, 0.0),
                      (body, 'none', shape.line_width)]
        for path, fill, width in layers:
            paths.append(path)
            fills.append(to_rgba(fill))
            lines.append(to_rgba(shape.line))
            widths.append(width * POINTS_PER_PIXEL)
            dashes.append(DASHES if shape.is_dashed else 'solid')
    return _collection(paths, pixels, facecolors=fills, edgecolors=lines, linewidths=widths, linestyles=dashes)


def _curves(curves: list[Curve], pixels: Any) -> list[Artist]:
    paths, heads, lines, tips, widths, dashes = [], [], [], [], [], []
    for curve in curves:
        points = curve.points
        if curve.has_arrow:
            triangle, points = arrow_head(points)
            heads.append(Path([*triangle, triangle[0]], closed=True))
            tips.append(to_rgba(curve.color))
        paths.append(Path(np.array(points), [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1)))
        lines.append(to_rgba(curve.color))
        widths.append(curve.width * POINTS_PER_PIXEL)
        dashes.append(DASHES if curve.is_dashed else 'solid')
    return [*_collection(paths, pixels, facecolors='none', edgecolors=lines, linewidths=widths, linestyles=dashes),
            *_collection(heads, pixels, facecolors=tips, edgecolors='none', linewidths=0)]


def _collection(paths: list[Path], pixels: Any, **style: Any) -> list[Artist]:
    if not paths:
        return []
    collection = PathCollection(paths, **style)
    collection.set_transform(pixels)
    return [collection]


def _outline(shape: Shape) -> Path:
    box = shape.box
    rx, ry = (box.width / 2, box.height / 2) if shape.is_ellipse else (shape.radius, shape.radius)
    return _rounded(box.x, box.y, box.right, box.bottom, rx, ry, rx, ry)


def _right_half(shape: Shape) -> Path:
    box = shape.box
    return _rounded(box.center.x, box.y, box.right, box.bottom, 0.0, 0.0, shape.radius, shape.radius)


def _rounded(x0: float, y0: float, x1: float, y1: float, lx: float, ly: float, rx: float, ry: float) -> Path:
    """A rectangle with corners of radii lx, ly on the left and rx, ry on the right."""
    kl, ml, kr, mr = lx * (1 - CORNER), ly * (1 - CORNER), rx * (1 - CORNER), ry * (1 - CORNER)
    points = [(x0 + lx, y0), (x1 - rx, y0), (x1 - kr, y0), (x1, y0 + mr), (x1, y0 + ry), (x1, y1 - ry), (x1, y1 - mr),
              (x1 - kr, y1), (x1 - rx, y1), (x0 + lx, y1), (x0 + kl, y1), (x0, y1 - ml), (x0, y1 - ly), (x0, y0 + ly),
              (x0, y0 + ml), (x0 + kl, y0), (x0 + lx, y0), (x0 + lx, y0)]
    corner = [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path(points, [Path.MOVETO, *corner, *corner, *corner, *corner, Path.CLOSEPOLY])


# -- Words -------------------------------------------------------------------------------------------------------

def _writing(words: list[Words], pixels: Any, letters: Any) -> list[Artist]:
    """Words set by the renderer, or as outlines when a transform for those is given."""
    plain = [part for part in words if not part.halo]
    written: list[Artist] = [_Writing(plain, pixels)] if letters is None else _outlines(plain, pixels, letters)
    return [*written, *(_with_halo(part, pixels) for part in words if part.halo)]


class _Writing(Artist):
    """Many lines of text; their widths are known, so they need no layout."""

    def __init__(self, words: list[Words], pixels: Any) -> None:
        super().__init__()
        self.words = words
        self.set_transform(pixels)

    def draw(self, renderer: Any) -> None:
        place = self.get_transform()
        for words in self.words:
            x, y = place.transform((_left(words), words.y))
            if renderer.flipy():
                y = renderer.get_canvas_width_height()[1] - y
            context = renderer.new_gc()
            context.set_foreground(words.color)
            renderer.draw_text(context, x, y, _drawable(words.text), _font(words.size, words.is_bold), 0.0)
            context.restore()


def _outlines(words: list[Words], pixels: Any, letters: Any) -> list[Artist]:
    """Thousands of words as shapes: one collection for each letter in each style, wherever it stands."""
    places: dict[tuple[str, float, bool, str], list[tuple[float, float]]] = defaultdict(list)
    for line in words:
        x = _left(line)
        for letter in _drawable(line.text):
            places[letter, line.size, line.is_bold, line.color].append((x, line.y))
            x += text_width(letter, line.size, line.is_bold)
    artists: list[Artist] = []
    for (letter, size, is_bold, color), offsets in places.items():
        points, codes = text_to_path.get_text_path(_font(size, is_bold), letter)      # at 100 units an em
        if len(points):
            outline = Path(np.array(points) * size / text_to_path.FONT_SCALE, codes)
            glyphs = PathCollection([outline], offsets=np.array(offsets), offset_transform=pixels, facecolors=color,
                                    linewidths=0)
            glyphs.set_transform(letters)
            artists.append(glyphs)
    return artists


def _with_halo(words: Words, pixels: Any) -> Artist:
    text = Text(_left(words), words.y, _drawable(words.text), color=words.color, verticalalignment='baseline',
                horizontalalignment='left', parse_math=False, transform=pixels,
                fontproperties=_font(words.size, words.is_bold))
    text.set_path_effects([withStroke(linewidth=3 * POINTS_PER_PIXEL, foreground=words.halo)])
    return text


def _left(words: Words) -> float:
    return words.x - (text_width(words.text, words.size, words.is_bold) / 2 if words.anchor == 'middle' else 0.0)


def _drawable(text: str) -> str:
    """Without signs that have no shape of their own, of which Matplotlib's PDF writer makes an error."""
    return ''.join(character for character in text if unicodedata.category(character) != 'Cf')


@cache
def _font(size: float, is_bold: bool) -> FontProperties:
    """DejaVu Sans, and for signs that it lacks what this machine has."""
    present = {font.name for font in fontManager.ttflist}
    families = ['DejaVu Sans', *(name for name in FALLBACK_FONTS if name in present)]
    return FontProperties(family=families, size=size * POINTS_PER_PIXEL, weight='bold' if is_bold else 'normal')
