"""A net learns a function; then the net is frozen and its input is moved until the output is as wished."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(12)
X = 2 * np.random.rand(300, 2) - 1
Y = X[:, 0:1] ** 2 + X[:, 0:1] * X[:, 1:2] + 0.05 * np.random.randn(300, 1)

x = Data(ID='x', shape=(1, 2))
z1 = Data(ID='z1', shape=(1, 12))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 12))
ActF = Tanh(ID='ActF', inputs=[z1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a1], output=z2)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss], optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
net.set_learning_rate(0.1)

costs = []
for step in range(1, 501):
    idx = np.random.choice(300, size=30, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)

net.freeze()
x.unfreeze(optimizer_details={'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.9}})
net.set_learning_rate(0.01)
net.clear_grads()
weights = Matmul1.W.val.copy()
x.val = np.array([[0.1, 0.2]])
y.val = np.array([[5.0]])
for step in range(1, 501):
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs += [loss.val, x.val[0, 0], x.val[0, 1]]

facts = [bool(np.array_equal(weights, Matmul1.W.val)), net.is_frozen, Matmul1.is_frozen, x.is_frozen, y.is_frozen]
net.unfreeze()
x.freeze()
facts += [net.is_frozen, Matmul1.is_frozen, x.is_frozen]
