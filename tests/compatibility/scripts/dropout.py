"""Both kinds of dropout in one net; costs in training, and in test mode on all examples."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import LRelu, Tanh
from deepfusion.components.modules.dropout import Dropout, InvertedDropout
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(17)
X = np.random.randn(200, 4)
Y = X[:, 0:1] + np.tanh(X[:, 1:2] * X[:, 2:3]) + 0.1 * np.random.randn(200, 1)

x = Data(ID='x', shape=(1, 4))
z1 = Data(ID='z1', shape=(1, 16))
MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 16))
Tanh(ID='ActF1', inputs=[z1], output=a1)
d1 = Data(ID='d1', shape=(1, 16))
Drop1 = Dropout(ID='Drop1', inputs=[a1], output=d1, p_keep=0.8)
z2 = Data(ID='z2', shape=(1, 16))
MatMul(ID='Matmul2', inputs=[d1], output=z2)
a2 = Data(ID='a2', shape=(1, 16))
LRelu(ID='ActF2', inputs=[z2], output=a2, alpha=0.1)
d2 = Data(ID='d2', shape=(1, 16))
Drop2 = InvertedDropout(ID='Drop2', inputs=[a2], output=d2)
z3 = Data(ID='z3', shape=(1, 1))
MatMul(ID='Matmul3', inputs=[d2], output=z3)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
MSELoss(ID='LossF', inputs=[z3, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])
net.set_optimizer({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.9}})
net.set_learning_rate(0.05)

costs, facts = [], [net.mode, Drop1.mode]
for step in range(1, 1001):
    net.set_mode('train')
    idx = np.random.choice(200, size=25, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    J_train = loss.val
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        net.set_mode('test')
        x.val, y.val = X, Y
        net.forward()
        costs += [J_train, loss.val]
facts += [net.mode, Drop1.mode, Drop2.p_keep]
