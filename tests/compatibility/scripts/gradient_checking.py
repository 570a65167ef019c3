"""Gradients are checked for the input and for parameters, then the net is trained."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import ELU, PRelu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.grad_check import gradient_checker

np.random.seed(13)
X = np.random.randn(200, 3)
Y = np.maximum(X[:, 0:1], -0.5) * X[:, 1:2] + 0.2 * np.random.randn(200, 1)

x = Data(ID='x', shape=(1, 3))
z1 = Data(ID='z1', shape=(1, 8))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 8))
ActF1 = ELU(ID='ActF1', inputs=[z1], output=a1)
z2 = Data(ID='z2', shape=(1, 8))
Matmul2 = MatMul(ID='Matmul2', inputs=[a1], output=z2)
a2 = Data(ID='a2', shape=(1, 8))
ActF2 = PRelu(ID='ActF2', inputs=[z2], output=a2, alpha=0.2)
z3 = Data(ID='z3', shape=(1, 1))
Matmul3 = MatMul(ID='Matmul3', inputs=[a2], output=z3)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z3, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])

x.val, y.val = X[:5], Y[:5]
gradient_checker(net, data_obj=x, h=1e-6)
gradient_checker(net, data_obj=Matmul1.W, h=1e-6)
gradient_checker(net, ActF2.alpha)

# 0.0.3's checker leaves its derivatives and its random seed behind: begin anew
net.clear_grads()
np.random.seed(14)
net.set_learning_rate(0.01)
costs = []
for step in range(1, 1001):
    idx = np.random.choice(200, size=25, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)
