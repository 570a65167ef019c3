"""Two inputs that meet, and two losses whose gradients add up; then an edge is cut and another head connected."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Sigmoid, Tanh
from deepfusion.components.modules.loss_functions import LogisticLoss, MSELoss
from deepfusion.components.net import Net

np.random.seed(0)

left, right = Data('left', (1, 4)), Data('right', (1, 2))
joined = Add('join', [MatMul('from_left', [left], out_features=16).output,
                      MatMul('from_right', [right], out_features=16).output]).output
features = Tanh('features', [joined]).output

number, number_loss = Data('number', (1, 1)), Data('number_loss', (1, 1))
MSELoss('regression', [MatMul('number_head', [features], out_features=1).output, number], number_loss)

label, label_loss = Data('label', (1, 1)), Data('label_loss', (1, 1))
label_head = MatMul('label_head', [features], out_features=1)
LogisticLoss('classification', [label_head.output, label], label_loss)

net = Net('two heads', [number_loss, label_loss], learning_rate=1e-2)

A, B = np.random.randn(500, 4), np.random.randn(500, 2)
N, L = A[:, :1] * B[:, :1], (A[:, 1:2] + B[:, 1:2] > 0).astype(float)
for step in range(1, 401):
    batch = np.random.choice(500, size=64, replace=False)
    left.val, right.val, number.val, label.val = A[batch], B[batch], N[batch], L[batch]
    net.forward()
    net.backward()          # starts from both losses
    net.update()
    if step in (1, 100, 400):
        print(f'step {step:3}   number {number_loss.val:.4f}   label {label_loss.val:.4f}')

# Cut the label's head off. Its loss leaves the net; the features stay.
net.disconnect(features, label_head)
print('roots after disconnect:', [root.ID for root in net.root_nodes])

# Connect a head for probabilities in its place.
probability = Sigmoid('probability', [MatMul('new_head', [features], out_features=1).output]).output
net.connect([number_loss, probability])
net.forward()
print('roots after connect:', [root.ID for root in net.root_nodes], 'of shape', probability.val.shape)
