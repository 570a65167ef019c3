"""`deepfusion train`: from one line to a trained net and the pictures that show how good it is."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfusion.errors import FileAccessError, OptionError
from deepfusion.utils.backend import Backend, get_device, use_backend, use_precision

if TYPE_CHECKING:
    from deepfusion.datasets import Dataset
    from deepfusion.training import Trainer

FILES = ('model.df', 'history.csv', 'curves.png', 'confusion_matrix.png', 'misclassified.png', 'graph.pdf')


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before anything is trained."""

    model: str
    data: str
    epochs: int
    batch_size: int
    learning_rates: tuple[float, ...]
    optimizer_details: dict[str, Any]
    seed: int
    device: str
    precision: str
    output: Path
    checkpoint: bool


@click.command(short_help='Train a model on pictures.')
@click.argument('model')
@click.option('--data', default='digits', metavar='digits|cifar10:FOLDER', show_default=True,
              help='The embedded digits, or CIFAR-10 in its binary version.')
@click.option('--epochs', type=click.IntRange(1), help='Number of epochs.')
@click.option('--batch-size', type=click.IntRange(1), help='Pictures in a step.')
@click.option('--learning-rate', '--learning-rates', 'learning_rates', metavar='RATE[,RATE...]',
              help='One rate, or one for each epoch; the last one holds from then on.')
@click.option('--optimizer', metavar='NAME[:KEY=VALUE,...]', help='For example SGD:momentum=0.9,weight_decay=5e-4')
@click.option('--seed', type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help='Fixes weights, order of pictures, and dropout.')
@click.option('--device', metavar='cpu|gpu', help='Where it is computed.')
@click.option('--precision', metavar='float32|float64', help='With how many bits.')
@click.option('--output', type=click.Path(path_type=Path), metavar='FOLDER',
              help='Where the results go.  [default: output/MODEL-DATA]')
@click.option('--checkpoint', is_flag=True,
              help='Keep a checkpoint in the output folder after every epoch, and go on from one that is there.')
@click.option('--dry-run', is_flag=True, help='Only say what would be done.')
def train(model: str, data: str, dry_run: bool, **options: Any) -> None:
    """Train MODEL (fusionnet or f3net), and leave the trained net, its history, curves, confusion matrix,
    misclassified pictures and graph in the output folder.

    Ctrl-C stops after the current step; what was trained until then is still evaluated and written.
    """
    plan = make_plan(model, data, **options)
    pictures = load_data(plan)
    if dry_run:
        click.echo(in_words(plan, pictures))
        return
    check_writable(plan.output)
    run(plan, pictures)


def make_plan(model: str, data: str, *, epochs: int | None, batch_size: int | None, learning_rates: str | None,
              optimizer: str | None, seed: int, device: str | None, precision: str | None, output: Path | None,
              checkpoint: bool) -> Plan:
    """The options, checked and completed by the recipe for this model and data set."""
    from deepfusion.components.optimizers import get_optimizer
    from deepfusion.training.recipes import get_recipe
    kind = data.partition(':')[0]
    recipe = get_recipe(model, kind)
    details = recipe.optimizer_details if optimizer is None else parse_optimizer(optimizer)
    get_optimizer((1, 1), details)
    device, precision = device or Backend.get_backend(), precision or Backend.get_precision()
    get_device(device)
    with use_precision(precision):
        pass
    return Plan(model, data, epochs or recipe.epochs, batch_size or recipe.batch_size,
                recipe.learning_rates if learning_rates is None else parse_rates(learning_rates), details, seed,
                device, precision, output or Path('output') / f'{model}-{kind}', checkpoint)


def parse_rates(text: str) -> tuple[float, ...]:
    """'0.1,0.01' as numbers above 0.

    >>> parse_rates('1e-3, 2e-3')
    (0.001, 0.002)
    """
    from deepfusion.training.rates import checked_rate
    try:
        rates = tuple(float(part) for part in text.split(','))
    except ValueError as error:
        raise OptionError(f'--learning-rate: expected numbers with commas between them; found {text!r}.') from error
    return tuple(checked_rate(rate) for rate in rates)


def parse_optimizer(text: str) -> dict[str, Any]:
    """'SGD:momentum=0.9,nesterov=true' as optimizer details.

    >>> parse_optimizer('Adam:beta1=0.8')
    {'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 0.8}}
    """
    name, _, settings = text.partition(':')
    hyperparameters: dict[str, Any] = {}
    for setting in filter(None, settings.split(',')):
        key, _, value = setting.partition('=')
        try:
            hyperparameters[key.strip()] = {'true': True, 'false': False}.get(value.lower()) or float(value)
        except ValueError as error:
            raise OptionError(f'--optimizer: expected NAME:KEY=NUMBER,...; found {text!r}.') from error
    return {'optimizer_name': name, 'hyperparameters': hyperparameters}


