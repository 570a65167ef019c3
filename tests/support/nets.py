"""Small nets that several tests use."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net


def two_layers(width: int = 8, features: int = 3, **options) -> Net:
    """x -> MatMul -> Relu -> MatMul -> MSE with y; reproducible weights and a batch of five."""
    np.random.seed(0)
    x, y, loss = Data('x', (1, features)), Data('y', (1, 1)), Data('loss', (1, 1))
    hidden = MatMul('m1', [x], out_features=width, learning_rate=0.01).output
    hidden = Relu('r', [hidden]).output
    prediction = MatMul('m2', [hidden], out_features=1, learning_rate=0.01).output
    MSELoss('mse', [prediction, y], loss)
    net = Net('net', [loss], **options)
    rng = np.random.default_rng(1)
    x.val, y.val = rng.standard_normal((5, features)), rng.standard_normal((5, 1))
    return net


def step(net: Net, wrt=None) -> float:
    """One training step; returns the cost before it."""
    net.forward()
    net.backward(wrt=wrt)
    net.update()
    return float(net.root_nodes[0].val)
