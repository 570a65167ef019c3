"""Four steps of a recurrent net that share their parameters; the target at each step is a running mean."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.modules.rnn import RNN1, RNN2
from deepfusion.components.net import Net

np.random.seed(6)
steps, m = 4, 200
X = np.random.rand(m, steps, 2)
Y = np.cumsum(X[:, :, :1] * X[:, :, 1:], axis=1) / np.arange(1, steps + 1)[None, :, None]

a0 = Data(ID='a0', shape=(1, 6))
a, xs, ys, losses, cells, heads = a0, [], [], [], [], []
for t in range(steps):
    x = Data(ID=f'x{t}', shape=(1, 2))
    a_next = Data(ID=f'a{t + 1}', shape=(1, 6))
    cells.append(RNN1(ID=f'Cell{t}', inputs=[a, x], output=a_next, weight_init_type='Xavier'))
    h = Data(ID=f'h{t}', shape=(1, 1))
    heads.append(RNN2(ID=f'Head{t}', inputs=[a_next], output=h, weight_init_type='Xavier'))
    y = Data(ID=f'y{t}', shape=(1, 1))
    loss = Data(ID=f'loss{t}', shape=(1, 1))
    MSELoss(ID=f'LossF{t}', inputs=[h, y], output=loss)
    a = a_next
    xs.append(x)
    ys.append(y)
    losses.append(loss)
net = Net(ID='Net', root_nodes=losses)
net.share_parameters(cells)
net.share_parameters(heads)
net.set_optimizer({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.9}})
net.set_learning_rate(0.5)

costs = []
for step in range(1, 1001):
    idx = np.random.choice(m, size=20, replace=False)
    a0.val = np.zeros((20, 6))
    for t in range(steps):
        xs[t].val, ys[t].val = X[idx, t], Y[idx, t]
    net.forward()
    net.backward()
    net.update()
    if step == 1 or step % 100 == 0:
        costs.append(sum(loss.val for loss in losses))

facts = [bool(np.array_equal(cells[0].Waa.val, cells[3].Waa.val)),
         bool(np.array_equal(heads[0].by.val, heads[2].by.val)), [node.ID for node in net.topological_order]]
