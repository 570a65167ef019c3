"""CIFAR-10's binary layout, on a tiny folder made here."""

import numpy as np
import pytest

from deepfusion.datasets import cifar10
from deepfusion.errors import FileFormatError, MissingFileError

NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']


@pytest.fixture
def folder(tmp_path):
    """Five training files of 4 records and a test file of 3, with random pixels."""
    random = np.random.default_rng(0)
    path = tmp_path / 'cifar-10-batches-bin'
    path.mkdir()
    for name, count in [*((f'data_batch_{i}', 4) for i in range(1, 6)), ('test_batch', 3)]:
        records = random.integers(0, 256, (count, 3073), np.uint8)
        records[:, 0] %= 10
        (path / f'{name}.bin').write_bytes(records.tobytes())
    (path / 'batches.meta.txt').write_text('\n'.join(NAMES) + '\n\n')
    return path


def records(folder, *names):
    return np.concatenate([np.fromfile(folder / f'{name}.bin', np.uint8).reshape(-1, 3073) for name in names])


def test_pictures_and_labels_are_those_of_the_files(folder):
    data = cifar10(folder)
    train = records(folder, *(f'data_batch_{i}' for i in range(1, 6)))
    assert data.class_names == tuple(NAMES)
    assert (data.train_labels == train[:, 0]).all()
    assert data.train_pictures.shape == (20, 3, 32, 32)
    assert (np.asarray(data.train_pictures) == train[:, 1:].reshape(-1, 3, 32, 32)).all()
    test = records(folder, 'test_batch')
    assert (data.test_labels == test[:, 0]).all()
    assert (np.asarray(data.test_pictures) == test[:, 1:].reshape(-1, 3, 32, 32)).all()


def test_the_folder_above_will_do(folder):
    assert len(cifar10(str(folder.parent)).train_pictures) == 20


@pytest.mark.parametrize('index', [0, -1, 7, slice(2, 11), slice(None, None, -3), [3, 19, 4, 3], np.array([[0], [5]]),
                                   np.arange(20) % 3 == 1, slice(0, 0)])
def test_indexing_is_that_of_an_array(folder, index):
    pictures = cifar10(folder).train_pictures
    assert (pictures[index] == np.asarray(pictures)[index]).all()
    assert pictures[index].shape == np.asarray(pictures)[index].shape


def test_what_is_read_is_a_copy_and_what_is_out_of_range_is_refused(folder):
    pictures = cifar10(folder).train_pictures
    before = pictures[0]
    pictures[0][:] = 0
    assert (pictures[0] == before).all()
    with pytest.raises(IndexError):
        pictures[20]


@pytest.mark.parametrize('name', ['data_batch_3.bin', 'test_batch.bin', 'batches.meta.txt'])
def test_a_missing_file_is_named_with_where_to_get_it(folder, name):
    (folder / name).unlink()
    with pytest.raises(MissingFileError, match=rf"{name}', which is not there; download https://www\.cs\.toronto"):
        cifar10(folder)


def test_a_missing_folder_is_answered_the_same_way(tmp_path):
    with pytest.raises(MissingFileError, match='download https'):
        cifar10(tmp_path / 'nowhere')


@pytest.mark.parametrize('change', [-1, 1, -4 * 3073])
def test_a_wrong_size_is_refused(folder, change):
    path = folder / 'data_batch_2.bin'
    path.write_bytes((path.read_bytes() + b'\0')[:path.stat().st_size + change])
    with pytest.raises(FileFormatError, match=r"records of 3,073 bytes in '.*data_batch_2\.bin'"):
        cifar10(folder)


def test_a_label_out_of_range_is_refused(folder):
    path = folder / 'test_batch.bin'
    path.write_bytes(b'\x0a' + path.read_bytes()[1:])
    with pytest.raises(FileFormatError, match=r"labels from 0 to 9 in '.*test_batch\.bin'; found 10"):
        cifar10(folder)


def test_missing_class_names_are_refused(folder):
    (folder / 'batches.meta.txt').write_text('cat\ndog\n')
    with pytest.raises(FileFormatError, match='expected 10 class names'):
        cifar10(folder)
