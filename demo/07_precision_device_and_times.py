"""float32 and float64, CPU and GPU, and where the time goes."""

import copy

import numpy as np

from deepfusion.components.net import Net
from deepfusion.errors import BackendError
from deepfusion.models.f3net import f3net
from deepfusion.utils.backend import use_backend, use_precision

np.random.seed(0)
net = f3net()
X, Y = np.random.rand(16, 3, 8, 8), np.eye(10)[np.arange(16) % 10]


def cost(net: Net) -> float:
    net.get_node('x').val, net.get_node('y').val = X, Y
    net.forward()
    return float(net.get_node('loss').val)


print('float32:', cost(net))
with use_precision('float64'):          # new arrays are float64 in this scope
    exact = copy.deepcopy(net).to(precision='float64')
    print('float64:', cost(exact))

try:
    with use_backend('gpu'):            # or Backend.set_backend('gpu'), or DEEPFUSION_BACKEND=gpu for a whole script
        print('gpu:    ', cost(copy.deepcopy(net).to(backend='gpu')))
except BackendError as error:
    print('no gpu: ', error)

net.forward(verbose=True)
net.backward(verbose=True)
