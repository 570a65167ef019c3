"""`python -m benchmarks.fusionnet_parts FOLDER`: FusionNet with fixed and learned branch weights, and with other ways
to fuse its pyramid's levels, each trained on CIFAR-10 for one epoch of the reference's protocol."""

import json
import statistics
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table

from benchmarks.fusion import step_times
from benchmarks.tables import print_table
from deepfusion.datasets import cifar10
from deepfusion.models.fusionnet import fusionnet
from deepfusion.training import BYTE_PIXELS, Trainer
from deepfusion.training.recipes import get_recipe

VARIANTS: dict[str, dict[str, Any]] = {
    'as published': {},
    'learned branch weights': {'learn_branch_weights': True},
    **{f'fusion by {way}': {'fusion': way} for way in ('sum', 'concat_map', 'gates', 'asff', 'attention')}}


def measure(options: dict[str, Any], pictures: Any, seed: int) -> dict[str, Any]:
    """One epoch: test accuracy and loss, branch weights, milliseconds per step."""
    np.random.seed(seed)
    recipe, net = get_recipe('fusionnet', 'cifar10'), fusionnet(**options)
    trainer = Trainer(net, batch_size=recipe.batch_size, learning_rate=recipe.learning_rates[0], progress=False,
                      optimizer_details=recipe.optimizer_details, normalize=BYTE_PIXELS, seed=seed)
    trainer.fit(pictures.train_pictures, pictures.train_labels, epochs=1)
    result = trainer.evaluate(pictures.test_pictures, pictures.test_labels)
    branches = net.get_node('branches')
    weights, _ = branches.compute(np, *(data.val for data in branches.inputs))[1][1:]
    times = step_times(net, pictures.train_pictures[:64], pictures.train_labels[:64], 10)
    return {'accuracy': 100 * result.accuracy, 'loss': result.loss, 'weights': [float(w) for w in weights],
            'parameters': net.parameter_count, 'ms': 1e3 * statistics.median(times)}


@click.command()
@click.argument('folder')
@click.option('--variant', 'chosen', multiple=True, type=click.Choice(list(VARIANTS)), help='Only these.')
@click.option('--seed', default=0, show_default=True)
@click.option('--json', 'json_path', type=click.Path(dir_okay=False, path_type=Path))
def main(folder: str, chosen: tuple[str, ...], seed: int, json_path: Path | None) -> None:
    """Compare variants of FusionNet on the CIFAR-10 in FOLDER."""
    pictures, rows = cifar10(folder), {}
    for name in chosen or VARIANTS:
        rows[name] = measure(VARIANTS[name], pictures, seed)
        if json_path:                                             # after each: one takes minutes
            json_path.write_text(json.dumps(rows, indent=2) + '\n')
    table = Table('variant', 'accuracy %', 'test loss', 'parameters', 'ms per step', 'branch weights')
    for name, row in rows.items():
        table.add_row(name, f"{row['accuracy']:.2f}", f"{row['loss']:.3f}", f"{row['parameters']:,}",
                      f"{row['ms']:.0f}", ' '.join(f'{weight:.3f}' for weight in row['weights']))
    print_table(table)


if __name__ == '__main__':
    main()
