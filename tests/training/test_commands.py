"""`deepfusion train`, from the options to the files."""

import csv
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from deepfusion.cli import cli
from deepfusion.components.data import Data
from deepfusion.components.modules import Flatten, MatMul
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.net import Net
from deepfusion.datasets import Dataset, digits
from deepfusion.training import BYTE_PIXELS, commands, evaluate, recipes
from deepfusion.training.commands import FILES


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Calls the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli, ['train', *map(str, args)])


@pytest.fixture
def few(monkeypatch):
    """100 digits to train on and 40 to test with, in place of all."""
    data = digits(size=8, channels=3)
    data = Dataset(data.train_pictures[:100], data.train_labels[:100], data.test_pictures[:40],
                   data.test_labels[:40], data.class_names)
    monkeypatch.setattr(commands, 'load_data', lambda plan: data)
    return data


@pytest.fixture
def quick(few, monkeypatch):
    """Few digits, one layer in place of any model, and only the net is written."""
    def build(model, num_classes, image_shape):
        x, y = Data('x', (1, *image_shape)), Data('y', (1, num_classes))
        logits = MatMul('head/full', [Flatten('flatten', [x]).output], Data('logits', (1, num_classes))).output
        return Net(model, [CrossEntropyLoss('cross_entropy', [logits, y], Data('loss', (1, 1))).output])

    monkeypatch.setattr(recipes, 'build_model', build)
    monkeypatch.setattr(commands, 'write_results',
                        lambda trainer, found, pictures, folder: trainer.net.save(folder / 'model.df'))


def test_a_run_leaves_all_files_and_says_how_good_the_net_is(run, few, tmp_path):
    result = run('f3net', '--epochs', 3, '--learning-rate', '0.003,0.001', '--batch-size', 30, '--output', 'here')
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / 'here').iterdir()} == set(FILES)
    assert all(path.stat().st_size > 100 for path in (tmp_path / 'here').iterdir())
    lines = result.output.splitlines()
    assert lines[0].startswith('f3net, ')
    assert [line[:9] for line in lines[1:4]] == ['epoch 1/3', 'epoch 2/3', 'epoch 3/3']
    with open(tmp_path / 'here' / 'history.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [float(row['learning_rate']) for row in rows] == [0.003, 0.001, 0.001]
    assert [row['steps'] for row in rows] == ['4'] * 3
    # The saved net is as good as was said.
    net = Net.load(tmp_path / 'here' / 'model.df')
    found = evaluate(net, few.test_pictures, few.test_labels, normalize=BYTE_PIXELS)
    assert lines[-1] == f'test accuracy {found.accuracy:.2%}'
    assert float(rows[-1]['test_accuracy']) == found.accuracy
    assert found.accuracy > 0.5


def test_the_same_seed_gives_the_same_net_and_the_random_state_is_left_alone(run, quick, tmp_path):
    before = np.random.get_state()[1].copy()
    for folder, seed in (('a', 1), ('b', 1), ('c', 2)):
        assert run('f3net', '--epochs', 1, '--seed', seed, '--output', folder).exit_code == 0
    assert (np.random.get_state()[1] == before).all()
    a, b, c = (Net.load(tmp_path / folder / 'model.df').get_node('head/full').W.val for folder in 'abc')
    assert (a == b).all()
    assert not (a == c).all()


def test_a_checkpoint_is_gone_on_from(run, quick, tmp_path):
    options = ('f3net', '--learning-rate', '0.003,0.001')
    assert run(*options, '--epochs', 2, '--output', 'whole').exit_code == 0
    assert run(*options, '--epochs', 1, '--output', 'parts', '--checkpoint').exit_code == 0
    second = run(*options, '--epochs', 2, '--output', 'parts', '--checkpoint')
    assert 'going on after epoch 1\nepoch 2/2' in second.output
    other = run('f3net', '--output', 'fresh', '--checkpoint', '--epochs', 1)
    assert 'going on' not in other.output
    third = run(*options, '--epochs', 2, '--output', 'parts', '--checkpoint')       # nothing left to do
    assert third.output.splitlines()[-1] == second.output.splitlines()[-1]
    whole, parts = (Net.load(tmp_path / folder / 'model.df').get_node('head/full').W.val
                    for folder in ('whole', 'parts'))
    assert (whole == parts).all()


def test_a_checkpoint_of_another_model_is_refused(run, quick):
    first = run('f3net', '--epochs', 1, '--output', 'here', '--checkpoint')
    assert first.exit_code == 0
    assert first.output.splitlines()[0].endswith(' in 1 epoch')
    result = run('fusionnet', '--epochs', 2, '--output', 'here', '--checkpoint')
    assert result.exit_code == 2
    assert "checkpoint.json' is of Net 'f3net'" in result.output
    assert "expected one of Net 'fusionnet'" in result.output


def test_precision_and_optimizer_reach_the_net(run, quick, tmp_path):
    assert run('f3net', '--epochs', 1, '--precision', 'float64', '--optimizer', 'SGD:momentum=0.5,nesterov=true',
               '--output', 'here').exit_code == 0
    weight = Net.load(tmp_path / 'here' / 'model.df').get_node('head/full').W
    assert weight.val.dtype == np.float64
    assert (weight.optimizer.momentum, weight.optimizer.nesterov) == (0.5, True)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run, tmp_path):
    result = run('fusionnet', '--dry-run')
    assert result.exit_code == 0
    for words in ('fusionnet', '1,437 pictures of shape (3, 32, 32)', '360 to test', 'SGD (momentum 0.9',
                  'cpu, float32', 'output/fusionnet-digits', 'confusion_matrix.png'):
        assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_cifar10_is_trained_as_the_original_was_when_nothing_is_said(run, tmp_path):
    folder = tmp_path / 'cifar-10-batches-bin'
    folder.mkdir()
    for name in ('data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'):
        (folder / f'{name}.bin').write_bytes(bytes(3073 * 2))
    (folder / 'batches.meta.txt').write_text('a b c d e f g h i j')
    result = run('fusionnet', '--data', f'cifar10:{tmp_path}', '--dry-run')
    rows = dict(re.split(r' {2,}', line, maxsplit=1) for line in result.output.splitlines() if '  ' in line)
    assert rows['learning rates'] == '0.001, 0.002, 0.004, 0.008, 0.008'
    assert rows['optimizer'] == 'SGD (momentum 0.9, weight_decay 0.0005)'
    assert (rows['epochs'], rows['batch size']) == ('5', '64')
    assert '10 pictures of shape (3, 32, 32) to train on, 2 to test with' in rows['data']


