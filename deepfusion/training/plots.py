"""Pictures of a training run. Each function returns a Matplotlib figure, to be saved with `figure.savefig(path)`.

The figures are drawn off screen: no window opens, and pyplot and its settings are left alone.
"""

from typing import Any

import numpy as np

from deepfusion.errors import MissingValueError
from deepfusion.training.history import History

COLORS = {'train': '#277cb3', 'validation': '#6a9e3c', 'test': '#e1701a'}


def curves(history: History) -> Any:
    """Loss and accuracy of every set, epoch by epoch."""
    if not len(history):
        raise MissingValueError('curves: expected a history of at least one epoch; found none. Train first.')
    kinds = [kind for kind in ('loss', 'accuracy') if any(f'{name}_{kind}' in history.columns for name in COLORS)]
    figure = new_figure(4.6 * len(kinds), 3.4)
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        for name, color in COLORS.items():
            if f'{name}_{kind}' in history.columns:
                axes.plot(history['epoch'], history[f'{name}_{kind}'], 'o-', color=color, label=name, ms=4, lw=1.8)
        axes.set_xlabel('epoch')
        axes.set_title(kind)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.set_xlim(0.5, len(history) + 0.5)
        if kind == 'accuracy':
            axes.yaxis.set_major_formatter(lambda value, position: f'{100 * value:.4g}%')
        tidy(axes)
        axes.legend(frameon=False)
    return figure


def confusion_counts(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) how often each class (row) was taken for each class (column).

    >>> confusion_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, class_names: tuple[str, ...]) -> Any:
    """What was taken for what: right answers in blue, mistakes in orange, each class's share as the shade."""
    counts = confusion_counts(labels, predictions, len(class_names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    most = max(float(shares[~right].max(initial=0.0)), 0.1)
    figure = new_figure(1.9 + 0.5 * len(counts), 1.6 + 0.5 * len(counts))
    axes = figure.subplots()
    axes.imshow(np.ma.array(shares, mask=~right), cmap='Blues', vmin=0, vmax=1.25)
    axes.imshow(np.ma.array(shares, mask=right | (counts == 0)), cmap='Oranges', vmin=0, vmax=1.6 * most)
    for row, column in np.argwhere(counts > 0):
        dark = row == column and shares[row, column] > 0.6
        axes.text(column, row, str(counts[row, column]), ha='center', va='center', fontsize=8,
                  color='white' if dark else '#333333')
    accuracy = counts.trace() / max(counts.sum(), 1)
    axes.set_title(f'{accuracy:.2%} of {counts.sum():,} right')
    axes.set_xlabel('predicted')
    axes.set_ylabel('true')
    wide = max(map(len, class_names)) > 2
    axes.set_xticks(range(len(counts)), class_names, rotation=45 if wide else 0, ha='right' if wide else 'center')
    axes.set_yticks(range(len(counts)), class_names)
    axes.set_xticks(np.arange(len(counts) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(counts) + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='#eeeeee', lw=0.8)
    axes.tick_params(which='both', length=0)
    axes.spines[:].set_visible(False)
    return figure


def misclassified(pictures: Any, labels: np.ndarray, outputs: np.ndarray, class_names: tuple[str, ...],
                  count: int = 25) -> Any:
    """A page of the pictures that were taken for something else, the surest mistakes first.

    Args:
        pictures: (N, 1 or 3, H, W) bytes, or an array-like that takes arrays of indices.
        labels: (N,) true classes.
        outputs: (N, classes) logits.
        class_names: what the labels stand for.
        count: how many are shown at most.
    """
    predictions = outputs.argmax(axis=1)
    odds = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True))
    sureness = (odds / odds.sum(axis=1, keepdims=True)).max(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    shown = wrong[np.argsort(-sureness[wrong], kind='stable')][:count]
    columns = min(5, max(len(shown), 1))
    rows = -(-len(shown) // columns)
    figure = new_figure(1.75 * max(columns, 3), 0.7 + 2.05 * rows)       # room for the title
    figure.suptitle(f'{len(wrong):,} of {len(labels):,} pictures misclassified'
                    + (f', the {len(shown)} surest mistakes' if len(shown) < len(wrong) else ''))
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat if rows else ()):
        axes.axis('off')
        if place < len(shown):
            index = shown[place]
            picture = np.asarray(pictures[index]).transpose(1, 2, 0)             # (C, H, W) -> (H, W, C)
            axes.imshow(picture if picture.shape[2] == 3 else picture[:, :, 0], cmap='gray', vmin=0, vmax=255)
            axes.set_title(f'{class_names[labels[index]]}, taken for\n{class_names[predictions[index]]} '
                           f'({sureness[index]:.0%} sure)', fontsize=8)
    return figure


def new_figure(width: float, height: float) -> Any:
    """An off-screen figure of that size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=120, layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Any) -> None:
    """Faint lines behind the curves, no frame above and to the right."""
    axes.grid(axis='y', color='#e5e5e5', lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
