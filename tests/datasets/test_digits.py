"""The embedded digits."""

import numpy as np
import pytest

from deepfusion.datasets import digits
from deepfusion.errors import OptionError


def test_parts_are_every_fifth_and_the_rest():
    data = digits()
    assert data.train_pictures.shape == (1437, 1, 8, 8)
    assert data.test_pictures.shape == (360, 1, 8, 8)
    assert data.train_pictures.dtype == data.test_pictures.dtype == np.uint8
    # The first labels of the original run 0, 1, ..., 9, 0, 1, ...; of those, every fifth is for testing.
    assert data.test_labels[:4].tolist() == [0, 5, 0, 5]
    assert data.train_labels[:9].tolist() == [1, 2, 3, 4, 6, 7, 8, 9, 1]
    assert np.bincount(np.concatenate([data.train_labels, data.test_labels])).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.class_names == tuple('0123456789')


def test_seventeen_shades_span_the_bytes():
    shades = np.unique(digits().train_pictures)
    assert len(shades) == 17
    assert (np.round(shades * (16 / 255)) == np.arange(17)).all()


def test_enlarged_pictures_are_smooth_and_of_the_same_brightness():
    small, large = digits().train_pictures[:50], digits(size=32, channels=3).train_pictures[:50]
    assert large.shape == (50, 3, 32, 32)
    assert (large[:, 0] == large[:, 1]).all()
    assert (large[:, 0] == large[:, 2]).all()
    assert abs(small.mean() - large.mean()) < 3
    # Block means of the large picture are close to the small one's pixels; single pixels step less.
    blocks = large[:, 0].reshape(50, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(blocks.ravel(), small.ravel())[0, 1] > 0.97
    steps = np.abs(np.diff(large[:, 0].astype(int))).max()
    assert steps < np.abs(np.diff(small[:, 0].astype(int))).max() / 2


def test_enlarging_agrees_with_pytorch():
    torch = pytest.importorskip('torch')
    exact = torch.nn.functional.interpolate(
        torch.tensor(digits().test_pictures[:20].astype(np.float64)), size=(20, 20), mode='bilinear')
    # Both are rounded to bytes, here from the original 17 shades, there from bytes.
    assert np.abs(digits(size=20).test_pictures[:20] - exact.numpy()).max() <= 1.01


@pytest.mark.parametrize('options', [{'size': 7}, {'channels': 0}])
def test_impossible_sizes_are_refused(options):
    with pytest.raises(OptionError, match='size of at least 8'):
        digits(**options)


def test_it_shows_sizes_instead_of_pixels():
    assert repr(digits(size=8, channels=3)) == (
        'Dataset(1,437 pictures to learn from, 360 to be judged by, of shape (3, 8, 8), 10 classes)')
