"""FusionNet written in PyTorch, as a peer: the same wiring and the original's names of parameters."""

import torch
from torch import nn
from torch.nn import functional


def conv_norm(inputs: int, outputs: int) -> list[nn.Module]:
    """Convolution and batch norm."""
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(inputs, outputs)
        self.conv2, self.bn2 = conv_norm(outputs, outputs)
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class SqueezeExcitation(nn.Module):
    """A gate for every channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels, channels // 16, bias=False), nn.ReLU(),
                                nn.Linear(channels // 16, channels, bias=False), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class Pyramid(nn.Module):
    """Levels flow down after their 3x3 convolutions."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(nn.Conv2d(c, 256, 1) for c in channels)
        self.fpn_convs = nn.ModuleList(nn.Conv2d(256, 256, 3, padding=1) for _ in channels)

    def forward(self, levels: list[torch.Tensor]) -> list[torch.Tensor]:
        outputs: list[torch.Tensor] = []
        for level, lateral, conv in reversed(list(zip(levels, self.lateral_convs, self.fpn_convs, strict=True))):
            total = lateral(level)
            if outputs:
                total = total + functional.interpolate(outputs[0], size=total.shape[2:])
            outputs.insert(0, conv(total))
        return outputs


class DynamicFusion(nn.Module):
    """Levels added with a weight map each."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Conv2d(1024, 32, 1), nn.ReLU(), nn.Conv2d(32, 4, 1), nn.Sigmoid())

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        size = levels[-1].shape[2:]
        levels = [functional.interpolate(level, size=size) for level in levels]
        maps = self.attention(torch.cat(levels, 1))
        return sum(maps[:, i:i + 1] * level for i, level in enumerate(levels))


class FusionNet(nn.Module):
    """The whole net, for 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*conv_norm(3, 32), nn.ReLU())
        widths = (32, 64, 128, 256, 512)
        for i in range(4):
            setattr(self, f'residual_block{i + 1}', Residual(widths[i], widths[i + 1]))
        self.se_block1, self.se_block2 = SqueezeExcitation(256), SqueezeExcitation(512)
        self.conv2 = nn.Sequential(*conv_norm(512, 256), nn.ReLU())
        self.dropout2d = nn.Dropout2d(0.2)
        self.branch1_fc1, self.branch1_fc2 = nn.Linear(1024, 256), nn.Linear(256, 10)
        self.attention_branch2 = nn.Sequential(nn.Linear(96, 12), nn.ReLU(), nn.Linear(12, 96), nn.Sigmoid())
        self.branch2_fc1, self.branch2_fc2 = nn.Linear(96, 128), nn.Linear(128, 10)
        self.branch3_fc = nn.Linear(256, 10)
        self.fpn, self.dynamic_fusion = Pyramid((64, 128, 256, 512)), DynamicFusion()
        self.branch4_fc1, self.branch4_fc2 = nn.Linear(256, 128), nn.Linear(128, 10)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        c1 = functional.max_pool2d(self.conv1(x), 2)
        c2 = functional.max_pool2d(self.residual_block1(c1), 2)
        c3 = functional.max_pool2d(self.residual_block2(c2), 2)
        c4 = self.se_block1(self.residual_block3(c3))
        c5 = self.se_block2(self.residual_block4(c4))
        c6 = self.dropout2d(self.conv2(c5))
        p1, p2, p4, p5, p6 = (c.mean((2, 3)) for c in (c1, c2, c4, c5, c6))
        b1 = self.branch1_fc2(functional.relu(self.branch1_fc1(torch.cat([p4, p5, p6], 1))))
        g = torch.cat([p1, p2], 1)
        b2 = self.branch2_fc2(functional.relu(self.branch2_fc1(g * self.attention_branch2(g))))
        b3 = self.branch3_fc(p6)
        fused = self.dynamic_fusion(self.fpn([c2, c3, c4, c5])).mean((2, 3))
        b4 = self.branch4_fc2(self.dropout(functional.relu(self.branch4_fc1(fused))))
        return (5 * b1 + 2 * b2 + 3 * b3 + 5 * b4) / 15
