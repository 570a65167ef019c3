"""The separable convolution block against PyTorch."""

import numpy as np
import pytest

from deepfusion.blocks import separable_convolution
from deepfusion.components.data import Data
from deepfusion.components.net import Net


@pytest.mark.parametrize(('options', 'padding', 'stride', 'dilation'), [
    ({}, 1, 1, 1), ({'stride': 2, 'filter_size': (3, 5)}, (1, 2), 2, 1),
    ({'dilation': 2, 'depth_multiplier': 2, 'padding': 0}, 0, 1, 2)])
def test_agrees_with_pytorch(options, padding, stride, dilation):
    torch = pytest.importorskip('torch')
    x = Data('x', (1, 3, 8, 7), val=np.random.randn(2, 3, 8, 7))
    y = separable_convolution('sep', x, 4, **options, bias_init_type='One')
    net = Net('net', [y])
    net.forward()
    W, b, V, c = (torch.tensor(p.val) for p in net.parameters())
    expected = torch.nn.functional.conv2d(torch.tensor(x.val), W, b.ravel(), stride, padding, dilation, groups=3)
    expected = torch.nn.functional.conv2d(expected, V, c.ravel())
    assert y.val.shape == expected.shape
    assert abs(y.val - expected.numpy()).max() < 1e-5
