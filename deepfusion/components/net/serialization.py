"""Saving and loading nets as data: a JSON description and arrays, in one file in the safetensors format.

Held: every node with its constructor's arguments, frozen flags, rates, optimizers with their state,
regularizers, modes, running statistics, sharing of parameters; the values of parameters and inputs with their
derivatives. Values of inner nodes are not held: forward makes them again. Loading runs no code of the file: classes are
found among those the program has defined, by name, and made with the arguments that the file lists.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfusion import __version__
from deepfusion.components.modules.module import Module
from deepfusion.components.net.description import describe_net, rebuild_net
from deepfusion.errors import DeepFusionError, FileAccessError, FileFormatError
from deepfusion.utils.paths import as_path

if TYPE_CHECKING:
    from deepfusion.components.net.net import Net

FORMAT = 'deepfusion net'
FORMAT_VERSION = 1


def save(net: 'Net', file_path: str | os.PathLike[str]) -> None:
    """Write a net to a file; `.df` is added when missing. The file is replaced as a whole or not at all.

    Raises:
        FileAccessError: The file cannot be written.
        FileFormatError: An argument of a module cannot be saved.
    """
    from safetensors.numpy import save as to_bytes
    path = _with_suffix(file_path)
    arrays: dict[str, np.ndarray] = {}
    description = describe_net(net, arrays)
    metadata = {'format': FORMAT, 'version': str(FORMAT_VERSION), 'deepfusion': __version__,
                'net': json.dumps(description, default=_plain)}
    # safetensors 0.8.0 writes views in another order of memory wrongly (its issue 825).
    content = to_bytes({name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()},
                       metadata)
    _write_atomically(path, content)


def _plain(value: Any) -> Any:
    """Numbers of NumPy, in details and flags, as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise FileFormatError(f'Net.save: expected details and flags of plain data; found {value!r:.60} '
                          f'({type(value).__name__}). Use numbers, strings, lists and dictionaries.')


def load(file_path: str | os.PathLike[str], modules: Sequence[type[Module]] = ()) -> 'Net':
    """Read a net that `save` wrote.

    Raises:
        FileAccessError: There is no such file, or it cannot be read.
        FileFormatError: The file is damaged, foreign, or uses a module class that is not known.
    """
    path = _with_suffix(file_path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileAccessError(f"Net.load: expected a readable file '{path}'; found: "
                              f'{error.strerror or error}.') from error
    description, arrays = _parse(content, path)
    state = np.random.get_state()
    try:
        return rebuild_net(description, arrays, modules)
    except DeepFusionError as error:
        raise type(error)(f"Net.load of '{path}': {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"Net.load: expected a whole net in '{path}'; found a description that does not hold "
                              f'together ({type(error).__name__}: {error}). Save the net again.') from error
    finally:
        np.random.set_state(state)      # constructors draw weights, which the file's then replace


def _with_suffix(file_path: str | os.PathLike[str]) -> Path:
    path = as_path(file_path, 'net.df')
    return path if path.name.endswith('.df') else path.with_name(path.name + '.df')


def _parse(content: bytes, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes
    try:
        arrays = from_bytes(content)
        size = int.from_bytes(content[:8], 'little')
        metadata = json.loads(content[8:8 + size]).get('__metadata__', {})
        description = json.loads(metadata['net']) if metadata.get('format') == FORMAT else None
    except (SafetensorError, ValueError, KeyError, AttributeError, OverflowError) as error:
        if content[:1] == b'\x80' and content[1:2] <= b'\x05' and content[-1:] == b'.':
            raise FileFormatError(f"Net.load: expected a file of data in '{path}'; found a pickle, as DeepFusion 0.0.3 "
                                  'wrote them, which could run any code. Build the net again and copy the values '
                                  'over.') from error
        raise FileFormatError(f"Net.load: expected a net saved by Net.save in '{path}'; found a damaged or foreign "
                              f'file ({error}).') from error
    if description is None:
        raise FileFormatError(f"Net.load: expected a net saved by Net.save in '{path}'; found other arrays.")
    if metadata.get('version') != str(FORMAT_VERSION):
        raise FileFormatError(f"Net.load: expected format version {FORMAT_VERSION} in '{path}'; found "
                              f"{metadata.get('version')}, written by DeepFusion {metadata.get('deepfusion')}. "
                              'Install that version to read it.')
    return description, arrays


def _write_atomically(path: Path, content: bytes) -> None:
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f'.{path.name}.', delete=False) as file:
            temporary = file.name
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise FileAccessError(f"Net.save: expected a writable path; '{path}' is not: "
                              f'{error.strerror or error}.') from error
