"""The training loop of DeepFusion 0.0.3: random mini-batches, a decaying rate, a line every so often."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.errors import OptionError
from deepfusion.training.feed import take
from deepfusion.training.plots import COLORS, new_figure, tidy
from deepfusion.utils.backend import to_host
from deepfusion.utils.printing import print_net_performance


@dataclass(frozen=True)
class TrainingCosts:
    """The costs that were printed.

    Attributes:
        epochs: the epochs they belong to.
        train: costs of these epochs' mini-batches, before the update.
        validation: costs of the validation set in test mode, after it; empty without a validation set.
        figure: Matplotlib figure of the cost curves, drawn when it is first asked for.
    """

    epochs: list[int]
    train: list[float]
    validation: list[float]

    @cached_property
    def figure(self) -> Any:
        figure = new_figure(5.5, 3.6)
        axes = figure.subplots()
        for name, costs in (('train', self.train), ('validation', self.validation)):
            if costs:
                axes.plot(self.epochs, costs, color=COLORS[name], label=name, lw=1.8)
        axes.set_xlabel('epoch (one mini-batch each)')
        axes.set_title('cost')
        axes.set_yscale('log' if min(self.train + self.validation, default=0) > 0 else 'linear')
        tidy(axes)
        axes.legend(frameon=False)
        return figure


def automate_training(
    net: Net,
    X_train: Any,
    Y_train: Any,
    X_val: Any = None,
    Y_val: Any = None,
    B: int = 64,
    epochs: int = 1000,
    print_cost_every: int = 100,
    learning_rate: float = 0.001,
    lr_decay: float = 0.01,
) -> TrainingCosts:
    """Train a net with one input, one target and one loss. For whole epochs, early stopping, checkpoints and
    more see `deepfusion.training.Trainer`.

    Args:
        net: its first node takes the inputs, its last leaf the targets, its last node is the loss.
        X_train, Y_train: inputs and targets, one example a row.
        X_val, Y_val: the same for validation, in test mode, or None.
        B: size of a mini-batch, drawn without replacement from NumPy's global generator.
        epochs: number of mini-batches.
        print_cost_every: a line is printed after the first epoch, and after every so many.
        learning_rate, lr_decay: epoch t = 1, 2, ... uses the rate `learning_rate / (1 + lr_decay * (t - 1))`.

    Returns:
        The costs that were printed, and a figure of them; no window is opened.

    Raises:
        OptionError: there are fewer than B examples, or not as many targets, or only one of X_val and Y_val; or a count
            is no whole number above 0.
    """
    _check(X_train, Y_train, B, 'X_train and Y_train')
    if (X_val is None) != (Y_val is None):
        raise OptionError('automate_training: expected X_val and Y_val together; found only one of them.')
    if X_val is not None:
        _check(X_val, Y_val, 1, 'X_val and Y_val')
    for name, value in {'epochs': epochs, 'print_cost_every': print_cost_every}.items():
        if not isinstance(value, Integral) or value < 1:
            raise OptionError(f'automate_training: expected {name} to be a whole number of at least 1; '
                              f'found {value!r}.')
    order: list[Any] = net.topological_order
    x, loss = order[0], order[-1]
    y = [node for node in order if isinstance(node, Data) and node.input is None][-1]
    costs = TrainingCosts([], [], [])
    for epoch in range(1, epochs + 1):
        chosen = np.random.choice(len(X_train), size=B, replace=False)
        net.set_mode('train')
        net.set_learning_rate(learning_rate / (1 + lr_decay * (epoch - 1)))
        J_train = _cost(net, x, y, loss, take(X_train, chosen), take(Y_train, chosen))
        net.backward(wrt='unfrozen')
        net.update()
        if epoch == 1 or epoch % print_cost_every == 0:
            costs.epochs.append(epoch)
            costs.train.append(J_train)
            if X_val is not None:
                net.set_mode('test')
                costs.validation.append(_cost(net, x, y, loss, X_val, Y_val))
            print_net_performance(epochs, epoch, J_train, costs.validation[-1] if costs.validation else None)
    return costs


def _cost(net: Net, x: Data, y: Data, loss: Data, X: Any, Y: Any) -> float:
    x.val, y.val = X, Y
    net.forward()
    return float(to_host(loss.val))


def _check(X: Any, Y: Any, at_least: int, what: str) -> None:
    if len(X) != len(Y) or len(X) < at_least:
        raise OptionError(f'automate_training: expected {what} of equal length, at least {at_least}; '
                          f'found {len(X)} and {len(Y)}.')
