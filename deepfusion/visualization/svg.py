"""A scene as SVG, written directly."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from deepfusion.visualization.layout.model import Point
from deepfusion.visualization.scene import Curve, Group, Scene, Shape, Words, arrow_head
from deepfusion.visualization.text import visible
from deepfusion.visualization.theme import FONT


def to_svg(scene: Scene) -> str:
    """The text of an SVG file. Everything a user named is escaped; tooltips are `<title>` elements."""
    width, height = _number(scene.width), _number(scene.height)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family={quoteattr(FONT)} role="img">',
             f'<title>{_escaped(scene.title)}</title>',
             f'<rect width="{width}" height="{height}" fill="{scene.background}"/>']
    for group in scene.groups:
        lines += _group(group)
    return '\n'.join([*lines, '</svg>', ''])


def _group(group: Group) -> list[str]:
    title = f'<title>{_escaped(group.title)}</title>' if group.title else ''
    return [f'<g class="{group.kind}">{title}' + ''.join(_part(part) for part in group.parts) + '</g>']


def _part(part: Shape | Curve | Words) -> str:
    if isinstance(part, Shape):
        return _shape(part)
    return _curve(part) if isinstance(part, Curve) else _words(part)


def _shape(shape: Shape) -> str:
    style = f' stroke="{shape.line}" stroke-width="{_number(shape.line_width)}"'
    style += ' stroke-dasharray="5 3"' if shape.is_dashed else ''
    if not shape.second_fill:
        return f'<{_outline(shape)} fill="{shape.fill}"{style}/>'
    # Two colours: a gradient would be smooth, so the halves are painted under a common outline.
    box = shape.box
    left = _half(shape, box.x, box.center.x)
    right = _half(shape, box.center.x, box.right)
    return (f'{left[0]} fill="{shape.fill}"/>{right[1]} fill="{shape.second_fill}"/>'
            f'<{_outline(shape)} fill="none"{style}/>')


def _outline(shape: Shape) -> str:
    box = shape.box
    if shape.is_ellipse:
        return (f'ellipse cx="{_number(box.center.x)}" cy="{_number(box.center.y)}" rx="{_number(box.width / 2)}" '
                f'ry="{_number(box.height / 2)}"')
    rounded = f' rx="{_number(shape.radius)}"' if shape.radius else ''
    return (f'rect x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" '
            f'height="{_number(box.height)}"{rounded}')


def _half(shape: Shape, left: float, right: float) -> tuple[str, str]:
    """The left and the right half of a rounded rectangle, as paths without end."""
    box, r = shape.box, shape.radius
    top, bottom = box.y, box.bottom
    n = _number
    first = (f'<path d="M{n(right)} {n(top)}H{n(left + r)}Q{n(left)} {n(top)} {n(left)} {n(top + r)}V{n(bottom - r)}'
             f'Q{n(left)} {n(bottom)} {n(left + r)} {n(bottom)}H{n(right)}Z"')
    second = (f'<path d="M{n(left)} {n(top)}H{n(right - r)}Q{n(right)} {n(top)} {n(right)} {n(top + r)}V{n(bottom - r)}'
              f'Q{n(right)} {n(bottom)} {n(right - r)} {n(bottom)}H{n(left)}Z"')
    return first, second


def _curve(curve: Curve) -> str:
    points, head = curve.points, ''
    if curve.has_arrow:
        triangle, points = arrow_head(curve.points)
        head = f'<path d="M{_pairs(triangle)}Z" fill="{curve.color}"/>'
    dashes = ' stroke-dasharray="5 3"' if curve.is_dashed else ''
    return (f'<path d="M{_pairs(points[:1])}C{_pairs(points[1:])}" fill="none" stroke="{curve.color}" '
            f'stroke-width="{_number(curve.width)}"{dashes}/>{head}')


def _words(words: Words) -> str:
    weight = ' font-weight="bold"' if words.is_bold else ''
    anchor = f' text-anchor="{words.anchor}"' if words.anchor != 'start' else ''
    halo = (f' stroke="{words.halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
            if words.halo else '')
    return (f'<text x="{_number(words.x)}" y="{_number(words.y)}" font-size="{_number(words.size)}" '
            f'fill="{words.color}"{weight}{anchor}{halo} xml:space="preserve">{_escaped(words.text)}</text>')


def _pairs(points: list[Point]) -> str:
    return ' '.join(f'{_number(point.x)} {_number(point.y)}' for point in points)


def _number(value: float) -> str:
    return f'{value:.1f}'.removesuffix('.0')


def _escaped(text: str) -> str:
    return escape('\n'.join(visible(line) for line in text.split('\n')))
