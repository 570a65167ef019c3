"""How good a net is on examples it need not have seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfusion.components.net import Net
from deepfusion.training.feed import Examples, Feed, Normalization, Tally, batches, check_roles, is_classes
from deepfusion.training.progress import progress_bar
from deepfusion.utils.backend import to_host


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        loss: mean over the examples.
        accuracy: share of examples whose largest output is that of their class; None without classes.
        outputs: (N, ...) values of the prediction node, on the host; None when the net has no such node.
    """

    loss: float
    accuracy: float | None
    outputs: np.ndarray | None

    @property
    def predictions(self) -> np.ndarray:
        """(N,) the class with the largest output."""
        return np.asarray(self.outputs).argmax(axis=1)


def evaluate(net: Net, inputs: Any, labels: Any, batch_size: int = 256, normalize: Normalization = None,
             progress: bool | None = False, **nodes: str) -> Evaluation:
    """Run examples through a net in test mode; the mode is put back afterwards.

    Args:
        net: the net.
        inputs: (N, ...) one example a row.
        labels: (N,) integer classes, or (N, ...) targets.
        batch_size: how many go through at once.
        normalize: see `Feed`.
        progress: whether a progress bar is shown; None shows it on a terminal.
        nodes: IDs of the nodes that are not x, y, logits and loss: `x=..., y=..., prediction=..., loss=...`.
    """
    check_roles(nodes, evaluate)
    Feed.check_batch_size(batch_size, 'evaluate')
    feed = Feed(net, normalize, **nodes)
    with settings_kept(net):
        return run_test(net, feed, feed.check((inputs, labels), 'evaluate'), batch_size, 'testing', progress)


def run_test(net: Net, feed: Feed, examples: Examples, batch_size: int, title: str,
             progress: bool | None) -> Evaluation:
    """Evaluate checked examples, leaving the net in test mode."""
    net.set_mode('test')
    tally, outputs = Tally(feed, is_classes(examples[1])), []
    with progress_bar(title, -(-len(examples[1]) // batch_size), progress) as report:
        for inputs, labels in batches(examples, batch_size):
            feed.put(inputs, labels)
            net.forward()
            tally.add(len(labels))
            if feed.prediction is not None:
                outputs.append(to_host(feed.prediction.val))
            report(tally.steps, tally.in_words)
    numbers = tally.numbers()
    return Evaluation(numbers['loss'], numbers.get('accuracy'), np.concatenate(outputs) if outputs else None)


@contextmanager
def settings_kept(net: Net) -> Iterator[None]:
    """Put modes (the net's and its modules') and the check for finite numbers back at the end."""
    nodes: list[Any] = net.topological_order
    holders = [net, *(node for node in nodes if getattr(node, 'different_at_train_test', False))]
    modes, check_finite = [holder.mode for holder in holders], net.check_finite
    try:
        yield
    finally:
        for holder, mode in zip(holders, modes, strict=True):
            holder.mode = mode
        net.check_finite = check_finite
