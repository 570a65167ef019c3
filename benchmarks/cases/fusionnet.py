"""FusionNet: a training step (SGD, momentum, weight decay), inference, and input optimization on the frozen net."""

from typing import Any

import numpy as np

from benchmarks.cases import Step, compiled, memory_format, torch_for

SGD: dict[str, Any] = {'optimizer_name': 'SGD', 'hyperparameters': {'momentum': 0.9, 'weight_decay': 5e-4}}
RATE = 1e-3


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The same weights for both, by PyTorch's names."""
    found = {}
    for i, (name, shape) in enumerate(shapes.items()):
        rng = np.random.default_rng(i)
        if name.endswith(('running_var', 'weight')) and len(shape) == 1:
            found[name] = np.ones(shape, np.float32)
        elif len(shape) > 1:
            found[name] = (rng.standard_normal(shape) * np.sqrt(1 / np.prod(shape[1:]))).astype(np.float32)
        else:
            found[name] = np.zeros(shape, np.float32)
    return found


def pictures(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """A batch and its labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, 3, 32, 32)).astype(np.float32), rng.integers(0, 10, batch)


def _deepfusion_net(batch: int) -> Any:
    from deepfusion.models.fusionnet import fusionnet, load_torch_state, torch_state
    net = fusionnet()
    shapes = {name: array.shape for name, array in torch_state(net).items() if not name.endswith('tracked')}
    load_torch_state(net, weights(shapes))
    x, labels = pictures(batch)
    return net, x, np.eye(10, dtype=np.float32)[labels]


def _torch_net(peer: str, batch: int) -> Any:
    torch = torch_for(peer)
    from benchmarks.torch_fusionnet import FusionNet
    order = memory_format(torch, peer)
    net = FusionNet().to(memory_format=order)
    state = net.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items() if not name.endswith('tracked')}
    net.load_state_dict({name: torch.tensor(array) for name, array in weights(shapes).items()}, strict=False)
    x, labels = pictures(batch)
    return torch, compiled(torch, net, peer), torch.tensor(x).contiguous(memory_format=order), torch.tensor(labels)


def train(peer: str, batch: int) -> Step:
    """A training step; dropout is off so that losses can be compared."""
    if peer != 'deepfusion':
        return _train_torch(peer, batch)
    net, x, y = _deepfusion_net(batch)
    net.set_optimizer(SGD)
    net.set_learning_rate(RATE)
    for ID in ('dropout', 'branch4/dropout'):
        net.get_node(ID).set_mode('test')
    nodes = [net.get_node(ID) for ID in ('x', 'y', 'loss')]

    def step() -> float:
        nodes[0].val, nodes[1].val = x, y
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        return float(nodes[2].val)

    return step


def _train_torch(peer: str, batch: int) -> Step:
    torch, net, x, labels = _torch_net(peer, batch)
    net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d):
            module.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=5e-4)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def inference(peer: str, batch: int) -> Step:
    """Logits in test mode; their mean absolute value stands for a loss."""
    if peer != 'deepfusion':
        torch, net, x, _ = _torch_net(peer, batch)
        net.eval()

        def torch_step() -> float:
            with torch.no_grad():
                return net(x).abs().mean().item()

        return torch_step
    net, x, y = _deepfusion_net(batch)
    net.set_mode('test')
    nodes = [net.get_node(ID) for ID in ('x', 'y', 'logits')]

    def step() -> float:
        nodes[0].val, nodes[1].val = x, y
        net.forward()
        return float(np.abs(nodes[2].val).mean())

    return step


def optimize_input(peer: str, batch: int) -> Step:
    """A step of Adam on the pictures of the frozen net, in test mode."""
    if peer != 'deepfusion':
        return _optimize_input_torch(peer, batch)
    net, x, y = _deepfusion_net(batch)
    net.set_mode('test')
    net.freeze()
    nodes = [net.get_node(ID) for ID in ('x', 'y', 'loss')]
    nodes[0].unfreeze()
    nodes[0].set_learning_rate(RATE)
    nodes[0].val, nodes[1].val = x, y

    def step() -> float:
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        return float(nodes[2].val)

    return step


def _optimize_input_torch(peer: str, batch: int) -> Step:
    torch, net, x, labels = _torch_net(peer, batch)
    net.eval().requires_grad_(False)
    x.requires_grad_()
    optimizer = torch.optim.Adam([x], lr=RATE)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
