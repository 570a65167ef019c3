"""Root mean square propagation."""

from typing import Any

from deepfusion.components.optimizers.optimizer import Optimizer
from deepfusion.utils.backend import array_module

Array = Any


class RMSprop(Optimizer):
    """The derivative over the root of a bias-corrected moving average of its squares.

    Formula: `S = beta * S + (1 - beta) * deriv^2`; the step is
    `deriv / (sqrt(S / (1 - beta^t)) + epsilon)`, epsilon 1e-8.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.
        beta: Smoothing rate, in [0, 1).

    Reference: Tieleman and Hinton, "Lecture 6.5: RMSprop" (Neural Networks for Machine Learning, 2012), with
    Adam's bias correction.
    """

    state_names = ('S',)
    reads_values = False
    S: Array

    def __init__(self, data_shape: tuple[int, ...], beta: float = 0.9) -> None:
        super().__init__(data_shape)
        self.beta = self.check_fraction('beta', beta)

    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        (S,) = averages
        square = data_deriv * data_deriv
        square *= 1 - self.beta
        S *= self.beta
        S += square
        root = array_module(S).sqrt(S, out=square)
        root *= (1 - self.beta ** self.t) ** -0.5
        root += self.epsilon
        return data_deriv / root
