"""The test matrix of a block: values against PyTorch, parameter counts, gradients, dead parameters, strict device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.net import Net
from deepfusion.utils.backend import to_host, use_backend, use_precision
from tests.support.cases import close

Build = Callable[[list[Data]], Data]


@dataclass(frozen=True)
class Block:
    """One block with its input shapes, the number of its parameters, and its value written in PyTorch."""

    name: str
    build: Build
    shapes: Sequence[tuple[int, ...]]
    count: int
    reference: Callable[..., Any]       # (torch, inputs, weights) -> tensor; weights('path', 'F') is a parameter

    def __repr__(self) -> str:
        return self.name


def make(block: Block, batch: int = 3) -> Net:
    """The block as a net with values in its inputs and parameters that are all away from special points."""
    np.random.seed(0)
    inputs = [Data(f'x{i}', shape) for i, shape in enumerate(block.shapes)]
    net = Net('net', [block.build(inputs)])
    rng = np.random.default_rng(1)
    for parameter in net.parameters():
        parameter.val = to_host(parameter.val) + 0.2 * rng.standard_normal(parameter.shape)
    for x in inputs:
        x.val = rng.standard_normal((batch, *x.shape[1:]))
    return net


def run(net: Net) -> np.ndarray:
    """Forward, and backward from a fixed random derivative; gives that derivative."""
    np.random.seed(2)
    net.clear_grads()
    net.forward()
    root = net.root_nodes[0]
    seed = np.random.default_rng(3).standard_normal(root.val.shape)
    root.deriv = seed
    net.backward()
    return seed


def tensors(net: Net) -> list[Data]:
    """Inputs and parameters."""
    return [n for n in net.topological_order if isinstance(n, Data) and n.input is None] + net.parameters()


class BlockTests:
    """Subclass with `blocks = [...]`."""

    blocks: Sequence[Block] = ()
    dead: tuple[str, ...] = ()          # endings of the IDs of parameters that mathematics leaves without effect

    def __init_subclass__(cls) -> None:
        each = pytest.mark.parametrize('block', cls.blocks, ids=repr)
        for name in ('values', 'parameters', 'gradients', 'strict_device'):
            setattr(cls, f'test_{name}', each(_test(getattr(BlockTests, f'check_{name}'))))

    def check_values(self, block: Block) -> None:
        torch = pytest.importorskip('torch')
        with use_precision('float64'):
            net = make(block)
            run(net)

        def weights(path: str, name: str) -> Any:
            return torch.tensor(net.get_node(path).parameter_lookup[name].val)

        inputs = [torch.tensor(net.get_node(f'x{i}').val) for i in range(len(block.shapes))]
        with torch.no_grad():
            expected = block.reference(torch, inputs, weights)
        close(net.root_nodes[0].val, expected.numpy(), 1e-10, block.name)

    def check_parameters(self, block: Block) -> None:
        """Their number is that of the formula, and none of them is dead: each gets a gradient well above rounding in
        train mode, or, being a bias that batch statistics take away again, in test mode."""
        with use_precision('float64'):
            net = make(block)
            assert net.parameter_count == block.count
            run(net)
            largest = {parameter: abs(parameter.deriv).max() for parameter in net.parameters()}
            net.set_mode('test')
            run(net)
        for parameter, size in largest.items():
            if parameter.ID.endswith(self.dead):
                continue
            assert max(size, abs(parameter.deriv).max()) > 1e-6, f'{parameter.ID} never gets a gradient'

    def check_gradients(self, block: Block) -> None:
        """Directional differences along every tensor, and differences of single entries."""
        with use_precision('float64'):
            net = make(block)
            seed = run(net)
            found = {data: data.deriv.copy() for data in tensors(net)}
            rng = np.random.default_rng(4)

            def loss() -> float:
                np.random.seed(2)
                net.forward()
                return float((net.root_nodes[0].val * seed).sum())

            for data, deriv in found.items():
                base = data.val.copy()
                directions = [rng.standard_normal(base.shape)]
                for _ in range(2):
                    directions.append(np.zeros(base.shape))
                    directions[-1].flat[rng.integers(base.size)] = 1
                for direction in directions:
                    sides = []
                    for h in (1e-6, -1e-6):
                        data.val = base + h * direction
                        sides.append(loss())
                    data.val = base
                    numeric, analytic = (sides[0] - sides[1]) / 2e-6, (deriv * direction).sum()
                    scale = max(abs(numeric), float(np.abs(deriv).max()), 1e-2)
                    assert abs(numeric - analytic) < 2e-6 * scale, f'{data.ID}: {analytic} instead of {numeric}'

    def check_strict_device(self, block: Block, device: str) -> None:
        results = []
        with use_precision('float64'):
            for backend in ('cpu', device):
                with use_backend(backend):
                    net = make(block, batch=2)
                    run(net)
                    results.append([to_host(net.root_nodes[0].val)] + [to_host(d.deriv) for d in tensors(net)])
        for cpu, other in zip(*results, strict=True):
            close(other, cpu, 1e-10, block.name)


def _test(check: Callable[..., None]) -> Callable[..., None]:
    def test(self: Any, block: Block, device: str) -> None:
        check(self, block, device) if check is BlockTests.check_strict_device else check(self, block)
    return test
