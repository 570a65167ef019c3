"""Save a net in the middle of training, load it, and go on to the very same costs."""

import tempfile
from pathlib import Path

import numpy as np

from deepfusion.components.net import Net
from deepfusion.models.f3net import f3net

np.random.seed(0)
net = f3net(num_classes=3, image_shape=(1, 8, 8))
net.set_learning_rate(1e-3)
pictures, targets = np.random.rand(30, 1, 8, 8), np.eye(3)[np.arange(30) % 3]


def train(net, steps):
    costs = []
    for _ in range(steps):
        net.get_node('x').val, net.get_node('y').val = pictures, targets
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        costs.append(float(net.get_node('loss').val))
    return costs


print('five steps:', train(net, 5)[-1])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / 'half_trained'
    net.save(path)                      # .df is added
    again = Net.load(path)              # reads data, runs no code

first, second = train(net, 5), train(again, 5)
print('five more:          ', first[-1])
print('five more, reloaded:', second[-1])
print('the same costs:', first == second)
