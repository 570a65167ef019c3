"""`python -m benchmarks.fusion --data FOLDER`: every way to fuse, on the same small backbone, data, budget and seeds.

The backbone has three levels (16 channels at 32x32, 32 at 16x16, 64 at 8x8). Each way brings them to 48 channels at
8x8 and fuses them; a global average and a full layer follow. Pictures are a part of CIFAR-10 (or, without --data, the
embedded digits, where all ways are nearly perfect).
"""

import json
import statistics
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.tables import print_table
from deepfusion.blocks import convolution_norm_relu, fuse
from deepfusion.blocks.fusion import WAYS
from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul, Module
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.pooling import GlobalAvgPool, MaxPool
from deepfusion.components.net import Net
from deepfusion.datasets import cifar10, digits
from deepfusion.training import BYTE_PIXELS, Trainer
from deepfusion.visualization.describe import operations_of

WIDTH = 48
# These take two inputs: the deepest and the middle level.
PAIRS = {'bilinear', 'compact_bilinear'}


def build(way: str | None, image_shape: tuple[int, ...], classes: int) -> Net:
    """The backbone with its levels fused in that way; None uses the deepest level alone."""
    x = Data('x', (1, *image_shape))
    levels: list[Data] = []
    for i, width in enumerate((16, 32, 64)):
        y = convolution_norm_relu(f'level{i}', levels[-1] if i else x, width)
        levels.append(MaxPool(f'level{i}/pool', [y], filter_size=2, stride=2).output if i else y)
    fused = levels[-1]
    if way is not None:
        fused = fuse('fusion', levels[1:] if way in PAIRS else levels, way=way, width=WIDTH)
    pooled = GlobalAvgPool('head/pool', [fused]).output if len(fused.shape) > 2 else fused
    logits, y, loss = Data('logits', (1, classes)), Data('y', (1, classes)), Data('loss', (1, 1))
    MatMul('head/full', [pooled], logits)
    CrossEntropyLoss('cost', [logits, y], loss)
    return Net(f'fusion by {way}', [loss])


def load(data: str | None, train: int, test: int) -> Any:
    """Pictures and labels: (train, labels), (test, labels), shape, number of classes."""
    found = cifar10(data) if data else digits(size=32, channels=3)
    rng = np.random.default_rng(0)

    def part(pictures: Any, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.sort(rng.permutation(len(labels))[:count])      # files may be sorted by class
        return np.asarray(pictures[chosen]), labels[chosen]

    return (part(found.train_pictures, found.train_labels, train), part(found.test_pictures, found.test_labels, test),
            len(found.class_names))


def step_times(net: Net, pictures: Any, labels: np.ndarray, count: int) -> list[float]:
    """Seconds of single training steps on one batch."""
    classes = net.get_node('y').shape[1]
    net.set_mode('train')
    net.get_node('x').val = np.asarray(pictures, np.float32) / 255
    net.get_node('y').val = np.eye(classes, dtype=np.float32)[labels]
    times = []
    for _ in range(count):
        start = time.perf_counter()
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        times.append(time.perf_counter() - start)
    return times


def measure(way: str | None, seed: int, data: Any, epochs: int) -> dict[str, Any]:
    """One training: test accuracy, and the median of milliseconds per step."""
    (pictures, labels), (test_pictures, test_labels), classes = data
    np.random.seed(seed)
    net = build(way, pictures.shape[1:], classes)
    trainer = Trainer(net, batch_size=64, learning_rate=2e-3, normalize=BYTE_PIXELS, seed=seed, progress=False,
                      optimizer_details={'optimizer_name': 'Adam', 'hyperparameters': {}})
    trainer.fit(pictures, labels, epochs=epochs)
    accuracy = trainer.evaluate(test_pictures, test_labels).accuracy
    modules = [node for node in net.topological_order if isinstance(node, Module)]
    return {'accuracy': 100 * accuracy, 'ms': 1e3 * statistics.median(step_times(net, pictures[:64], labels[:64], 20)),
            'parameters': net.parameter_count,
            'operations': sum(operations_of(module) for module in modules)}


def summarize(way: str | None, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread over the seeds."""
    accuracies = [run['accuracy'] for run in runs]
    return {'way': way or 'deepest level alone', 'accuracy': statistics.mean(accuracies),
            'spread': statistics.stdev(accuracies) if len(runs) > 1 else 0.0,
            'ms': statistics.median(run['ms'] for run in runs), 'parameters': runs[0]['parameters'],
            'operations': runs[0]['operations']}


def figure(rows: list[dict[str, Any]], path: Path) -> None:
    """Accuracy with its spread against time per step."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    picture = Figure(figsize=(8, 6), layout='constrained')
    FigureCanvasAgg(picture)
    axes = picture.add_subplot()
    ordered = sorted(rows, key=lambda row: row['accuracy'])
    axes.errorbar([row['accuracy'] for row in ordered], range(len(ordered)), xerr=[row['spread'] for row in ordered],
                  fmt='o', color='#277cb3', ecolor='#9fc5e0', capsize=3)
    axes.set_yticks(range(len(ordered)), [f"{row['way']}  ({row['ms']:.0f} ms)" for row in ordered])
    axes.set_xlabel('test accuracy, %: mean and standard deviation over seeds')
    axes.grid(axis='x', alpha=0.3)
    picture.savefig(path)


@click.command()
@click.option('--data', help="CIFAR-10's folder of the binary version; the embedded digits when not given.")
@click.option('--way', 'ways', multiple=True, type=click.Choice(list(WAYS)), help='Only these ways.')
@click.option('--seeds', default=3, show_default=True)
@click.option('--epochs', default=4, show_default=True)
@click.option('--train', default=4000, show_default=True, help='Pictures to train on.')
@click.option('--test', default=2000, show_default=True, help='Pictures to test with.')
@click.option('--json', 'json_path', type=click.Path(dir_okay=False, path_type=Path))
@click.option('--figure', 'figure_path', type=click.Path(dir_okay=False, path_type=Path))
def main(data: str | None, ways: tuple[str, ...], seeds: int, epochs: int, train: int, test: int,
         json_path: Path | None, figure_path: Path | None) -> None:
    """Compare ways to fuse by test accuracy, size and time."""
    examples = load(data, train, test)
    chosen: list[str | None] = [None, *(ways or WAYS)]
    rows = []
    for way in track(chosen, 'ways'):
        rows.append(summarize(way, [measure(way, seed, examples, epochs) for seed in range(seeds)]))
        if json_path:                                             # after each: one takes a minute
            json_path.write_text(json.dumps(rows, indent=2) + '\n')
    rows.sort(key=lambda row: -row['accuracy'])
    table = Table('way', 'accuracy %', 'parameters', 'operations', 'ms per step')
    for row in rows:
        table.add_row(row['way'], f"{row['accuracy']:.1f} ± {row['spread']:.1f}", f"{row['parameters']:,}",
                      f"{row['operations'] / 1e6:.2f} M", f"{row['ms']:.1f}")
    print_table(table)
    if figure_path:
        figure(rows, figure_path)


if __name__ == '__main__':
    main()
