"""Checkpoints: enough on the disk to go on exactly where a run stopped.

A checkpoint is a JSON file and the `.df` files that it names: the net after the last whole epoch, and the net
of the best epoch where that one is kept. The JSON file is replaced last and in one go, so whenever the run
dies there is one whole checkpoint, the newest or the one before.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from deepfusion.components.net import Net
from deepfusion.errors import FileAccessError, FileFormatError, MissingFileError, OptionError
from deepfusion.utils.paths import as_path

FORMAT = 1


def checkpoint_path(path: str | Path) -> Path:
    """The path with `.json` at its end."""
    path = as_path(path, 'run/checkpoint')
    return path if path.suffix == '.json' else path.with_name(path.name + '.json')


def check_checkpoint(path: Path, is_known: bool) -> None:
    """Make sure, before hours are spent, that a checkpoint can be written there, and that it takes the place of none
    of another run.

    Args:
        is_known: whether the epochs of the one that is there are this run's.

    Raises:
        FileAccessError: the folder cannot be written.
        OptionError: there is one of another run.
    """
    if path.exists() and not is_known:
        raise OptionError(f"Trainer: expected no checkpoint of another run; found '{path}'. Call resume() to go on "
                          'with it, delete it, or give another path.')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise FileAccessError(f"The checkpoint '{path}' cannot be written ({error.strerror}: {error.filename}); "
                              'give another path.') from error


def save_checkpoint(path: Path, net: Net, rows: list[dict[str, Any]], best: dict[str, Any] | None,
                    generator: list[Any]) -> None:
    """Write a checkpoint, then remove the files that only the one before needed.

    Args:
        path: of the JSON file; the net is saved beside it as `<name>-<epoch>.df`.
        net: the net after the last of `rows`.
        rows: the history so far.
        best: the best of these rows, when its net is kept; it was saved by a call of its own epoch.
        generator: see `random_state`.
    """
    model = _model_file(path, rows[-1])
    net.save(str(model))
    state = {'format': FORMAT, 'model': model.name, 'rows': rows, 'best': best, 'random_state': generator,
             'best_model': None if best is None else _model_file(path, best).name}
    before = _files_of(path)
    unfinished = path.with_name(f'{path.name}.{os.getpid()}.part')
    unfinished.write_text(json.dumps(state), encoding='utf-8')
    unfinished.replace(path)
    for name in before - {state['model'], state['best_model']}:
        path.with_name(name).unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote: its arguments, and `model` and `best_model`, paths for `Net.load`.

    Raises:
        MissingFileError: there is none.
        FileFormatError: the file is damaged or foreign.
    """
    if not path.is_file():
        raise MissingFileError(f"Expected a checkpoint '{path}', which is not there; train with this path first.")
    try:
        state = json.loads(path.read_text(encoding='utf-8'))
        known = state['format'] == FORMAT and {'rows', 'best', 'random_state'} <= state.keys()
        for name in ('model', 'best_model'):
            state[name] = None if state[name] is None else path.with_name(state[name])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(f"'{path}' is no checkpoint of a training run, or is damaged.") from error
    if not known:
        raise FileFormatError(f"'{path}' is a checkpoint in a format that is not known here.")
    return state


def _model_file(path: Path, row: dict[str, Any]) -> Path:
    return path.with_name(f'{path.stem}-{row["epoch"]:04d}.df')


def _files_of(path: Path) -> set[str]:
    try:
        state = load_checkpoint(path)
    except (MissingFileError, FileFormatError):
        return set()
    return {file.name for file in (state['model'], state['best_model']) if file is not None}
