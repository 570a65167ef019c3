"""A deep net with batch normalization after every product; statistics of training are used in test mode."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net

np.random.seed(1)
X = np.random.randn(300, 4)
Y = np.sin(X[:, 0:1]) + X[:, 1:2] * X[:, 2:3]

x = Data(ID='x', shape=(1, 4))
a = x
for layer in range(1, 5):
    z = Data(ID=f'z{layer}', shape=(1, 12))
    MatMul(ID=f'Matmul{layer}', inputs=[a], output=z)
    n = Data(ID=f'n{layer}', shape=(1, 12))
    BatchNorm(ID=f'Norm{layer}', inputs=[z], output=n)
    a = Data(ID=f'a{layer}', shape=(1, 12))
    Relu(ID=f'ActF{layer}', inputs=[n], output=a)
h = Data(ID='h', shape=(1, 1))
MatMul(ID='Matmul_last', inputs=[a], output=h)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
MSELoss(ID='LossF', inputs=[h, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])
net.set_learning_rate(0.003)

costs = []
for step in range(1, 1001):
    net.set_mode('train')
    idx = np.random.choice(X.shape[0], size=32, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        net.set_mode('test')
        x.val, y.val = X, Y
        net.forward()
        costs.append(loss.val)
