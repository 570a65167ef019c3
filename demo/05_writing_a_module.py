"""Writing a module: a gate with a learnt slope, broken, found out, mended, trained; see docs/writing_a_module.md."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul, Module
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.grad_check import check_module, check_net

np.random.seed(0)


class Gate(Module):
    """y = x sigmoid(s x), with a learnt s for each feature; one term of dx is missing."""

    def output_shape(self, shape):
        return shape

    def declare_parameters(self, shape):
        self.add_parameter('s', (1, shape[1]), init=1.0)

    def compute(self, xp, x):
        p = 1 / (1 + xp.exp(-self.s.val * x))
        return x * p, (x, p)

    def differentiate(self, xp, deriv, x, p):
        return (deriv * p,), {'s': (deriv * x ** 2 * p * (1 - p)).sum(axis=0, keepdims=True)}


class MendedGate(Gate):
    """The same with both terms."""

    def differentiate(self, xp, deriv, x, p):
        slope = p * (1 - p)
        return (deriv * (p + self.s.val * x * slope),), {'s': (deriv * x ** 2 * slope).sum(axis=0, keepdims=True)}


print('-- The first version, by itself')
check_module(Gate('gate', [Data('x', (1, 4))]))

print('\n-- Mended')
check_module(MendedGate('gate', [Data('x', (1, 4))]))

x, y = Data('x', (1, 2)), Data('y', (1, 1))
h = MendedGate('gate', [MatMul('first', [x], out_features=16).output]).output
loss = MSELoss('loss', [MatMul('last', [h], out_features=1).output, y]).output
net = Net('net', [loss], learning_rate=1e-2)
x.val = np.random.randn(128, 2)
y.val = np.sin(x.val[:, :1]) * x.val[:, 1:]

print('\n-- In a net')
check_net(net)
for step in range(301):
    net.forward()
    if step % 100 == 0:
        print(f'step {step:3}   cost {loss.val:.6f}')
    net.backward(wrt='unfrozen')
    net.update()
