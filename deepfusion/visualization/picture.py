"""What drawing returns: the path of the file, which shows its picture in a notebook."""

from __future__ import annotations

import base64
import os
import webbrowser
from html import escape
from pathlib import Path
from typing import Any


class Picture(os.PathLike[str]):
    """A drawn file. `open(picture)` and `Path(picture)` work, `str(picture)` is its path.

    Attributes:
        path: where the file is.
        format: 'svg', 'png', 'pdf', 'html' or 'gv'.
        engine: whose layout it shows, 'dot' (Graphviz) or 'own'; '' where that means nothing.
    """

    def __init__(self, path: Path, format: str, engine: str = '', svg: str = '') -> None:
        self.path, self.format, self.engine = path, format, engine
        self._svg = svg

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f'Picture({str(self.path)!r})'

    def __eq__(self, other: object) -> bool:
        return os.fspath(other) == str(self.path) if isinstance(other, str | os.PathLike) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self.path))

    def view(self) -> None:
        """Open the file in the viewer or browser of the system."""
        webbrowser.open(self.path.resolve().as_uri())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {'text/plain': str(self.path)}
        if self.format == 'html':
            page = escape(self.path.read_text(encoding='utf-8'), quote=True)
            bundle['text/html'] = f'<iframe srcdoc="{page}" width="100%" height="640" style="border:0"></iframe>'
        elif self.format == 'png':
            bundle['image/png'] = base64.b64encode(self.path.read_bytes()).decode()
        elif self._svg:
            bundle['image/svg+xml'] = self._svg
        return bundle
