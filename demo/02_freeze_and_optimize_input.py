"""Freeze a trained net, unfreeze its input, and find the input that the learnt function likes best."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(0)

# Learn a hill with its top at (0.3, -0.2).
x, y, loss = Data('x', (1, 2)), Data('y', (1, 1)), Data('loss', (1, 1))
hidden = Tanh('bend', [MatMul('first', [x], out_features=32).output]).output
height = MatMul('second', [hidden], out_features=1).output
MSELoss('error', [height, y], loss)
net = Net('hill', [loss], learning_rate=5e-3)


def hill(points):
    return np.exp(-((points - [0.3, -0.2]) ** 2).sum(axis=1, keepdims=True) / 0.5)


for _ in range(3000):
    x.val = np.random.uniform(-1, 1, (128, 2))
    y.val = hill(x.val)
    net.forward()
    net.backward(wrt='unfrozen')
    net.update()
print(f'learnt to a cost of {loss.val:.6f}')

# From here on only x is updated. Asking for a height that no point has makes every step climb.
net.freeze()
x.unfreeze()
x.set_learning_rate(0.02)
weights = [parameter.val.copy() for parameter in net.parameters()]
x.val = np.random.uniform(-1, 1, (6, 2))       # six starts, one batch
y.val = np.full((6, 1), 2.0)
for _ in range(300):
    net.forward()
    net.backward(wrt='unfrozen')                # computes no weight gradients
    net.update()

net.forward()
for point, value in zip(x.val, height.val[:, 0], strict=True):
    print(f'top found at ({point[0]:+.3f}, {point[1]:+.3f}), learnt height {value:.3f}')
unchanged = all(np.array_equal(a, p.val) for a, p in zip(weights, net.parameters(), strict=True))
print('weights unchanged:', unchanged)

# Back to training.
net.unfreeze()
x.freeze()
