"""Layer normalization, a frozen layer, a module and a Data with rates of their own, and looks inside the net."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Sigmoid, Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.modules.normalizations import LayerNorm
from deepfusion.components.net import Net

np.random.seed(18)
X = np.random.randn(250, 3)
Y = 1 / (1 + np.exp(-3 * X[:, 0:1])) + 0.5 * X[:, 1:2] + 0.2 * np.random.randn(250, 1)

x = Data(ID='x', shape=(1, 3))
z0 = Data(ID='z0', shape=(1, 10))
Fixed = MatMul(ID='Fixed', inputs=[x], output=z0, is_frozen=True, weight_init_type='Xavier')
a0 = Data(ID='a0', shape=(1, 10))
Tanh(ID='ActF0', inputs=[z0], output=a0)
n0 = Data(ID='n0', shape=(1, 10))
Norm = LayerNorm(ID='Norm', inputs=[a0], output=n0)
z1 = Data(ID='z1', shape=(1, 10))
Matmul1 = MatMul(ID='Matmul1', inputs=[n0], output=z1)
bias = Data(ID='bias', shape=(1, 10), val=np.full((25, 10), 0.5), is_frozen=True)
s1 = Data(ID='s1', shape=(1, 10))
Add(ID='Shift', inputs=[z1, bias], output=s1)
a1 = Data(ID='a1', shape=(1, 10))
Sigmoid(ID='ActF1', inputs=[s1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
Matmul2 = MatMul(ID='Matmul2', inputs=[a1], output=z2, is_regularized=True,
                 regularizer_details={'reg_name': 'L2', 'reg_strength': 1e-3})
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LossF = MSELoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss], optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
net.set_learning_rate(0.05)
Matmul1.set_learning_rate(0.1)
Norm.beta.set_learning_rate(0.02)
Matmul2.set_optimizer({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.7}})
print(x)
print(Matmul2)

kept = Fixed.W.val.copy()
costs = []
for step in range(1, 1001):
    idx = np.random.choice(250, size=25, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward(verbose=step == 1)
    net.backward(verbose=step == 1)
    net.update()
    if step == 500:
        net.get_node('Norm').freeze()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)

z1.val = np.zeros((25, 10))
net.forward_from_node(z1)
costs.append(loss.val)
facts = [bool(np.array_equal(kept, Fixed.W.val)), Fixed.is_frozen, Norm.is_frozen, Norm.gamma.is_frozen,
         Matmul2.is_regularized, type(Matmul2.W.optimizer).__name__, [module.ID for module in a1.outputs], a1.input.ID]
