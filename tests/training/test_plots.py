"""The pictures of a run, by what is on them."""

import sys

import numpy as np
import pytest

from deepfusion.errors import MissingValueError
from deepfusion.training import History, plots

NAMES = ('cat', 'dog', 'frog')


@pytest.fixture(autouse=True)
def pyplot_is_left_alone():
    """No figure is registered, no setting changed."""
    import matplotlib
    settings = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == settings
    if 'matplotlib.pyplot' in sys.modules:
        assert sys.modules['matplotlib.pyplot'].get_fignums() == []


def test_curves_show_every_column(tmp_path):
    history = History([{'epoch': e, 'train_loss': 1 / e, 'train_accuracy': 1 - 0.5 / e, 'test_loss': 2 / e,
                        'test_accuracy': 0.9} for e in (1, 2, 3)])
    figure = plots.curves(history)
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ['train', 'test']
    assert loss.lines[0].get_ydata() == pytest.approx([1, 0.5, 1 / 3])
    assert accuracy.lines[1].get_ydata() == pytest.approx([0.9] * 3)
    figure.savefig(tmp_path / 'curves.png')
    assert (tmp_path / 'curves.png').read_bytes()[:4] == b'\x89PNG'


def test_curves_of_a_number_that_only_held_out_sets_have():
    figure = plots.curves(History([{'epoch': 1, 'train_loss': 0.5, 'validation_loss': 0.6,
                                    'validation_accuracy': 0.9}]))
    assert [[line.get_label() for line in axes.lines] for axes in figure.axes] == [['train', 'validation'],
                                                                                   ['validation']]


def test_curves_of_nothing():
    with pytest.raises(MissingValueError, match='at least one epoch'):
        plots.curves(History([]))


def test_curves_of_one_epoch_without_accuracy():
    (axes,) = plots.curves(History([{'epoch': 1, 'train_loss': 0.5}])).axes
    assert [tick for tick in axes.get_xticks() if 0.5 <= tick <= 1.5] == [1]


def test_confusion_counts_and_their_picture():
    labels, predictions = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 2, 2, 1, 2, 0])
    counts = plots.confusion_counts(labels, predictions, 3)
    assert counts.tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 1]]
    (axes,) = plots.confusion_matrix(labels, predictions, NAMES).axes
    shown = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert shown == {(0, 0): '1', (2, 0): '2', (1, 1): '1', (0, 2): '1', (2, 2): '1'}       # (column, row)
    assert axes.get_title() == '50.00% of 6 right'
    assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES)


def test_misclassified_pictures_come_with_the_surest_mistakes_first():
    outputs = np.array([[9, 0, 0], [0, 5, 0], [0, 0, 8], [4, 0, 0]], np.float32)
    labels = np.array([0, 0, 1, 2])                                      # 1, 2 and 3 are wrong; 2 is the surest
    pictures = np.stack([np.full((1, 8, 8), shade, np.uint8) for shade in (10, 20, 30, 40)])
    figure = plots.misclassified(pictures, labels, outputs, NAMES)
    shown = [axes for axes in figure.axes if axes.images]
    assert [int(axes.images[0].get_array()[0, 0]) for axes in shown] == [30, 20, 40]
    assert shown[0].get_title() == 'dog, taken for\nfrog (100% sure)'
    assert figure.get_suptitle() == '3 of 4 pictures misclassified'
    two = plots.misclassified(np.repeat(pictures, 3, axis=1), labels, outputs, NAMES, count=2)
    assert two.get_suptitle() == '3 of 4 pictures misclassified, the 2 surest mistakes'
    assert [axes.images[0].get_array().shape for axes in two.axes] == [(8, 8, 3)] * 2       # and no empty place


def test_no_mistakes_make_a_page_that_says_so():
    figure = plots.misclassified(np.zeros((2, 1, 8, 8), np.uint8), np.array([0, 1]), np.eye(2), NAMES)
    assert figure.get_suptitle() == '0 of 2 pictures misclassified'
    assert figure.axes == []
