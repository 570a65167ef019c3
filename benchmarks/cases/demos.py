"""The first demo and the convolutional demo of DeepFusion 0.0.3, in the way its scripts are written, on both packages.

0.0.3 knows float64 only, so this package computes in float64 too. The seed fixes the same weights in both. The draw of
the mini-batch is not timed.
"""

from typing import Any

import numpy as np

from benchmarks.cases import OLD, Step, Unavailable


def two_layers(peer: str) -> Step:
    """3 -> 5 -> 1, batch 64, Adam."""
    _check(peer)
    from deepfusion.components.data import Data
    from deepfusion.components.modules import MatMul
    from deepfusion.components.modules.activation_functions import Relu
    X = 5 * np.random.rand(64, 3)
    nodes = [Data(ID=ID, shape=shape) for ID, shape in
             (('x', (1, 3)), ('z1', (1, 5)), ('a', (1, 5)), ('z2', (1, 1)))]
    MatMul(ID='Matmul1', inputs=[nodes[0]], output=nodes[1])
    Relu(ID='ActF', inputs=[nodes[1]], output=nodes[2])
    MatMul(ID='Matmul2', inputs=[nodes[2]], output=nodes[3])
    return _step(peer, nodes, X, X[:, :1] + 2 * X[:, 1:2] ** 2 + 3 * X[:, 2:] ** 0.5, 0.001)


def convolution(peer: str) -> Step:
    """3x32x32 pictures, five 3x3 filters of stride 3, ReLU, max pooling, a full layer; batch 64, Adam."""
    _check(peer)
    from deepfusion.components.data import Data
    from deepfusion.components.modules import Conv2D, Flatten, MatMul
    from deepfusion.components.modules.activation_functions import Relu
    from deepfusion.components.modules.pooling import MaxPool
    X = np.random.rand(64, 3, 32, 32)
    nodes = [Data(ID=ID, shape=shape) for ID, shape in
             (('x', (1, 3, 32, 32)), ('z', (1, 5, 12, 12)), ('a', (1, 5, 12, 12)), ('pooled', (1, 5, 6, 6)),
              ('flat', (1, 180)), ('h', (1, 1)))]
    Conv2D(ID='Conv2D', inputs=[nodes[0]], output=nodes[1], filter_size=3, filter_count=5, padding=2, stride=3)
    Relu(ID='ActF', inputs=[nodes[1]], output=nodes[2])
    MaxPool(ID='Pool', inputs=[nodes[2]], output=nodes[3], filter_size=2, padding=0, stride=2)
    Flatten(ID='Flatten', inputs=[nodes[3]], output=nodes[4])
    MatMul(ID='MatMul', inputs=[nodes[4]], output=nodes[5])
    return _step(peer, nodes, X, X.sum(axis=(1, 2, 3)).reshape(-1, 1), 0.1)


def _check(peer: str) -> None:
    if peer == 'deepfusion':
        from deepfusion.utils.backend import Backend
        Backend.set_precision('float64')
    elif peer != OLD:
        raise Unavailable('only for the two versions of DeepFusion')
    np.random.seed(0)


def _step(peer: str, nodes: list[Any], X: np.ndarray, Y: np.ndarray, rate: float) -> Step:
    from deepfusion.components.data import Data
    from deepfusion.components.modules.loss_functions import MSELoss
    from deepfusion.components.net import Net
    x, y, loss = nodes[0], Data(ID='y', shape=(1, 1)), Data(ID='loss', shape=(1, 1))
    MSELoss(ID='LossF', inputs=[nodes[-1], y], output=loss)
    net = Net(ID='Net', root_nodes=[loss])
    net.set_learning_rate(rate)
    options = {'wrt': 'unfrozen'} if peer == 'deepfusion' else {}

    def step() -> float:
        x.val, y.val = X, Y
        net.forward()
        net.backward(**options)
        net.update()
        return float(loss.val)

    return step
