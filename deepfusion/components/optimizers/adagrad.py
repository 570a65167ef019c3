"""Adaptive gradient."""

from typing import Any

from deepfusion.components.optimizers.optimizer import Optimizer
from deepfusion.utils.backend import array_module

Array = Any


class AdaGrad(Optimizer):
    """The derivative over the root of the sum of all its squares so far.

    Formula: `S = S + deriv^2`; the step is `deriv / (sqrt(S) + epsilon)`, epsilon 1e-8.

    Args:
        data_shape: Shape of the Data the optimizer belongs to.

    Reference: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization" (JMLR 2011).
    """

    state_names = ('S',)
    reads_values = False
    S: Array

    def direction(self, data_deriv: Array, data_val: Array, *averages: Array) -> Array:
        (S,) = averages
        S += data_deriv * data_deriv
        root = array_module(S).sqrt(S)
        root += self.epsilon
        return data_deriv / root
