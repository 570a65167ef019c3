"""Logistic regression of noisy labels by plain gradient descent."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.loss_functions import LogisticLoss
from deepfusion.components.net import Net

np.random.seed(3)
X = np.random.randn(500, 5)
Y = (X @ np.array([[1.0], [-2.0], [0.5], [0.0], [3.0]]) + np.random.randn(500, 1) > 0.3).astype(float)

x = Data(ID='x', shape=(1, 5))
t = Data(ID='t', shape=(1, 1))
Matmul = MatMul(ID='Matmul', inputs=[x], output=t, weight_init_type='Zero')
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = LogisticLoss(ID='LossF', inputs=[t, y], output=loss)
net = Net(ID='Net', root_nodes=[loss], optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
net.set_learning_rate(0.1)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(500, size=50, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)
        print(f'Step {step}: cost {loss.val:11.6f}')
    net.backward()
    net.update()

x.val, y.val = X, Y
net.forward()
accuracy = ((t.val > 0) == (Y > 0.5)).mean()
costs.append(loss.val)
facts = [float(accuracy)]
