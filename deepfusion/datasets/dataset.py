"""What every data set is made of."""

from typing import Any, NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Labelled pictures in two parts, one to learn from and one to be judged by.

    Attributes:
        train_pictures, test_pictures: (N, C, H, W) unsigned bytes, 0 to 255; arrays, or array-likes that
            read from a file the pictures they are asked for.
        train_labels, test_labels: (N,) integers, 0 to the number of classes less one.
        class_names: what the labels stand for.
    """

    train_pictures: Any
    train_labels: np.ndarray
    test_pictures: Any
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    def __repr__(self) -> str:
        return (f'Dataset({len(self.train_labels):,} pictures to learn from, {len(self.test_labels):,} to be judged '
                f'by, of shape {tuple(self.train_pictures.shape[1:])}, {len(self.class_names)} classes)')
