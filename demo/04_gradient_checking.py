"""Gradient checking: one tensor, a whole net, a wrong module found deep inside, and other methods."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Flatten, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.utils.grad_check import check_net, gradient_checker

np.random.seed(0)


class HalfRelu(Relu):
    """A ReLU whose author mistook the derivative."""

    def differentiate(self, xp, deriv, *saved):
        (dx,), parameters = super().differentiate(xp, deriv, *saved)
        return (dx / 2,), parameters


def make_net(second_relu):
    x, y = Data('x', (1, 2, 8, 8)), Data('y', (1, 3))
    h = Conv2D('conv1', [x], filter_size=3, filter_count=4, padding=1).output
    h = Relu('relu1', [BatchNorm('norm1', [h]).output]).output
    h = Conv2D('conv2', [h], filter_size=3, filter_count=4).output
    h = MaxPool('pool', [second_relu('relu2', [h]).output], filter_size=2, stride=2).output
    h = MatMul('full', [Flatten('flat', [h]).output], out_features=3).output
    net = Net('net', [CrossEntropyLoss('loss', [h, y]).output])
    x.val, y.val = np.random.randn(4, 2, 8, 8), np.eye(3)[[0, 2, 1, 1]]
    return net


net = make_net(Relu)

print('-- One tensor, every entry; conv1 stands before a batch norm, so its bias has no effect: zero is right')
gradient_checker(net, net.get_node('conv2').F)
gradient_checker(net, net.get_node('conv1').b)

print('\n-- The whole net, and every module by itself')
report = check_net(net)
print('passed:', report.passed)

print('\n-- The same with a mistake in relu2: all before it come out wrong, one module is to blame')
report = check_net(make_net(HalfRelu))
print('first faulty:', report.first_faulty)

print('\n-- No step at all: the order of the Taylor remainder; and complex steps, exact to the last digits')
gradient_checker(net, 'full_W', method='taylor')
gradient_checker(net, 'full_W', method='complex')
