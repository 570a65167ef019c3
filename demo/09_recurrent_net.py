"""A recurrent net wired by hand: one cell per time step, all sharing their parameters."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.loss_functions import LogisticLoss
from deepfusion.components.modules.rnn import RNN1
from deepfusion.components.net import Net

np.random.seed(0)
STEPS, WIDTH = 8, 12

# Does a sequence hold more ones than zeros?
state = Data('a0', (1, WIDTH))
start, inputs, cells = state, [], []
for t in range(1, STEPS + 1):
    inputs.append(Data(f'x{t}', (1, 1)))
    cells.append(RNN1(f'cell{t}', [state, inputs[-1]], Data(f'a{t}', (1, WIDTH)), weight_init_type='Xavier'))
    state = cells[-1].output
logit = MatMul('head', [state], out_features=1).output
y, loss = Data('y', (1, 1)), Data('loss', (1, 1))
LogisticLoss('cost', [logit, y], loss)
net = Net('rnn', [loss], learning_rate=1e-2)
net.share_parameters(cells)
print(net)

sequences = np.random.randint(0, 2, (2000, STEPS, 1)).astype(float)
answers = (sequences.sum(axis=1) > STEPS / 2).astype(float)
for step in range(1, 801):
    batch = np.random.choice(1500, size=64, replace=False)
    start.val = np.zeros((64, WIDTH))
    for t, node in enumerate(inputs):
        node.val = sequences[batch, t]
    y.val = answers[batch]
    net.forward()
    net.backward()
    net.update()
    if step in (1, 200, 400, 800):
        print(f'step {step:3}   cost {loss.val:.4f}')

start.val = np.zeros((500, WIDTH))
for t, node in enumerate(inputs):
    node.val = sequences[1500:, t]
y.val = answers[1500:]
net.forward()
print(f'right on {np.mean((logit.val > 0) == (answers[1500:] > 0)):.1%} of sequences it has not seen')
