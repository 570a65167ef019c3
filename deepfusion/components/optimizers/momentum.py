"""Momentum as a bias-corrected moving average."""

from typing import Any

from deepfusion.components.optimizers.optimizer import Optimizer

Array = Any


class Momentum(Optimizer):
    """A bias-corrected moving average of the derivatives.

    Formula: `V = beta * V + (1 - beta) * deriv`; the step is `V / (1 - beta^t)`.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.
        beta: Smoothing rate, in [0, 1).

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), first moment only.
    """

    state_names = ('V',)
    reads_values = False
    V: Array

    def __init__(self, data_shape: tuple[int, ...], beta: float = 0.9) -> None:
        super().__init__(data_shape)
        self.beta = self.check_fraction('beta', beta)

    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        (V,) = averages
        V *= self.beta
        V += (1 - self.beta) * data_deriv
        return V / (1 - self.beta ** self.t)
