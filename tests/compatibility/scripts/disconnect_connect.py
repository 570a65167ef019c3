"""A net is trained, its loss taken off, a new head put on, and the whole trained again: first the head alone."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import LogisticLoss, MSELoss
from deepfusion.components.net import Net

np.random.seed(8)
X = np.random.randn(300, 3)
Y_number = np.sin(X[:, 0:1]) + X[:, 1:2] + 0.1 * np.random.randn(300, 1)
Y_class = (Y_number + 0.3 * np.random.randn(300, 1) > 0.5).astype(float)

x = Data(ID='x', shape=(1, 3))
z1 = Data(ID='z1', shape=(1, 8))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 8))
ActF = Tanh(ID='ActF', inputs=[z1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a1], output=z2)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss],
          optimizer_details={'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.9}})


def train(target, number_of_steps):
    """Train for some steps and record a cost every hundred."""
    for step in range(1, number_of_steps + 1):
        idx = np.random.choice(300, size=30, replace=False)
        x.val, y.val = X[idx], target[idx]
        net.forward()
        net.backward()
        net.update()
        if step % 100 == 0:
            costs.append(net.root_nodes[0].val)


costs, facts = [], []
net.set_learning_rate(0.05)
train(Y_number, 400)

net.disconnect(a1, Matmul2)
facts.append([node.ID for node in net.topological_order])
x.val = X
net.forward()
costs.append(a1.val.mean())

t = Data(ID='t', shape=(1, 1))
Head = MatMul(ID='Head', inputs=[a1], output=t, optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
y = Data(ID='y', shape=(1, 1))
new_loss = Data(ID='loss', shape=(1, 1))
LogisticLoss(ID='LossF', inputs=[t, y], output=new_loss)
net.connect(root_nodes=[new_loss])
facts.append([node.ID for node in net.topological_order])
facts.append(net.get_node('loss') is new_loss)

Matmul1.freeze()
Head.set_learning_rate(0.1)
kept = Matmul1.W.val.copy()
train(Y_class, 300)
facts.append(bool(np.array_equal(kept, Matmul1.W.val)))
Matmul1.unfreeze({'optimizer_name': 'SGD', 'hyperparameters': {}})
net.clear_grads()                           # 0.0.3 heaps up the derivatives of frozen modules
net.set_learning_rate(0.05)
train(Y_class, 300)
facts.append(bool(np.array_equal(kept, Matmul1.W.val)))
