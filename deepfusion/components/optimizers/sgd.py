"""Stochastic gradient descent."""

from typing import Any

from deepfusion.components.optimizers.optimizer import Optimizer
from deepfusion.errors import OptionError

Array = Any


class SGD(Optimizer):
    """The derivative itself, or with momentum and weight decay.

    Formula: `g = deriv + weight_decay * val`; with momentum `V = momentum * V + g` and the step is `V`
    (Nesterov: `g + momentum * V`); without it, the step is `g`.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.
        momentum: Fraction of the last step that is kept, in [0, 1).
        nesterov: Look ahead along the momentum; needs `momentum > 0`.
        weight_decay: Multiple of the value added to the derivative, at least 0.

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep learning"
    (ICML 2013), in the form of `torch.optim.SGD` without dampening.
    """

    state_names: tuple[str, ...] = ('V',)
    V: Array

    def __init__(self, data_shape: tuple[int, ...], momentum: float = 0.0, nesterov: bool = False,
                 weight_decay: float = 0.0) -> None:
        if not momentum:
            self.state_names = ()
        super().__init__(data_shape)
        self.momentum = self.check_fraction('momentum', momentum)
        if nesterov and not momentum:
            raise OptionError('SGD: nesterov looks ahead along a momentum, and momentum is 0; set momentum, say 0.9.')
        if not weight_decay >= 0:
            raise OptionError(f'SGD: expected weight_decay of at least 0; found {weight_decay!r}.')
        self.nesterov = nesterov
        self.weight_decay = float(weight_decay)
        self.reads_values = self.weight_decay > 0

    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        step = data_deriv
        if self.weight_decay and data_val is not None:
            step = self.weight_decay * data_val
            step += data_deriv
        if not self.momentum:
            return step
        (V,) = averages
        V *= self.momentum
        V += step
        return step + self.momentum * V if self.nesterov else V
