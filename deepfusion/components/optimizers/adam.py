"""Adaptive moment estimation."""

from typing import Any

from deepfusion.components.optimizers.optimizer import Optimizer
from deepfusion.utils.backend import array_module

Array = Any


class Adam(Optimizer):
    """A moving average of the derivatives over the root of one of their squares, both bias-corrected.

    Formula: `V = beta1 * V + (1 - beta1) * deriv`, `S = beta2 * S + (1 - beta2) * deriv^2`; the step is
    `V / (1 - beta1^t) / (sqrt(S / (1 - beta2^t)) + epsilon)`, epsilon 1e-8.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.
        beta1: Smoothing rate of the first moment, in [0, 1).
        beta2: Smoothing rate of the second moment, in [0, 1).

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), algorithm 1.
    """

    state_names = ('V', 'S')
    reads_values = False
    V: Array
    S: Array

    def __init__(self, data_shape: tuple[int, ...], beta1: float = 0.9, beta2: float = 0.999) -> None:
        super().__init__(data_shape)
        self.beta1 = self.check_fraction('beta1', beta1)
        self.beta2 = self.check_fraction('beta2', beta2)

    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        V, S = averages
        scratch = data_deriv * (1 - self.beta1)
        V *= self.beta1
        V += scratch
        xp = array_module(V)
        xp.multiply(data_deriv, data_deriv, out=scratch)
        scratch *= 1 - self.beta2
        S *= self.beta2
        S += scratch
        # sqrt(S / c2) + epsilon, then V / c1 over it: three passes over one scratch array.
        c1, c2 = 1 - self.beta1 ** self.t, 1 - self.beta2 ** self.t
        root = xp.sqrt(S, out=scratch)
        root *= c1 / c2 ** 0.5
        root += c1 * self.epsilon
        return xp.divide(V, root, out=root)
