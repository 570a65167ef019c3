"""The automated loop, with a validation set; the costs are read off the net afterwards."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.automate_training import automate_training

np.random.seed(11)
X_train, X_val = np.random.rand(250, 2), np.random.rand(60, 2)
Y_train = np.cos(3 * X_train[:, 0:1]) * X_train[:, 1:2] + 0.1 * np.random.randn(250, 1)
Y_val = np.cos(3 * X_val[:, 0:1]) * X_val[:, 1:2]

x = Data(ID='x', shape=(1, 2))
z1 = Data(ID='z1', shape=(1, 10))
Matmul1 = MatMul(ID='Matmul1', inputs=[x], output=z1)
a1 = Data(ID='a1', shape=(1, 10))
ActF = Tanh(ID='ActF', inputs=[z1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a1], output=z2)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss])

costs = []
for epochs in (1, 199, 800):
    automate_training(net, X_train, Y_train, X_val, Y_val, B=32, epochs=epochs, print_cost_every=200,
                      learning_rate=0.02, lr_decay=0.01)
    for inputs, target in ((X_train, Y_train), (X_val, Y_val)):
        x.val, y.val = inputs, target
        net.forward()
        costs.append(loss.val)

facts = [net.mode]
