"""Let `automate_training` draw the mini-batches and print the costs of a regression.

Run: python demo/11_automate_training.py
"""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.automate_training import automate_training

np.random.seed(0)

# y = sin(3 x1) + x2^2, with two hidden layers between.
X = np.random.uniform(-1, 1, (1000, 2))
Y = np.sin(3 * X[:, :1]) + X[:, 1:] ** 2

x = Data(ID='x', shape=(1, 2))
h1 = Tanh('act1', [MatMul('matmul1', [x], Data('z1', (1, 32))).output]).output
h2 = Tanh('act2', [MatMul('matmul2', [h1], Data('z2', (1, 32))).output]).output
prediction = MatMul('matmul3', [h2], Data('prediction', (1, 1))).output
y = Data(ID='y', shape=(1, 1))
loss = MSELoss('mse', [prediction, y]).output
net = Net(ID='regression', root_nodes=[loss])

costs = automate_training(net, X[:800], Y[:800], X_val=X[800:], Y_val=Y[800:], B=64, epochs=1000,
                          print_cost_every=200, learning_rate=0.01, lr_decay=0.01)

# The result holds the printed costs; `costs.figure.savefig('costs.png')` draws them.
print(f'the validation cost fell from {costs.validation[0]:.4f} to {costs.validation[-1]:.4f}')
