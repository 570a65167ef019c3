"""`python -m benchmarks.gradient_checking`: seconds for checking gradients, beside PyTorch's `gradcheck`.

FusionNet (float32, 4 pictures, the pictures and all 98 parameter tensors) with `check_net(method='directional')`; and
a small convolutional net in float64, by every method here and by `gradcheck` slow and fast there. Each runs in a
process of its own. `check_net` also checks every module by itself and tries its conduct; `conduct=False` leaves the
latter out.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def fusion_net() -> Callable[[], Any]:
    """FusionNet, 4 pictures."""
    from deepfusion.models.fusionnet import fusionnet
    from deepfusion.utils.grad_check import check_net
    np.random.seed(0)
    net = fusionnet()
    net.get_node('x').val = np.random.default_rng(0).standard_normal((4, 3, 32, 32))
    net.get_node('y').val = np.eye(10)[[3, 7, 1, 0]]
    return lambda: check_net(net, method='directional', verbose=False)


def small_net() -> Any:
    """Convolution, batch norm, ReLU, twice; a global average; a full layer; cross-entropy: 1,323 parameters."""
    from deepfusion.blocks import convolution_norm_relu
    from deepfusion.components.data import Data
    from deepfusion.components.modules import MatMul
    from deepfusion.components.modules.loss_functions import CrossEntropyLoss
    from deepfusion.components.modules.pooling import GlobalAvgPool
    from deepfusion.components.net import Net
    np.random.seed(0)
    x, y = Data('x', (1, 3, 8, 8)), Data('y', (1, 3))
    h = convolution_norm_relu('second', convolution_norm_relu('first', x, 8), 12)
    h = MatMul('full', [GlobalAvgPool('pool', [h]).output], out_features=3).output
    net = Net('small', [CrossEntropyLoss('loss', [h, y]).output]).to(precision='float64')
    x.val, y.val = np.random.default_rng(0).standard_normal((4, 3, 8, 8)), np.eye(3)[[0, 2, 1, 1]]
    return net


def ours(**options: Any) -> Callable[[], Any]:
    """`check_net` of the small net."""
    from deepfusion.utils.grad_check import check_net
    net = small_net()
    return lambda: check_net(net, verbose=False, **options)


def torchs(fast_mode: bool) -> Callable[[], Any]:
    """`gradcheck` of an equal net, by the pictures and all parameters."""
    import torch
    torch.manual_seed(0)

    def layer(channels: int, count: int) -> list[Any]:
        return [torch.nn.Conv2d(channels, count, 3, padding=1), torch.nn.BatchNorm2d(count), torch.nn.ReLU()]

    net = torch.nn.Sequential(*layer(3, 8), *layer(8, 12), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
                              torch.nn.Linear(12, 3)).double()
    names, labels = list(dict(net.named_parameters())), torch.tensor([0, 2, 1, 1])

    def loss(x: Any, *parameters: Any) -> Any:
        logits = torch.func.functional_call(net, dict(zip(names, parameters, strict=True)), (x,))
        return torch.nn.functional.cross_entropy(logits, labels)

    x = torch.randn(4, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    parameters = [p.detach().requires_grad_() for p in net.parameters()]
    return lambda: torch.autograd.gradcheck(loss, (x, *parameters), fast_mode=fast_mode)


CASES: dict[str, Callable[[], Callable[[], Any]]] = {
    'FusionNet, check_net directional': fusion_net,
    'small net, check_net directional': lambda: ours(method='directional'),
    'small net, check_net directional, without conduct': lambda: ours(method='directional', conduct=False),
    'small net, check_net full': lambda: ours(method='full'),
    'small net, PyTorch gradcheck fast': lambda: torchs(True),
    'small net, PyTorch gradcheck slow': lambda: torchs(False),
}


def main(name: str | None = None) -> None:
    """Time one case, or all, each in a process of its own."""
    if name is None:
        for case in CASES:
            subprocess.run([sys.executable, '-m', 'benchmarks.gradient_checking', case], check=True)
        return
    run = CASES[name]()
    start = time.perf_counter()
    result = run()
    print(f'{name:<52} {time.perf_counter() - start:8.2f} s   {"passed" if result else "FAILED"}')


if __name__ == '__main__':
    main(*sys.argv[1:])
