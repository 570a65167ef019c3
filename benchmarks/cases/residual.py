"""A residual net on 64x64 pictures: a stem and four residual blocks of 64 to 512 channels, batch 32."""

from typing import Any

import numpy as np

from benchmarks.cases import Step, memory_format, torch_for

BATCH, RATE = 32, 1e-3
WIDTHS = (64, 128, 256, 512)


def train(peer: str) -> Step:
    """A training step of SGD with momentum."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 3, 64, 64)).astype(np.float32)
    labels = rng.integers(0, 10, BATCH)
    return _deepfusion(x, labels) if peer == 'deepfusion' else _torch(peer, x, labels)


def _draw(shape: tuple[int, ...], index: int) -> np.ndarray:
    rng = np.random.default_rng(100 + index)
    return (rng.standard_normal(shape) * np.sqrt(1 / np.prod(shape[1:]))).astype(np.float32)


def residual_net() -> Any:
    """DeepFusion's form of the net."""
    from deepfusion.blocks import convolution_norm_relu, residual_block
    from deepfusion.components.data import Data
    from deepfusion.components.modules import MatMul
    from deepfusion.components.modules.loss_functions import CrossEntropyLoss
    from deepfusion.components.modules.pooling import GlobalAvgPool
    from deepfusion.components.net import Net
    picture, target, loss = Data('x', (1, 3, 64, 64)), Data('y', (1, 10)), Data('loss', (1, 1))
    h = convolution_norm_relu('stem', picture, 64)
    for i, width in enumerate(WIDTHS):
        h = residual_block(f'block{i}', h, width, stride=1 if i == 0 else 2)
    logits = MatMul('head', [GlobalAvgPool('pool', [h]).output], out_features=10).output
    CrossEntropyLoss('cost', [logits, target], loss)
    return Net('net', [loss], learning_rate=RATE,
               optimizer_details={'optimizer_name': 'SGD', 'hyperparameters': {'momentum': 0.9}})


def _deepfusion(x: np.ndarray, labels: np.ndarray) -> Step:
    net = residual_net()
    picture, target, loss = (net.get_node(ID) for ID in ('x', 'y', 'loss'))
    heavy = [p for p in net.parameters() if p.ID.endswith('_F')]
    for i, parameter in enumerate(heavy):
        parameter.val = _draw(parameter.shape, i)
    net.get_node('head').W.val = _draw((10, 512), 99).T
    y = np.eye(10, dtype=np.float32)[labels]

    def step() -> float:
        picture.val, target.val = x, y
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        return float(loss.val)

    return step


def _torch(peer: str, x: np.ndarray, labels: np.ndarray) -> Step:
    torch = torch_for(peer)
    nn, functional = torch.nn, torch.nn.functional
    order = memory_format(torch, peer)

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs)
            self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs)
            self.short = nn.Sequential() if inputs == outputs else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            y = functional.relu(self.bn1(self.conv1(x)))
            return functional.relu(self.bn2(self.conv2(y)) + self.short(x))

    blocks = [Block(WIDTHS[max(i - 1, 0)], width, 1 if i == 0 else 2) for i, width in enumerate(WIDTHS)]
    model = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), *blocks,
                          nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)).to(memory_format=order)
    with torch.no_grad():
        for i, conv in enumerate(m for m in model.modules() if isinstance(m, nn.Conv2d)):
            conv.weight.copy_(torch.tensor(_draw(tuple(conv.weight.shape), i)))
            conv.bias.zero_()
        model[-1].weight.copy_(torch.tensor(_draw((10, 512), 99)))
        model[-1].bias.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    picture, target = torch.tensor(x).contiguous(memory_format=order), torch.tensor(labels)

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(picture), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
