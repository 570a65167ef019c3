"""CIFAR-10 in its official binary layout, read from the disk as it is needed."""

from pathlib import Path
from typing import Any

import numpy as np

from deepfusion.datasets.dataset import Dataset
from deepfusion.errors import FileFormatError, MissingFileError

ARCHIVE = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'
FOLDER = 'cifar-10-batches-bin'
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32        # the label, then 1,024 red, 1,024 green and 1,024 blue bytes


class MappedPictures:
    """The pictures of several memory-mapped files as one read-only array-like of shape (N, 3, 32, 32).

    Indexing with an integer, a slice, or an array of integers or booleans reads those pictures, and those
    only, into a new array.
    """

    def __init__(self, parts: list[np.ndarray]) -> None:
        self._parts = parts                                              # each (n, 3, 32, 32), bytes
        self._ends = np.cumsum([len(part) for part in parts])
        self.shape = (int(self._ends[-1]), *SHAPE)
        self.dtype, self.ndim = parts[0].dtype, 4

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        wanted = np.arange(len(self))[index]          # bounds, negative numbers and slices as NumPy has them
        flat = wanted.reshape(-1)
        part_of = np.searchsorted(self._ends, flat, side='right')
        pictures = np.empty((len(flat), *SHAPE), self.dtype)
        for i, part in enumerate(self._parts):
            here = part_of == i
            pictures[here] = part[flat[here] - self._ends[i] + len(part)]
        return pictures.reshape(wanted.shape + SHAPE)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


def cifar10(folder: str | Path) -> Dataset:
    """CIFAR-10 from the folder of its binary version: 50,000 pictures to train on, 10,000 to test with.

    The pictures stay in their files, memory-mapped; only what is asked for is read.

    Args:
        folder: where `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin` and `batches.meta.txt` are,
            or the folder that holds their `cifar-10-batches-bin`.

    Raises:
        MissingFileError: a file is missing; the message says where to get it.
        FileFormatError: a file is not a whole number of records, or holds a label above 9.

    Reference: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    path = Path(folder).expanduser()
    if (path / FOLDER).is_dir():
        path = path / FOLDER
    names = _class_names(_existing(path / 'batches.meta.txt'))
    train = [_records(_existing(path / f'data_batch_{i}.bin'), len(names)) for i in range(1, 6)]
    test = _records(_existing(path / 'test_batch.bin'), len(names))
    return Dataset(MappedPictures([_pictures(part) for part in train]),
                   np.concatenate([_labels(part) for part in train]),
                   MappedPictures([_pictures(test)]), _labels(test), names)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise MissingFileError(f"CIFAR-10: expected the file '{path}', which is not there; download {ARCHIVE}, "
                               f"unpack it, and name the folder '{FOLDER}' that comes out of it.")
    return path


def _class_names(path: Path) -> tuple[str, ...]:
    names = tuple(path.read_text(encoding='utf-8', errors='replace').split())
    if len(names) != 10:
        raise FileFormatError(f"CIFAR-10: expected 10 class names in '{path}'; found {len(names)}. "
                              f'Unpack {ARCHIVE} again.')
    return names


def _records(path: Path, classes: int) -> np.ndarray:
    size = path.stat().st_size
    if size == 0 or size % RECORD:
        raise FileFormatError(f"CIFAR-10: expected a whole number of records of {RECORD:,} bytes in "
                              f"'{path}'; found {size:,} bytes. Unpack {ARCHIVE} again.")
    records = np.memmap(path, dtype=np.uint8, mode='r').reshape(-1, RECORD)
    highest = int(records[:, 0].max())
    if highest >= classes:
        raise FileFormatError(f"CIFAR-10: expected labels from 0 to {classes - 1} in '{path}'; "
                              f'found {highest}. Unpack {ARCHIVE} again.')
    return records


def _labels(records: np.ndarray) -> np.ndarray:
    return records[:, 0].astype(np.int64)


def _pictures(records: np.ndarray) -> np.ndarray:
    return records[:, 1:].reshape(-1, *SHAPE)
