"""Names of files, as they are given."""

import os
from pathlib import Path
from typing import Any

from deepfusion.errors import FileAccessError


def as_path(file_path: str | os.PathLike[str] | Any, example: str) -> Path:
    """The path of a file; refuses what is none.

    >>> as_path('', 'net.df')
    Traceback (most recent call last):
    deepfusion.errors.FileAccessError: Expected the name of a file; found ''. Give a string or a path, such as 'net.df'.
    """
    try:
        path = Path(file_path)
    except TypeError:
        path = Path()
    if not path.name:
        raise FileAccessError(f'Expected the name of a file; found {file_path!r}. '
                              f"Give a string or a path, such as '{example}'.")
    return path
