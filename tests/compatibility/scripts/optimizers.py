"""The five optimizers with L1, L2 and no penalty, each on the same regression."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net

np.random.seed(15)
X = np.random.randn(200, 3)
Y = np.sin(2 * X[:, 0:1]) - X[:, 1:2] + 0.3 * np.random.randn(200, 1)

costs, facts = [], []
for name, hyperparameters, rate, penalty in (('SGD', {}, 0.1, None),
                                             ('Momentum', {'beta': 0.8}, 0.1, 'L1'),
                                             ('AdaGrad', {}, 0.1, 'L2'),
                                             ('RMSprop', {'beta': 0.9}, 0.003, 'L1'),
                                             ('Adam', {'beta1': 0.8, 'beta2': 0.99}, 0.01, 'L2')):
    np.random.seed(16)
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
    details = {'optimizer_name': name, 'hyperparameters': hyperparameters}
    net = Net(ID='Net', root_nodes=[loss], optimizer_details=details)
    net.set_learning_rate(rate)
    if penalty is not None:
        net.set_regularization({'reg_name': penalty, 'reg_strength': 1e-3})
    for step in range(1, 1001):
        idx = np.random.choice(200, size=25, replace=False)
        x.val, y.val = X[idx], Y[idx]
        net.forward()
        net.backward()
        net.update()
        if step == 1 or step % 250 == 0:
            costs.append(loss.val)
    facts.append(type(Matmul1.W.optimizer).__name__)
