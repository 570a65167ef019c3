"""A small convolutional net tells horizontal from vertical and diagonal bars in noisy 8x8 pictures."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Flatten, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net

np.random.seed(5)
kinds = np.random.randint(0, 3, size=120)
X = 0.8 * np.random.randn(120, 1, 8, 8)
for picture, kind, place in zip(X[:, 0], kinds, np.random.randint(0, 8, size=120), strict=True):
    if kind == 0:
        picture[place, :] += 1.0
    elif kind == 1:
        picture[:, place] += 1.0
    else:
        picture += np.eye(8)
Y = np.eye(3)[kinds]

x = Data(ID='x', shape=(1, 1, 8, 8))
c1 = Data(ID='c1', shape=(1, 3, 8, 8))
Conv1 = Conv2D(ID='Conv1', inputs=[x], output=c1, filter_size=3, filter_count=3, padding=1)
r1 = Data(ID='r1', shape=(1, 3, 8, 8))
ActF1 = Relu(ID='ActF1', inputs=[c1], output=r1)
p1 = Data(ID='p1', shape=(1, 3, 4, 4))
Pool1 = MaxPool(ID='Pool1', inputs=[r1], output=p1, filter_size=2, stride=2)
c2 = Data(ID='c2', shape=(1, 4, 2, 2))
Conv2 = Conv2D(ID='Conv2', inputs=[p1], output=c2, filter_size=2, filter_count=4, padding=0, stride=2,
               weight_init_type='Xavier')
f = Data(ID='f', shape=(1, 16))
Flat = Flatten(ID='Flat', inputs=[c2], output=f)
t = Data(ID='t', shape=(1, 3))
Matmul = MatMul(ID='Matmul', inputs=[f], output=t)
y = Data(ID='y', shape=(1, 3))
loss = Data(ID='loss', shape=(1, 1))
LossF = CrossEntropyLoss(ID='LossF', inputs=[t, y], output=loss)
net = Net(ID='Net', root_nodes=[loss], optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {}})
net.set_regularization({'reg_name': 'L2', 'reg_strength': 1e-3})
net.set_learning_rate(0.05)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(120, size=6, replace=False)
    x.val, y.val = X[idx], Y[idx]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 200 == 0:
        x.val, y.val = X, Y
        net.forward()
        costs.append(loss.val)
