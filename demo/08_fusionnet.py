"""FusionNet, built from blocks: its size, one step, its weights under PyTorch's names, its picture."""

import tempfile
from pathlib import Path

import numpy as np

from deepfusion.models.fusionnet import fusionnet, load_torch_state, torch_state

np.random.seed(0)
net = fusionnet(num_classes=10)
print(net)

x, y, loss = (net.get_node(ID) for ID in ('x', 'y', 'loss'))
x.val, y.val = np.random.rand(4, 3, 32, 32), np.eye(10)[[1, 3, 5, 7]]
net.set_learning_rate(1e-3)
for step in range(3):
    net.forward()
    net.backward(wrt='unfrozen')
    net.update()
    print(f'step {step}   cost {loss.val:.4f}')

# A checkpoint of the PyTorch original fits, and the other way round.
state = torch_state(net)
print(len(state), 'arrays, for example fpn.fpn_convs.0.weight', state['fpn.fpn_convs.0.weight'].shape)
load_torch_state(net, state)

with tempfile.TemporaryDirectory() as folder:
    picture = net.visualize(Path(folder) / 'fusionnet.svg', orientation='TB', depth=1)
    print('drawn to', Path(picture).name)
