"""How examples get into a net, and what is counted when they have gone through."""

from collections.abc import Callable, Iterable, Iterator
from inspect import signature
from math import prod
from numbers import Integral, Real
from typing import Any

import numpy as np

from deepfusion.components.net import Net
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import array_module, as_array, float_type, to_host
from deepfusion.utils.names import near_matches

Array = Any
Examples = tuple[Any, Any]                      # pictures (or any inputs), and labels or targets
Normalization = tuple[Any, Any] | None          # mean and deviation

ROLES = ('x', 'y', 'prediction', 'loss')

BYTE_PIXELS = (127.5, 127.5)        # (x - 127.5) / 127.5 = (x / 255 - 0.5) / 0.5: bytes to [-1, 1]


def check_roles(nodes: Iterable[str], function: Callable[..., Any]) -> None:
    """Refuse keywords that are neither options of a function nor roles of nodes."""
    options = [name for name in signature(function).parameters if name not in ('self', 'nodes')]
    for name in nodes:
        if name not in ROLES:
            raise UnknownNameError(f'No option or role of a node is called {name!r}. '
                                   f'{near_matches(name, [*ROLES, *options])}')


def _node(net: Net, role: str, ID: str) -> Any:
    try:
        return net.get_node(ID)
    except UnknownNameError as error:
        raise UnknownNameError(f"{error} Name the one to use with {role}='...'.") from None


class Feed:
    """Puts batches into the nodes of a net: inputs normalised, labels as one-hot rows, or as they are where the
    target's shape is (1,).

    Args:
        net: the net.
        normalize: (mean, deviation) of the inputs: numbers, or arrays that broadcast against a batch, say
            (C, 1, 1). Each batch becomes `(x - mean) / deviation` on the net's device, so the set itself is
            never copied to floats. None puts the inputs in as they are.
        x, y, prediction, loss: IDs of the nodes. The prediction is only needed when the labels are classes.
    """

    def __init__(self, net: Net, normalize: Normalization = None, x: str = 'x', y: str = 'y',
                 prediction: str = 'logits', loss: str = 'loss') -> None:
        self.x, self.y, self.loss = (_node(net, role, ID) for role, ID in (('x', x), ('y', y), ('loss', loss)))
        self.prediction: Any = net.node_lookup.get(prediction)
        self._get_prediction = lambda: _node(net, 'prediction', prediction)
        self.normalize = normalize
        if normalize is not None and not _is_normalization(normalize):
            raise OptionError('Expected normalize=(mean, deviation), numbers or arrays, no deviation being 0; '
                              f'found {normalize!r:.60}. BYTE_PIXELS is that of bytes.')

    @staticmethod
    def check_batch_size(batch_size: Any, who: str) -> None:
        """Refuse what is no number of examples."""
        if not (isinstance(batch_size, Real) and float(batch_size) > 0):
            raise OptionError(f'{who}: expected batch_size above 0; found {batch_size!r}.')
        if not isinstance(batch_size, Integral):
            raise OptionError(f'{who}: expected batch_size to be a whole number; found {batch_size!r}.')

    def check(self, examples: Examples, what: str) -> Examples:
        """The examples, when inputs and labels are equally many and classes are in range; else an error."""
        if not isinstance(examples, tuple | list) or len(examples) != 2:
            raise ShapeError(f'{what}: expected a pair (inputs, labels); found {type(examples).__name__}. '
                             'Put the two into a tuple.')
        inputs, labels = examples
        for name, given in (('inputs', inputs), ('labels', labels)):
            if not hasattr(given, '__len__') or isinstance(given, str | dict):
                raise ShapeError(f'{what}: expected {name} to be an array, one example a row; '
                                 f'found {type(given).__name__}.')
        labels = to_host(labels)
        if isinstance(inputs, list | tuple):
            inputs = np.asarray(inputs)
        if len(inputs) != len(labels) or len(labels) == 0:
            raise ShapeError(f'{what}: expected as many inputs as labels, at least one of each; '
                             f'found {len(inputs)} and {len(labels)}.')
        if is_classes(labels):
            self.prediction = self._get_prediction()
            holder = self.prediction if self._takes_indices else self.y
            classes = holder.shape[-1]
            if labels.min() < 0 or labels.max() >= classes:
                fix = 'Give labels[:, None] for a single score' if classes == 1 else 'Give floats'
                raise OptionError(f"{what}: expected labels from 0 to {classes - 1}, as '{holder.ID}' has "
                                  f'shape {holder.shape}; found {labels.min()} to {labels.max()}. {fix}, in the '
                                  f"shape of '{self.y.ID}', if they are no classes.")
        elif labels.ndim == 1 and prod(self.y.shape[1:]) > 1:
            raise ShapeError(f"{what}: expected classes as integers, or targets in the shape of '{self.y.ID}', "
                             f'{self.y.shape}; found {labels.dtype} of shape {labels.shape}. '
                             'Give labels.astype(int) if they are classes.')
        return inputs, labels

    def put(self, inputs: Any, labels: np.ndarray) -> None:
        """Set the values of the input and target nodes to one batch."""
        if self.normalize is not None:
            mean, deviation = (v if np.isscalar(v) else as_array(v) for v in self.normalize)
            inputs = as_array(inputs).astype(float_type())      # a new array: bytes travel, floats stay there
            inputs -= mean
            inputs /= deviation
        self.x.val = inputs
        one_hot = is_classes(labels) and not self._takes_indices
        self.y.val = np.eye(self.y.shape[-1], dtype=float_type())[labels] if one_hot else labels

    @property
    def _takes_indices(self) -> bool:
        """Whether the target node holds class indices, not one-hot rows."""
        return len(self.y.shape) == 1

    def right(self) -> Array:
        """How many of the last batch's predictions are right."""
        wanted = self.y.val if self._takes_indices else self.y.val.argmax(axis=1)
        return (self.prediction.val.argmax(axis=1) == wanted).sum()