@pytest.mark.parametrize(('args', 'words'), [
    (['fusionet'], "Did you mean 'fusionnet'"),
    (['f3net', '--data', 'mnist'], "No data set is called 'mnist'"),
    (['f3net', '--data', 'cifar10'], 'cifar10:FOLDER'),
    (['f3net', '--data', 'cifar10:nowhere'], 'download https'),
    (['f3net', '--learning-rate', 'fast'], "found 'fast'"),
    (['f3net', '--learning-rate', '0.1,-1'], r'a number above 0; found -1\.0'),
    (['f3net', '--learning-rate', 'nan'], 'a number above 0; found nan'),
    (['f3net', '--optimizer', 'Adm'], "Did you mean 'Adam'"),
    (['f3net', '--optimizer', 'SGD:speed=1'], 'SGD does not take'),
    (['f3net', '--optimizer', 'SGD:momentum=much'], 'NAME:KEY=NUMBER'),
    (['f3net', '--device', 'tpu'], "No backend is called 'tpu'"),
    (['f3net', '--precision', 'float8'], "No precision is called 'float8'"),
    (['f3net', '--output', 'file/inside'], "output folder 'file/inside' cannot be written"),
    (['f3net', '--output', 'taken'], r'cannot be written .*history\.csv'),
])
def test_what_a_user_gets_wrong_is_one_sentence_before_anything_is_trained(run, tmp_path, monkeypatch, args, words):
    (tmp_path / 'file').touch()
    (tmp_path / 'taken' / 'history.csv').mkdir(parents=True)
    monkeypatch.setattr(commands, 'run', lambda *_: pytest.fail('training began'))
    result = run(*args)
    assert result.exit_code == 2
    assert re.search(words, result.output)
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / 'output').exists()


def test_ctrl_c_still_writes_everything(tmp_path):
    process = subprocess.Popen(
        [sys.executable, '-m', 'deepfusion', 'train', 'f3net', '--epochs', '500', '--output', str(tmp_path / 'here')],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path), 'PYTHONUNBUFFERED': '1'})
    with process:
        process.stdout.readline()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0, first + rest
    assert first.startswith('epoch   1/500')
    assert 'stopped by Ctrl-C' in rest
    assert re.fullmatch(r'test accuracy \d+\.\d\d%', rest.splitlines()[-1])
    assert {path.name for path in (tmp_path / 'here').iterdir()} == set(FILES)


def test_the_folder_is_not_written_before_the_data_is_there(run, tmp_path):
    assert run('f3net', '--data', 'cifar10:nowhere', '--output', 'here').exit_code == 2
    assert not (tmp_path / 'here').exists()


@pytest.mark.slow
@pytest.mark.parametrize(('model', 'least'), [('f3net', 95.0), ('fusionnet', 99.0)])
def test_the_defaults_are_good_enough(run, model, least):
    result = run(model)
    assert result.exit_code == 0, result.output
    assert float(re.search(r'test accuracy (\d+\.\d\d)%$', result.output.rstrip())[1]) >= least
