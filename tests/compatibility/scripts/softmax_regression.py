"""Softmax regression of three overlapping clouds: momentum, L2 on the weights, class numbers made one-hot."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.net import Net

np.random.seed(4)
labels = np.random.randint(0, 3, size=450)
X = np.random.randn(450, 2) + np.array([[2.0, 0.0], [-1.0, 1.5], [-1.0, -1.5]])[labels]
Y = np.eye(3)[labels]

x = Data(ID='x', shape=(1, 2))
t = Data(ID='t', shape=(1, 3))
Matmul = MatMul(ID='Matmul', inputs=[x], output=t, weight_init_type='Random', is_regularized=True,
                regularizer_details={'reg_name': 'L2', 'reg_strength': 1e-2})
y = Data(ID='y', shape=(1, 3))
loss = Data(ID='loss', shape=(1, 1))
LossF = CrossEntropyLoss(ID='LossF', inputs=[t, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])
net.set_optimizer({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.8}})
net.set_learning_rate(0.05)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(450, size=45, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step % 100 == 0:
        costs.append(loss.val)

x.val, y.val = X, Y
net.forward()
costs.append(loss.val)
facts = [int((t.val.argmax(axis=1) == labels).sum()), Matmul.W.regularizer.reg_name, Matmul.W.regularizer.reg_strength]