class Tally:
    """Sums up loss and accuracy over the batches of one pass.

    Numbers stay on their device until someone asks, so that a step need not wait for the one before.
    """

    def __init__(self, feed: Feed, classes: bool) -> None:
        self._feed, self._classes = feed, classes
        self._waiting: list[tuple[Array, Array, int]] = []
        self._loss = self._hits = 0.0
        self.examples = self.steps = 0

    def add(self, size: int) -> None:
        """Count the batch of that size that has just gone forward."""
        loss = self._feed.loss
        if loss.val.size != 1:
            raise ShapeError(f"Expected the loss '{loss.ID}' to be one number; found the shape {loss.val.shape}. "
                             "Let it be the mean, reduction='mean'.")
        hits = self._feed.right() if self._classes else None
        self._waiting.append((loss.val, hits, 1 if getattr(loss.input, 'reduction', None) == 'sum' else size))
        self.examples += size
        self.steps += 1

    def numbers(self) -> dict[str, float]:
        """Mean loss per example, and the share of right answers when there are classes."""
        for loss, hits, weight in self._waiting:
            self._loss += float(to_host(loss)) * weight
            self._hits += 0.0 if hits is None else float(to_host(hits))
        self._waiting.clear()
        found = {'loss': self._loss / max(self.examples, 1)}
        return found | {'accuracy': self._hits / max(self.examples, 1)} if self._classes else found

    def in_words(self) -> str:
        """For the progress bar: `loss 0.1234  accuracy 98.76%`."""
        numbers = self.numbers()
        return f'loss {numbers["loss"]:.4f}' + (
            f'  accuracy {numbers["accuracy"]:6.2%}' if self._classes else '')


def _is_normalization(given: Any) -> bool:
    """Whether it is a pair of numbers, or of arrays of numbers, to subtract and to divide by."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        return False
    try:
        mean, deviation = (np.asarray(to_host(value), dtype=float) for value in given)
    except (TypeError, ValueError):
        return False
    return bool(np.isfinite(mean).all() and np.isfinite(deviation).all() and deviation.all())


def is_classes(labels: np.ndarray) -> bool:
    """Whether labels are class numbers (one integer an example) rather than target values."""
    return labels.ndim == 1 and labels.dtype.kind in 'iu'


def take(examples: Any, chosen: np.ndarray) -> Any:
    """The examples with these numbers, wherever the array lives."""
    return examples[array_module(examples).asarray(chosen)]


def batches(examples: Examples, batch_size: int, order: np.ndarray | None = None) -> Iterator[Examples]:
    """The examples in pieces of `batch_size`, in the order given; the last piece may be smaller."""
    inputs, labels = examples
    for start in range(0, len(labels), batch_size):
        if order is None:
            yield inputs[start:start + batch_size], labels[start:start + batch_size]
        else:
            chosen = order[start:start + batch_size]
            yield take(inputs, chosen), labels[chosen]
