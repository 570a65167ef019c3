"""Modules of one's own: an activation, a layer with parameters, and a loss that seeds the derivative itself."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul, Module
from deepfusion.components.net import Net
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS


class Softplus(Module):
    """log(1 + exp(x))."""

    different_at_train_test = False
    is_regularizable = False

    def __init__(self, ID, inputs, output):
        super().__init__(ID, inputs, output)
        self.cache = {'exp_x': 0}

    def forward(self):
        """Keep exp(x) for the way back."""
        self.cache['exp_x'] = np.exp(self.inputs[0].val)
        self.output.val = np.log(1 + self.cache['exp_x'])

    def backward(self):
        """The slope is the sigmoid of x."""
        exp_x = self.cache['exp_x']
        self.inputs[0].deriv += self.output.deriv * exp_x / (1 + exp_x)


class Affine(Module):
    """A scale and a shift for every feature."""

    different_at_train_test = False
    is_regularizable = True

    def __init__(self, ID, inputs, output, learning_rate=1e-6, is_frozen=False,
                 optimizer_details=DEFAULT_OPTIMIZER_DETAILS):
        shape = output.shape
        self.scale = Data(ID=ID + '_scale', shape=shape, val=np.ones(shape), is_frozen=is_frozen,
                          optimizer_details=optimizer_details)
        self.shift = Data(ID=ID + '_shift', shape=shape, val=np.zeros(shape), is_frozen=is_frozen,
                          optimizer_details=optimizer_details)
        super().__init__(ID, inputs, output, parameter_list=[self.scale, self.shift], learning_rate=learning_rate,
                         is_frozen=is_frozen, optimizer_details=optimizer_details)

    def forward(self):
        """scale * x + shift."""
        self.output.val = self.inputs[0].val * self.scale.val + self.shift.val

    def backward(self):
        """To the input and to both parameters."""
        self.inputs[0].deriv += self.output.deriv * self.scale.val
        self.scale.deriv += np.sum(self.output.deriv * self.inputs[0].val, axis=0, keepdims=True)
        self.shift.deriv += np.sum(self.output.deriv, axis=0, keepdims=True)

    def set_regularization(self, regularizer_details):
        """Only the scale."""
        self.scale.set_regularization(regularizer_details)


class LogCoshLoss(Module):
    """Mean of log(cosh(h - y)), which starts its own derivative, as losses of old do."""

    different_at_train_test = False
    is_regularizable = False

    def forward(self):
        """The cost, and the derivative to start from."""
        self.h_minus_y = self.inputs[0].val - self.inputs[1].val
        self.output.val = np.mean(np.log(np.cosh(self.h_minus_y)))
        self.output.deriv = np.array([1.0])

    def backward(self):
        """tanh of the difference, over the number of examples."""
        deriv = np.tanh(self.h_minus_y) * self.output.deriv / self.h_minus_y.shape[0]
        self.inputs[0].deriv += deriv
        self.inputs[1].deriv += -deriv


np.random.seed(10)
X = np.random.randn(300, 3)
Y = np.sum(X ** 2, axis=1, keepdims=True) + 0.2 * np.random.randn(300, 1)

x = Data(ID='x', shape=(1, 3))
z1 = Data(ID='z1', shape=(1, 12))
MatMul(ID='Matmul1', inputs=[x], output=z1)
b1 = Data(ID='b1', shape=(1, 12))
affine = Affine(ID='Affine', inputs=[z1], output=b1)
a1 = Data(ID='a1', shape=(1, 12))
Softplus(ID='ActF', inputs=[b1], output=a1)
z2 = Data(ID='z2', shape=(1, 1))
MatMul(ID='Matmul2', inputs=[a1], output=z2)
y = Data(ID='y', shape=(1, 1))
loss = Data(ID='loss', shape=(1, 1))
LogCoshLoss(ID='LossF', inputs=[z2, y], output=loss)
net = Net(ID='Net', root_nodes=[loss], is_regularized=True,
          regularizer_details={'reg_name': 'L2', 'reg_strength': 1e-3})
net.set_learning_rate(0.01)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(300, size=30, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs.append(loss.val)
    if step == 600:
        net.save('user_modules')
        net = Net.load('user_modules')
        x, y, loss = net.get_node('x'), net.get_node('y'), net.get_node('loss')

facts = [[parameter.ID for parameter in affine.parameter_list], type(net.get_node('ActF')).__name__]
