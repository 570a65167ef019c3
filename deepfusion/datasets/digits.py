"""Handwritten digits that come with the package."""

from importlib.resources import files

import numpy as np

from deepfusion.datasets.dataset import Dataset
from deepfusion.errors import OptionError


def digits(size: int = 8, channels: int = 1) -> Dataset:
    """1,797 handwritten digits of 43 people; every fifth one (the first, the sixth, ...) is for testing.

    The originals are 8x8 with 17 shades, which are spread over the bytes 0 to 255 here.

    Args:
        size: height and width; more than 8 enlarges the pictures by bilinear interpolation.
        channels: how often the grey channel is repeated (3 for nets that expect colours).

    Raises:
        OptionError: size is less than 8, or channels less than 1.

    Reference: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
        Repository, 1998, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0 (the test part, as
        scikit-learn ships it).

    Example:
        >>> digits(size=32, channels=3).train_pictures.shape
        (1437, 3, 32, 32)
    """
    if size < 8 or channels < 1:
        raise OptionError(f'digits: expected a size of at least 8 and at least 1 channel; '
                          f'found size={size}, channels={channels}.')
    path = files('deepfusion.datasets') / 'files' / 'digits.npz'
    with path.open('rb') as file, np.load(file) as arrays:
        pictures, labels = arrays['pictures'], arrays['labels'].astype(np.int64)
    pictures = _enlarge(pictures * (255 / 16), size).round().astype(np.uint8)
    pictures = np.repeat(pictures[:, None], channels, axis=1)              # (N, H, W) -> (N, C, H, W)
    test = np.arange(len(labels)) % 5 == 0
    return Dataset(pictures[~test], labels[~test], pictures[test], labels[test], tuple('0123456789'))


def _enlarge(pictures: np.ndarray, size: int) -> np.ndarray:
    """Bilinear resize of square pictures, (N, h, h) -> (N, size, size), pixel centres at halves."""
    old = pictures.shape[1]
    centres = (np.arange(size) + 0.5) * old / size - 0.5
    weights = np.stack([np.interp(centres, np.arange(old), row) for row in np.eye(old)], axis=1)   # (size, h)
    return weights @ pictures @ weights.T
