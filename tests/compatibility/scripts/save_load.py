"""A net is saved half-way, loaded into new names, and goes on as if nothing had been."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(9)
X = np.random.randn(300, 4)
Y = X[:, 0:1] * X[:, 1:2] - X[:, 2:3] + 0.2 * np.random.randn(300, 1)

x = Data(ID='x', shape=(1, 4))
z1 = Data(ID='z1', shape=(1, 12))
MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 12))
Tanh(ID='ActF', inputs=[z1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
MatMul(ID='Matmul2', inputs=[a1], output=z2)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])
net.set_regularization({'reg_name': 'L1', 'reg_strength': 1e-3})
net.set_learning_rate(0.005)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(300, size=30, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)
    if step == 500:
        net.save(file_path='half_way')
        net = Net.load(file_path='half_way.df')
        x, y, loss = net.get_node('x'), net.get_node('y'), net.get_node('loss')

facts = [net.ID, net.mode, [node.ID for node in net.topological_order], net.get_node('Matmul1').is_regularized]
