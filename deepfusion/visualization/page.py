"""A net as one interactive page: a file that needs no network and runs no code but its own.

Everything that a user named travels as JSON in which no tag can begin, and enters the page as text. The page's own
script and style are the only ones that its Content-Security-Policy lets run, told by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from deepfusion.visualization.build import effective_paths
from deepfusion.visualization.description import MIXED, Description, NodeNote, ParameterNote
from deepfusion.visualization.labels import settings_in_words
from deepfusion.visualization.legend import counts_in_words
from deepfusion.visualization.text import shape_in_words, visible
from deepfusion.visualization.theme import THEMES

if TYPE_CHECKING:
    from deepfusion.visualization.draw import DrawOptions

SCRIPTS = ('layout.js', 'view.js', 'page.js')
MANY = 60                   # nodes; larger nets start with their groups closed
ALL_OPEN = 1000


def to_page(description: Description, orientation: str, options: DrawOptions) -> str:
    """The text of the HTML file."""
    folder = files('deepfusion.visualization') / 'files'
    style = (folder / 'page.css').read_text(encoding='utf-8')
    script = '\n'.join((folder / name).read_text(encoding='utf-8') for name in SCRIPTS)
    template = Template((folder / 'page.html').read_text(encoding='utf-8'))
    return template.substitute(title=escape(visible(options.title or description.name)), style=style, script=script,
                               style_hash=_hash(style), script_hash=_hash(script),
                               net=safe_json(_net(description, orientation, options)))


def safe_json(content: Any) -> str:
    """JSON that may stand inside a script element: no sign in it can end the element or begin another."""
    text = json.dumps(content, allow_nan=False, separators=(',', ':'))
    return text.replace('&', '\\u0026').replace('<', '\\u003c').replace('>', '\\u003e')


def _hash(text: str) -> str:
    """How a Content-Security-Policy names an inline script or style."""
    return f'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'


def _net(description: Description, orientation: str, options: DrawOptions) -> dict[str, Any]:
    depth = options.depth
    if depth is None:
        depth = 1 if len(description.nodes) > MANY else ALL_OPEN
    paths = effective_paths(description)
    themes = {name: {**asdict(theme), 'mixed_line': theme.line(MIXED)} for name, theme in THEMES.items()}
    return {'name': options.title or description.name, 'orientation': orientation, 'depth': depth,
            'collapse': list(options.collapse), 'coloring': options.color, 'theme': options.theme, 'themes': themes,
            'counts': counts_in_words(description), 'error': description.error,
            'nodes': [_node(note, path) for note, path in zip(description.nodes, paths, strict=True)],
            'edges': [[edge.tail, edge.head, edge.fault] for edge in description.edges]}


def _node(note: NodeNote, path: tuple[str, ...]) -> dict[str, Any]:
    return {'ID': visible(note.ID), 'name': visible(note.name if note.path and note.path == path else note.ID),
            'kind': note.kind, 'type': note.type, 'state': note.state, 'input': note.is_input, 'root': note.is_root,
            'made': note.made_by_module, 'shape': shape_in_words(note.shape, note.batch), 'dtype': note.dtype,
            'groups': [visible(part) for part in path], 'words': visible(settings_in_words(note.settings)),
            'settings': {name: visible(value) for name, value in note.settings.items()}, 'mode': note.mode,
            'learning': note.learning, 'statistics': note.statistics_state, 'bytes': note.bytes,
            'operations': note.operations if note.kind == 'module' else 0, 'count': note.parameter_count,
            'parameters': [_parameter(parameter) for parameter in note.parameters], 'seconds': _finite(note.seconds),
            'valueNorm': _finite(note.value_norm), 'derivNorm': _finite(note.deriv_norm), 'fault': note.fault}


def _parameter(parameter: ParameterNote) -> dict[str, Any]:
    statistics = {name: value for name, value in parameter.statistics.items() if math.isfinite(value)}
    return {'name': visible(parameter.name), 'shape': shape_in_words(parameter.shape, is_batched=False),
            'size': parameter.size, 'frozen': parameter.is_frozen, 'shared': parameter.is_shared,
            'statistics': statistics, 'histogram': parameter.histogram}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
