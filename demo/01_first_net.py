"""A first net, node by node: fit y = x1 + 2 x2^2 with two matrix products and a ReLU."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(0)

# x -> Matmul1 -> z1 -> ActF -> a -> Matmul2 -> z2, and with the target y: -> LossF -> loss
x = Data(ID='x', shape=(1, 3))

z1 = Data(ID='z1', shape=(1, 16))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)

a = Data(ID='a', shape=(1, 16))
ActF = Relu(ID='ActF', inputs=[z1], output=a)

z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a], output=z2)

y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)

net = Net(ID='Net', root_nodes=[loss], learning_rate=1e-2)
print(net)

X = np.random.rand(1000, 3)
Y = X[:, :1] + 2 * X[:, 1:2] ** 2

for step in range(1, 501):
    batch = np.random.choice(len(X), size=64, replace=False)
    x.val, y.val = X[batch], Y[batch]
    net.forward()
    net.backward()
    net.update()
    if step in (1, 10, 100, 500):
        print(f'step {step:3}   cost {loss.val:.6f}')

# Every value and derivative can be read, by attribute or by ID.
print('Matmul1.W has shape', Matmul1.W.shape, 'and the value of z1 has shape', net.get_node('z1').val.shape)
