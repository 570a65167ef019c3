"""Residual blocks of two products each, joined to their input by addition."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(2)
X = np.random.randn(300, 8)
Y = np.abs(X[:, 0:1]) + 0.5 * X[:, 1:2] ** 2

x = Data(ID='x', shape=(1, 8))
a = x
for block in range(1, 4):
    z1 = Data(ID=f'z1_{block}', shape=(1, 8))
    MatMul(ID=f'Matmul1_{block}', inputs=[a], output=z1)
    a1 = Data(ID=f'a1_{block}', shape=(1, 8))
    Relu(ID=f'ActF1_{block}', inputs=[z1], output=a1)
    z2 = Data(ID=f'z2_{block}', shape=(1, 8))
    MatMul(ID=f'Matmul2_{block}', inputs=[a1], output=z2)
    s = Data(ID=f's_{block}', shape=(1, 8))
    Add(ID=f'Add_{block}', inputs=[a, z2], output=s)
    a = Data(ID=f'a_{block}', shape=(1, 8))
    Relu(ID=f'ActF2_{block}', inputs=[s], output=a)
h = Data(ID='h', shape=(1, 1))
MatMul(ID='Matmul_last', inputs=[a], output=h)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
MSELoss(ID='LossF', inputs=[h, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])
net.set_learning_rate(0.002)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(X.shape[0], size=32, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        x.val, y.val = X, Y
        net.forward()
        costs.append(loss.val)
