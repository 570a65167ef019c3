"""Two inputs meet in a sum; three losses pull at the result, one of them the plain sum of an activation."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Sigmoid, Tanh
from deepfusion.components.modules.loss_functions import LogisticLoss, MSELoss, SumLoss
from deepfusion.components.net import Net

np.random.seed(7)
X1, X2 = np.random.randn(300, 3), np.random.randn(300, 2)
Y1 = np.tanh(X1[:, 0:1] + X2[:, 0:1]) + 0.1 * np.random.randn(300, 1)
Y2 = (X1[:, 1:2] * X2[:, 1:2] + 0.5 * np.random.randn(300, 1) > 0).astype(int)

x1 = Data(ID='x1', shape=(1, 3))
x2 = Data(ID='x2', shape=(1, 2))
u1 = Data(ID='u1', shape=(1, 10))
u2 = Data(ID='u2', shape=(1, 10))
MatMul(ID='M1', inputs=[x1], output=u1)
MatMul(ID='M2', inputs=[x2], output=u2)
u = Data(ID='u', shape=(1, 10))
Add(ID='Sum', inputs=[u1, u2], output=u)
a = Data(ID='a', shape=(1, 10))
Tanh(ID='ActF', inputs=[u], output=a)
h1 = Data(ID='h1', shape=(1, 1))
h2 = Data(ID='h2', shape=(1, 1))
MatMul(ID='H1', inputs=[a], output=h1)
MatMul(ID='H2', inputs=[a], output=h2)
y1 = Data(ID='y1', shape=(1, 1))
y2 = Data(ID='y2', shape=(1, 1))
loss1 = Data(ID='loss1', shape=(1, 1))
loss2 = Data(ID='loss2', shape=(1, 1))
loss3 = Data(ID='loss3', shape=(1, 1))
MSELoss(ID='LossF1', inputs=[h1, y1], output=loss1)
LogisticLoss(ID='LossF2', inputs=[h2, y2], output=loss2)
s = Data(ID='s', shape=(1, 10))
Sigmoid(ID='Gate', inputs=[u], output=s)
SumLoss(ID='LossF3', inputs=[s], output=loss3)
net = Net(ID='Net', root_nodes=[loss1, loss2, loss3])
net.set_learning_rate(0.003)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(300, size=30, replace=False)
    x1.val, x2.val, y1.val, y2.val = X1[idx], X2[idx], Y1[idx], Y2[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 200 == 0:
        costs += [loss1.val, loss2.val, loss3.val]

facts = [[node.ID for node in net.topological_order], [root.ID for root in net.root_nodes]]
