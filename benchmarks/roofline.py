"""`python -m benchmarks.roofline`: what the machine allows the larger cases, and how close they come.

For each case: the multiplications and additions of the direct algorithms; those that are done, since a 3x3 convolution
of stride 1 needs a quarter of them by F(4, 3); the bytes that its arrays cross memory with when each is written once
and read once in every pass that needs it; and the times that these take at the machine's measured rates of a large
matrix product and of a copy. What is measured beyond the larger of the two is overhead.
"""

import statistics
import time
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from benchmarks.runner import run_once
from benchmarks.tables import print_table


class Work(NamedTuple):
    """Operations of the direct algorithms, operations done, and bytes, of a whole step."""

    direct: float
    done: float
    bytes: float


def median_seconds(call: Callable[[], Any]) -> float:
    """Of 15 calls after two."""
    times = []
    for _ in range(17):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def machine() -> tuple[float, float]:
    """Operations a second of a large product, and bytes a second of a copy that both cores share."""
    from deepfusion.functional.elementwise import elementwise_into
    a = np.ones((2048, 2048), np.float32)
    out, long = np.empty_like(a), np.zeros(1 << 24, np.float32)
    product = 2 * len(a) ** 3 / median_seconds(lambda: np.matmul(a, a, out=out))
    return product, 2 * long.nbytes / median_seconds(lambda: elementwise_into(np.positive, long))


def net_work(net: Any, batch: int, passes: int) -> Work:
    """Of a net: forward only, or with backward (twice the operations) and the update."""
    from deepfusion.components.modules import Module
    from deepfusion.visualization.describe import operations_of
    direct = done = size = 0.0
    for module in (node for node in net.topological_order if isinstance(node, Module)):
        operations = 2 * batch * passes * operations_of(module)
        direct += operations
        done += operations / 4 if _by_winograd(module) else operations
        # Forward reads inputs and writes the output; backward reads inputs and the output's derivative and writes the
        # inputs' derivatives.
        inputs, output = (sum(prod(data.shape) for data in nodes) for nodes in (module.inputs, [module.output]))
        size += batch * ((inputs + output) + (passes - 1) / 2 * (2 * inputs + output))
    # Parameters: read forward and backward, their derivative written and read, an average and they themselves updated.
    return Work(direct, done, 4 * (size + net.parameter_count * (1 if passes == 1 else 8)))


def _by_winograd(module: Any) -> bool:
    return (type(module).__name__ == 'Conv2D' and module.parameter_lookup['F'].shape[2:] == (3, 3)
            and module.stride in (1, (1, 1)) and min(module.parameter_lookup['F'].shape[:2]) >= 16)


def fusionnet_work(batch: int, passes: int) -> Work:
    """FusionNet."""
    from deepfusion.models.fusionnet import fusionnet
    return net_work(fusionnet(), batch, passes)


def residual_work() -> Work:
    """The residual net's training step."""
    from benchmarks.cases.residual import BATCH, residual_net
    return net_work(residual_net(), BATCH, 3)


def attention_work() -> Work:
    """Four maps and two products of scores, three times; the scores, twice in each direction."""
    rows, width, heads, tokens = 32 * 196, 256, 8, 196
    operations = 3 * (4 * 2 * rows * width ** 2 + 2 * 2 * rows * tokens * width)
    return Work(operations, operations, 4 * (24 * rows * width + 4 * rows * heads * tokens))


def lstm_work() -> Work:
    """The products of inputs and states with the gates' weights, three times; gates and states, written and read."""
    rows, width = 100 * 64, 256
    operations = 3 * 2 * rows * 2 * width * 4 * width
    return Work(operations, operations, 4 * rows * width * (3 * 4 * 2 + 3 * 6))


CASES: dict[str, Callable[[], Work]] = {
    'fusionnet-train-64': lambda: fusionnet_work(64, 3), 'fusionnet-inference-64': lambda: fusionnet_work(64, 1),
    'residual-train': residual_work, 'attention': attention_work, 'lstm': lstm_work}


def main() -> None:
    """Measure the machine and print the table."""
    product, copy = machine()
    table = Table('case', 'direct GFLOP', 'done GFLOP', 'GB', 'products ms', 'memory ms', 'measured ms', 'reached',
                  title=f'products {product / 1e9:.0f} GFLOP/s, copies {copy / 1e9:.0f} GB/s')
    for case, count in CASES.items():
        work, figures = count(), run_once(case, 'deepfusion', 4, None) or {}
        compute, memory = 1e3 * work.done / product, 1e3 * work.bytes / copy
        table.add_row(case, f'{work.direct / 1e9:.1f}', f'{work.done / 1e9:.1f}', f'{work.bytes / 1e9:.2f}',
                      f'{compute:.0f}', f'{memory:.0f}', f"{figures['median_ms']:.0f}",
                      f"{max(compute, memory) / figures['median_ms']:.0%}")
    print_table(table)


if __name__ == '__main__':
    main()