def load_data(plan: Plan) -> 'Dataset':
    """The pictures, in the size and with the channels that the models take."""
    from deepfusion.datasets import cifar10, digits
    from deepfusion.training.recipes import get_recipe
    kind, _, folder = plan.data.partition(':')
    if kind == 'digits':
        return digits(size=get_recipe(plan.model, kind).size, channels=3)
    if not folder:
        raise OptionError('--data: expected cifar10:FOLDER, with the folder of its binary version after the colon.')
    return cifar10(folder)


def in_words(plan: Plan, pictures: 'Dataset') -> str:
    """The plan as a list, one thing a line."""
    rates = ', '.join(f'{rate:g}' for rate in plan.learning_rates)
    settings = ', '.join(f'{key} {value:g}' for key, value in plan.optimizer_details['hyperparameters'].items())
    rows = {
        'model': plan.model,
        'data': f'{plan.data}: {len(pictures.train_labels):,} pictures of shape {pictures.train_pictures.shape[1:]} '
                f'to train on, {len(pictures.test_labels):,} to test with',
        'epochs': plan.epochs,
        'batch size': plan.batch_size,
        'learning rates': rates,
        'optimizer': plan.optimizer_details['optimizer_name'] + (f' ({settings})' if settings else ''),
        'seed': plan.seed,
        'device': f'{plan.device}, {plan.precision}',
        'output': f'{plan.output}: ' + ', '.join(FILES),
    }
    return '\n'.join(f'{name:<15} {value}' for name, value in rows.items())


def check_writable(folder: Path) -> None:
    """Make the output folder, and see that files can be written there, before hours are spent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        for path in (folder / name for name in FILES):
            if path.exists():
                path.open('ab').close()
    except OSError as error:
        raise FileAccessError(f"The output folder '{folder}' cannot be written ({error.strerror}: "
                              f'{error.filename}); choose another one with --output.') from error


def run(plan: Plan, pictures: 'Dataset') -> None:
    """Train, evaluate, write the files, and say how good it is."""
    from deepfusion.training import BYTE_PIXELS, Trainer
    from deepfusion.training.interrupt import interruptible
    from deepfusion.training.random_state import seeded
    from deepfusion.training.recipes import build_model
    with use_backend(plan.device), use_precision(plan.precision), seeded(plan.seed):
        net = build_model(plan.model, len(pictures.class_names), pictures.train_pictures.shape[1:])
        click.echo(f'{plan.model}, {net.parameter_count:,} parameters, learns {len(pictures.train_labels):,} '
                   f'pictures in {plan.epochs} epoch{"s" if plan.epochs > 1 else ""}')
        trainer = Trainer(
            net, batch_size=plan.batch_size, learning_rate=plan.learning_rates,
            optimizer_details=plan.optimizer_details, normalize=BYTE_PIXELS,
            checkpoint=plan.output / 'checkpoint' if plan.checkpoint else None,
            on_epoch=lambda row: click.echo(epoch_in_words(row, plan.epochs)))
        if trainer.checkpoint is not None and trainer.checkpoint.exists():
            trainer.resume()
            click.echo(f'going on after epoch {len(trainer.history)}')
        test = (pictures.test_pictures, pictures.test_labels)
        trainer.fit(pictures.train_pictures, pictures.train_labels, plan.epochs, test=test)
        if trainer.interrupted:
            click.echo('stopped by Ctrl-C; writing what was done')
        with interruptible():
            found = trainer.evaluations.get('test') or trainer.evaluate(*test)
            write_results(trainer, found, pictures, plan.output)
    click.echo(f'{plan.output}: ' + ', '.join(FILES))
    click.echo(f'test accuracy {found.accuracy:.2%}')


def write_results(trainer: 'Trainer', found: Any, pictures: 'Dataset', folder: Path) -> None:
    """The files named in FILES."""
    from deepfusion.training import plots
    trainer.net.save(folder / 'model.df')
    trainer.history.save_csv(folder / 'history.csv')
    labels, names = pictures.test_labels, pictures.class_names
    figures: Iterable[tuple[str, Any]] = (
        ('curves.png', plots.curves(trainer.history)),
        ('confusion_matrix.png', plots.confusion_matrix(labels, found.predictions, names)),
        ('misclassified.png', plots.misclassified(pictures.test_pictures, labels, found.outputs, names)))
    for name, figure in figures:
        figure.savefig(folder / name)
    trainer.net.visualize(folder / 'graph.pdf', orientation='TB')


def epoch_in_words(row: dict[str, Any], epochs: int) -> str:
    """One line about an epoch: `epoch 1/8  train loss 0.1234, accuracy 98.76%  test ...  12.3 s`."""
    parts = [f'epoch {row["epoch"]:{len(str(epochs))}}/{epochs}']
    parts += [f'{name} loss {row[f"{name}_loss"]:.4f}, accuracy {row[f"{name}_accuracy"]:7.2%}'
              for name in ('train', 'test')]
    return '   '.join([*parts, f'{row["seconds"]:.1f} s'])
