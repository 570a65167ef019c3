"""F3Net: its wiring, written out in PyTorch."""

import numpy as np
import pytest

from deepfusion.models.f3net import f3net
from deepfusion.utils.backend import use_precision


def test_parameter_count():
    convolutions = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 128 + (224 + 1) * 128
    assert f3net().parameter_count == convolutions + (128 * 64 + 1) * 10


def test_equals_torch():
    torch = pytest.importorskip('torch')
    functional = torch.nn.functional
    with use_precision('float64'):
        np.random.seed(0)
        net = f3net(num_classes=4, image_shape=(2, 5, 6))
        x, y = np.random.randn(3, 2, 5, 6), np.eye(4)[[0, 3, 1]]
        net.get_node('x').val, net.get_node('y').val = x, y
        net.forward()
        net.backward()
    weights = {ID: (torch.tensor(net.get_node(ID).F.val), torch.tensor(net.get_node(ID).b.val[:, 0]))
               for ID in ('level1/conv', 'level2/conv', 'level3/conv', 'fuse/conv')}
    picture = torch.tensor(x, requires_grad=True)
    levels, h = [], picture
    for i in (1, 2, 3):
        h = functional.conv2d(h, *weights[f'level{i}/conv'], padding=1).relu()
        levels.append(h)
    h = functional.conv2d(torch.cat(levels, 1), *weights['fuse/conv']).relu().flatten(1)
    full = net.get_node('head/full')
    logits = h @ torch.tensor(full.W.val) + torch.tensor(full.b.val)
    loss = functional.cross_entropy(logits, torch.tensor(y))
    loss.backward()
    np.testing.assert_allclose(net.get_node('logits').val, logits.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(net.get_node('loss').val, loss.item(), rtol=1e-12)
    np.testing.assert_allclose(net.get_node('x').deriv, picture.grad.numpy(), rtol=1e-9, atol=1e-14)
