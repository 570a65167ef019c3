"""A two-layer net learns a smooth function of three numbers: Adam, a decaying rate, mini-batches of one's own."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.printing import print_net_performance

np.random.seed(0)
X_train = np.random.rand(400, 3)
Y_train = X_train[:, 0:1] + 2 * X_train[:, 1:2] ** 2 + 3 * X_train[:, 2:3] ** 3 + 0.1 * np.random.randn(400, 1)
X_val = np.random.rand(100, 3)
Y_val = X_val[:, 0:1] + 2 * X_val[:, 1:2] ** 2 + 3 * X_val[:, 2:3] ** 3

x = Data(ID='x', shape=(1, 3))
z1 = Data(ID='z1', shape=(1, 16))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)
a = Data(ID='a', shape=(1, 16))
ActF = Relu(ID='ActF', inputs=[z1], output=a)
z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a], output=z2)
y = Data('y', shape=(1, 1))
loss = Data('loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])

learning_rate, epochs, B = 0.01, 1000, 64
net.set_learning_rate(learning_rate)
costs = []
for epoch in range(1, epochs + 1):
    net.set_mode('train')
    idx = np.random.choice(X_train.shape[0], size=B, replace=False)
    x.val = X_train[idx, :]
    y.val = Y_train[idx, :]
    net.forward()
    J_train = loss.val
    net.backward()
    net.update()
    net.set_learning_rate(learning_rate / (1 + 0.01 * epoch))

    if epoch % 100 == 0:
        net.set_mode('test')
        x.val, y.val = X_val, Y_val
        net.forward()
        J_val = loss.val
        print_net_performance(epochs=epochs, epoch=epoch, J_train=J_train, J_val=J_val)
        costs += [J_train, J_val]

facts = [[node.ID for node in net.topological_order], net.graph_visual,
         [parameter.ID for parameter in Matmul1.parameter_list], list(Matmul1.W.shape), list(Matmul1.b.shape)]
