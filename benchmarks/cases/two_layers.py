"""The two-layer demo: 3 -> 5 -> 1, batch 64, Adam; all overhead. The draw of the mini-batch is not timed."""

import numpy as np

from benchmarks.cases import THINC, Step, Unavailable, torch_for

BATCH, WIDTH = 64, 5


def train(peer: str) -> Step:
    """A training step."""
    rng = np.random.default_rng(0)
    X, Y = (rng.standard_normal((BATCH, n)).astype(np.float32) for n in (3, 1))
    W1, W2 = rng.standard_normal((3, WIDTH)) / 2, rng.standard_normal((WIDTH, 1)) / 4
    if peer == 'deepfusion':
        return _deepfusion(X, Y, W1, W2)
    if peer == THINC:
        return _thinc(X, Y, W1, W2)
    if peer != 'torch':
        raise Unavailable('vectors have no memory format')
    return _torch(peer, X, Y, W1, W2)


def _deepfusion(X: np.ndarray, Y: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> Step:
    from deepfusion.components.data import Data
    from deepfusion.components.modules import MatMul
    from deepfusion.components.modules.activation_functions import Relu
    from deepfusion.components.modules.loss_functions import MSELoss
    from deepfusion.components.net import Net
    x, y, loss = Data('x', (1, 3)), Data('y', (1, 1)), Data('loss', (1, 1))
    first = MatMul('first', [x], out_features=WIDTH)
    second = MatMul('second', [Relu('relu', [first.output]).output], out_features=1)
    MSELoss('mse', [second.output, y], loss)
    net = Net('net', [loss], learning_rate=1e-3)
    first.W.val, second.W.val = W1, W2

    def step() -> float:
        x.val, y.val = X, Y
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        return float(loss.val)

    return step


def _torch(peer: str, X: np.ndarray, Y: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> Step:
    torch = torch_for(peer)
    model = torch.nn.Sequential(torch.nn.Linear(3, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 1))
    with torch.no_grad():
        for layer, W in ((model[0], W1), (model[2], W2)):
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.zero_()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.tensor(X), torch.tensor(Y)

    def step() -> float:
        optimizer.zero_grad()
        loss = 0.5 * ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def _thinc(X: np.ndarray, Y: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> Step:
    from thinc.api import Adam, Linear, Relu, chain
    first, second = Relu(WIDTH), Linear(1)
    model = chain(first, second)
    model.initialize(X=X, Y=Y)
    for layer, W in ((first, W1), (second, W2)):
        layer.set_param('W', np.ascontiguousarray(W.T, np.float32))
        layer.set_param('b', np.zeros(W.shape[1], np.float32))
    optimizer = Adam(1e-3, grad_clip=0.0, use_averages=False)

    def step() -> float:
        y, backward = model.begin_update(X)
        difference = y - Y
        backward(difference / BATCH)
        model.finish_update(optimizer)
        return float(0.5 * np.square(difference).mean())

    return step
