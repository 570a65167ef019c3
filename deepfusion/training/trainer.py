"""The training loop."""

import math
import time
import warnings
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.errors import NodeTypeError, OptionError
from deepfusion.training.checkpoint import check_checkpoint, checkpoint_path, load_checkpoint, save_checkpoint
from deepfusion.training.evaluation import Evaluation, run_test, settings_kept
from deepfusion.training.feed import Examples, Feed, Normalization, Tally, batches, check_roles, is_classes
from deepfusion.training.history import History
from deepfusion.training.interrupt import Stop, interruptible
from deepfusion.training.progress import progress_bar
from deepfusion.training.random_state import random_state, seeded, set_random_state
from deepfusion.training.rates import LearningRate, check_rates, rate_at
from deepfusion.training.weights import clip_gradients, copy_weights, put_weights


class Trainer:
    """Trains a net on shuffled mini-batches, epoch by epoch.

    Args:
        net: the net.
        batch_size: examples in a step; an epoch's last step takes what is left.
        learning_rate: a number, a list of one for each epoch (the last one holds from then on), or a function
            of the epoch (1, 2, ...).
        optimizer_details: given to the net at once; None leaves its optimizers as they are.
        normalize: (mean, deviation) of the inputs, see `Feed`; `BYTE_PIXELS` brings bytes to [-1, 1].
        clip_norm: gradients are scaled down to this norm, taken over all parameters, when theirs is larger.
        patience: stop when the validation loss has not improved for so many epochs. However `fit` then ends, it
            ends with the weights of the epoch with the lowest validation loss.
        check_finite: stop with an error at the first NaN or infinity.
        seed: fixes the order of the examples and what the modules draw, whatever was drawn before; the
            caller's random state is put back. None draws from NumPy's global generator as it stands. For the
            same run twice, the initial weights need a seed too: `np.random.seed` before the net is made.
        checkpoint: path of a JSON file written after every epoch, with the net beside it; see `resume`.
        progress: whether a progress bar is shown; None shows it on a terminal.
        on_epoch: called with the history's new row after every epoch.
        nodes: IDs of the nodes that are not x, y, logits and loss: `x=..., y=..., prediction=..., loss=...`.

    Attributes:
        net: the net (after `resume`, the one that was loaded).
        history: `History` of all epochs so far.
        interrupted: whether Ctrl-C ended the last `fit`.
        evaluations: the last `Evaluation` of each set that was given to `fit`, by its name.

    Example:
        >>> from deepfusion.datasets import digits
        >>> from deepfusion.models.f3net import f3net
        >>> from deepfusion.training import BYTE_PIXELS
        >>> data = digits()
        >>> trainer = Trainer(f3net(image_shape=(1, 8, 8)), normalize=BYTE_PIXELS, seed=0)
        >>> history = trainer.fit(data.train_pictures[:64], data.train_labels[:64], epochs=2)
        >>> history.columns
        ['epoch', 'steps', 'learning_rate', 'train_loss', 'train_accuracy', 'seconds']
    """

    def __init__(
        self,
        net: Net,
        *,
        batch_size: int = 64,
        learning_rate: LearningRate = 1e-3,
        optimizer_details: dict[str, Any] | None = None,
        normalize: Normalization = None,
        clip_norm: float | None = None,
        patience: int | None = None,
        check_finite: bool = False,
        seed: int | None = None,
        checkpoint: str | Path | None = None,
        progress: bool | None = None,
        on_epoch: Callable[[dict[str, Any]], None] | None = None,
        **nodes: str,
    ) -> None:
        check_roles(nodes, Trainer.__init__)
        if not isinstance(net, Net):
            raise NodeTypeError(f'Trainer: expected a Net; found {net!r:.60}. Make one, such as f3net().')
        for name, value in {'clip_norm': clip_norm, 'patience': patience}.items():
            if value is not None and not (isinstance(value, Real) and value > 0):
                raise OptionError(f'Trainer: expected {name} above 0; found {value!r}.')
        if not (seed is None or (isinstance(seed, Integral) and 0 <= seed < 2 ** 32)):
            raise OptionError(f'Trainer: expected seed to be a whole number from 0 to {2 ** 32 - 1}; found {seed!r}.')
        if not (on_epoch is None or callable(on_epoch)):
            raise OptionError(f'Trainer: expected on_epoch to be a function of a row; found {on_epoch!r:.60}.')
        Feed.check_batch_size(batch_size, 'Trainer')
        check_rates(learning_rate)
        self._feed = Feed(net, normalize, **nodes)
        self.net = net
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.patience = patience
        self.check_finite = check_finite
        self.seed = seed
        self.checkpoint = None if checkpoint is None else checkpoint_path(checkpoint)
        self.progress = progress
        self.on_epoch = on_epoch
        self._nodes = nodes
        self.history = History()
        self.interrupted = False
        self.evaluations: dict[str, Evaluation] = {}
        self._best: dict[str, Any] | None = None       # the row of the best epoch,
        self._best_weights: Any = None                 # and the weights after it
        self._resumed = 0                              # epochs that came from a checkpoint
        self._random_state: list[Any] | None = None    # where the seeded stream has got to
        if optimizer_details is not None:
            net.set_optimizer(optimizer_details)

    def fit(self, inputs: Any, labels: Any, epochs: int, validation: Examples | None = None,
            test: Examples | None = None) -> History:
        """Train until `epochs` epochs are done in all, or patience runs out, or Ctrl-C is pressed.

        Ctrl-C lets the current step finish; the epoch's row then counts the steps that were done. Pressed
        again a second later, it interrupts at once.

        Warns where this trainer has made so many already, so that there is nothing to do.

        Args:
            inputs: (N, ...) one example a row: an array, or an array-like that takes arrays of indices.
            labels: (N,) integer classes, or (N, ...) targets.
            epochs: whole epochs, those of a resumed run and of earlier calls included.
            validation: inputs and labels evaluated after every epoch; patience goes by their loss.
            test: inputs and labels evaluated after every epoch, and only reported.
        """
        if validation is None and self.patience is not None:
            raise OptionError('Trainer: patience goes by the validation loss; '
                              'give fit validation=(inputs, labels).')
        if not isinstance(epochs, Integral):
            raise OptionError(f'Trainer: expected epochs to be a whole number; found {epochs!r}.')
        if epochs < 1:
            raise OptionError(f'Trainer: expected epochs above 0; found {epochs}.')
        if all(node.is_frozen for node in [*self.net.topological_order, *self.net.parameters()]):
            raise OptionError(f"Trainer: expected something to learn; everything in net '{self.net.ID}' is frozen. "
                              'Unfreeze it with net.unfreeze(), or unfreeze a node.')
        train = self._feed.check((inputs, labels), 'the training set')
        sets = {'validation': validation, 'test': test}
        held_out = {name: self._feed.check(examples, f'the {name} set')
                    for name, examples in sets.items() if examples is not None}
        done = len(self.history)
        if self.checkpoint is not None:
            check_checkpoint(self.checkpoint, is_known=done > 0)
        if done >= epochs and done > self._resumed:
            warnings.warn(f'Trainer: expected more epochs than have been made, {done}; found epochs={epochs}, so '
                          f'nothing is trained. Give epochs={done + epochs} for {epochs} more.', stacklevel=2)
        with settings_kept(self.net), seeded(self.seed, self._random_state), interruptible() as stop:
            self.net.check_finite = self.net.check_finite or self.check_finite
            while len(self.history) < epochs and not self._out_of_patience() and not stop.requested:
                self._epoch(train, held_out, epochs, stop)
            self.interrupted = stop.requested
            self._random_state = random_state()
            if self._best is not None and self._best is not self.history.rows[-1]:
                put_weights(self.net, self._best_weights)
                for name, examples in held_out.items():
                    self._test(name, examples)
        return self.history

    def evaluate(self, inputs: Any, labels: Any) -> Evaluation:
        """Run examples through the net in test mode, normalised as in training."""
        with settings_kept(self.net):
            return run_test(self.net, self._feed, self._feed.check((inputs, labels), 'evaluate'),
                            self.batch_size, 'testing', self.progress)

    def resume(self, modules: Iterable[type] = ()) -> None:
        """Take net, optimizers, history and random state from the checkpoint; `fit` goes on to the very same numbers.

        Args:
            modules: the user's own module classes, see `Net.load`.

        Raises:
            MissingFileError: there is no checkpoint yet.
            OptionError: it is of a net of another name, with other nodes, or nodes of other shapes.
        """
        if self.checkpoint is None:
            raise OptionError('Trainer: resume needs a checkpoint; make the Trainer with checkpoint=<path>.')
        state, modules = load_checkpoint(self.checkpoint), list(modules)
        net = Net.load(str(state['model']), modules=modules)
        if (net.ID, _shapes(net)) != (self.net.ID, _shapes(self.net)):
            raise OptionError(f"The checkpoint '{self.checkpoint}' is of {net}; expected one of {self.net}. "
                              'Resume with a net like the one it is of, or give another path.')
        self.net = net
        self._feed = Feed(self.net, self._feed.normalize, **self._nodes)
        self.history = History(state['rows'])
        self._resumed = len(self.history)
        if self.patience is not None and state['best'] is not None:
            self._best = self.history.rows[state['best']['epoch'] - 1]
            self._best_weights = copy_weights(Net.load(str(state['best_model']), modules=modules))
        self._random_state = state['random_state']
        if self.seed is None:
            set_random_state(state['random_state'])

    def _epoch(self, train: Examples, held_out: dict[str, Examples], epochs: int, stop: Stop) -> None:
        """One pass over the training set, the evaluations, the new row, the checkpoint."""
        start, number = time.perf_counter(), len(self.history) + 1
        rate = rate_at(self.learning_rate, number)
        self.net.set_learning_rate(rate)
        tally = self._pass(train, f'epoch {number}/{epochs}', stop)
        row = {'epoch': number, 'steps': tally.steps, 'learning_rate': rate}
        row |= {f'train_{name}': value for name, value in tally.numbers().items()}
        for name, examples in held_out.items():
            found = self._test(name, examples)
            row[f'{name}_loss'] = found.loss
            if found.accuracy is not None:
                row[f'{name}_accuracy'] = found.accuracy
        row['seconds'] = round(time.perf_counter() - start, 3)
        self.history.rows.append(row)
        whole = tally.examples == len(train[1])
        lowest = math.inf if self._best is None else self._best['validation_loss']
        if whole and self.patience is not None and row['validation_loss'] < lowest:
            self._best, self._best_weights = row, copy_weights(self.net)
        if whole and self.checkpoint is not None:
            save_checkpoint(self.checkpoint, self.net, self.history.rows, self._best, random_state())
        if self.on_epoch is not None:
            self.on_epoch(row)

    def _pass(self, train: Examples, title: str, stop: Stop) -> Tally:
        """The steps of one epoch, or as many as there are until Ctrl-C."""
        self.net.set_mode('train')
        tally, count = Tally(self._feed, is_classes(train[1])), len(train[1])
        order = np.random.permutation(count)
        with progress_bar(title, -(-count // self.batch_size), self.progress) as report:
            for inputs, labels in batches(train, self.batch_size, order):
                self._feed.put(inputs, labels)
                self.net.forward()
                tally.add(len(labels))
                self.net.backward(wrt='unfrozen')
                if self.clip_norm is not None:
                    clip_gradients(self.net, self.clip_norm)
                self.net.update()
                report(tally.steps, tally.in_words)
                if stop.requested:
                    break
        return tally

    def _test(self, name: str, examples: Examples) -> Evaluation:
        found = run_test(self.net, self._feed, examples, self.batch_size, f'{name} set', self.progress)
        self.evaluations[name] = found
        return found

    def _out_of_patience(self) -> bool:
        best_epoch = 0 if self._best is None else self._best['epoch']
        return self.patience is not None and len(self.history) - best_epoch >= self.patience


def _shapes(net: Net) -> dict[str, tuple[int, ...]]:
    """Of all nodes and parameters, by ID."""
    data = [node for node in net.topological_order if isinstance(node, Data)]
    return {node.ID: node.shape for node in [*data, *net.parameters()]}
