"""The training loop."""

import json
import signal

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, LogisticLoss
from deepfusion.components.net import Net
from deepfusion.errors import (
    FileAccessError,
    FileFormatError,
    NodeTypeError,
    NonFiniteError,
    OptionError,
    ShapeError,
    UnknownNameError,
)
from deepfusion.training import Trainer, evaluate
from deepfusion.utils.backend import as_array, device_of, to_host, use_backend
from tests.training.nets import classifier, points, same, values

SGD = {'optimizer_name': 'SGD', 'hyperparameters': {}}


class Watched:
    """An array-like that notes what is asked of it, and does something at one of the requests."""

    def __init__(self, array, at=None, action=None):
        self.array, self.at, self.action, self.requests = array, at, action, []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, index):
        self.requests.append(len(self.array[index]))
        if len(self.requests) == self.at:
            self.action()
        return self.array[index]


def test_it_learns_and_writes_down_how():
    net, (x, y) = classifier(), points()
    history = Trainer(net, batch_size=16, learning_rate=0.01, seed=0).fit(
        x, y, epochs=12, validation=points(60, 1), test=points(60, 2))
    assert history.columns == ['epoch', 'steps', 'learning_rate', 'train_loss', 'train_accuracy', 'validation_loss',
                               'validation_accuracy', 'test_loss', 'test_accuracy', 'seconds']
    assert history['epoch'] == list(range(1, 13))
    assert history['steps'] == [6] * 12
    assert history['train_loss'][-1] < history['train_loss'][0] / 2
    assert min(history['validation_accuracy'][-1], history['test_accuracy'][-1]) > 0.9
    found = evaluate(net, *points(60, 2))
    assert found.accuracy == history['test_accuracy'][-1]
    assert found.loss == pytest.approx(history['test_loss'][-1], rel=1e-5)


def test_a_run_is_the_plain_loop_with_these_draws():
    net, (x, y) = classifier(), points(50)
    Trainer(net, batch_size=16, learning_rate=[0.01, 0.002], seed=7).fit(x, y, epochs=3)
    plain = classifier()
    np.random.seed(7)
    for rate in (0.01, 0.002, 0.002):
        plain.set_learning_rate(rate)
        order = np.random.permutation(50)
        for chosen in (order[:16], order[16:32], order[32:48], order[48:]):
            plain.get_node('x').val, plain.get_node('y').val = x[chosen], np.eye(3)[y[chosen]]
            plain.forward()
            plain.backward()
            plain.update()
    assert same(values(net), values(plain))


def test_the_rows_are_means_over_all_examples_of_the_epoch():
    net, (x, y) = classifier(p_keep=1.0), points(50)
    net.set_learning_rate(1.0)
    net.get_node('x').val, net.get_node('y').val = x, np.eye(3)[y]
    net.forward()
    whole = float(net.get_node('loss').val)
    right = (net.get_node('logits').val.argmax(axis=1) == y).mean()
    # One batch; and batches of 16, 16, 16 and 2 without learning (and so without batch norm's statistics).
    row = Trainer(net, batch_size=64, learning_rate=1e-9).fit(x, y, epochs=1).rows[0]
    assert row['train_loss'] == pytest.approx(whole, rel=1e-5)
    assert row['train_accuracy'] == pytest.approx(right)
    tested = [Trainer(net, batch_size=size).evaluate(x, y) for size in (64, 16)]
    assert tested[0].loss == pytest.approx(tested[1].loss, rel=1e-5)
    assert tested[0].accuracy == tested[1].accuracy
    np.testing.assert_allclose(tested[0].outputs, tested[1].outputs, rtol=1e-4, atol=1e-6)


def test_every_example_once_in_each_epoch_and_only_one_batch_at_a_time():
    x, y = points(50)
    inputs = Watched(x)
    Trainer(classifier(), batch_size=16).fit(inputs, y, epochs=2)
    assert inputs.requests == [16, 16, 16, 2] * 2


def test_a_seed_fixes_the_run_and_leaves_the_random_state_alone():
    runs = []
    for seed, before in ((3, 0), (3, 1), (4, 0)):
        net, (x, y) = classifier(), points()
        np.random.seed(before)
        Trainer(net, seed=seed).fit(x, y, epochs=2)
        runs.append(values(net))
        after = np.random.rand()
        np.random.seed(before)
        assert np.random.rand() == after
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_without_a_seed_the_global_generator_decides():
    runs = []
    for seed in (3, 3, 4):
        net, (x, y) = classifier(), points()
        np.random.seed(seed)
        Trainer(net).fit(x, y, epochs=2)
        runs.append(values(net))
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


@pytest.mark.parametrize('seed', [None, 5])
def test_two_calls_are_one_long_run(seed):
    one, two, (x, y) = classifier(), classifier(), points()
    np.random.seed(0)
    Trainer(one, seed=seed).fit(x, y, epochs=4)
    np.random.seed(0)
    trainer = Trainer(two, seed=seed)
    trainer.fit(x, y, epochs=2)
    assert len(trainer.fit(x, y, epochs=4)) == 4
    assert same(values(one), values(two))


def test_bytes_are_normalised_on_the_way_and_left_as_they_are():
    byte, y = np.random.default_rng(0).integers(0, 256, (40, 4), np.uint8), np.arange(40) % 3
    kept, mean, deviation = byte.copy(), np.array([100.0, 110, 120, 130]), np.array([50.0, 60, 70, 80])
    one, two = classifier(), classifier()
    Trainer(one, normalize=(mean, deviation), seed=0).fit(byte, y, epochs=2)
    Trainer(two, seed=0).fit((byte - mean) / deviation, y, epochs=2)
    for a, b in zip(values(one), values(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert (byte == kept).all()


def test_examples_may_live_on_the_device():
    (x, y), found = points(), []
    with use_backend('strict'):
        for inputs, labels in ((x, y), (as_array(x), as_array(y))):
            net = classifier()
            Trainer(net, seed=0).fit(inputs, labels, epochs=2, test=(inputs, labels))
            found.append([to_host(p.val) for p in net.parameters()])
    assert same(*found)


def test_targets_that_are_no_classes_are_used_as_they_are():
    net, (x, y) = classifier(), points()
    history = Trainer(net, seed=0).fit(x, np.eye(3)[y], epochs=2)
    other = classifier()
    assert history['train_loss'] == Trainer(other, seed=0).fit(x, y, epochs=2)['train_loss']
    assert 'train_accuracy' not in history.columns
    assert same(values(net), values(other))


def test_rates_and_optimizer_reach_the_net():
    net, (x, y) = classifier(), points(20)
    trainer = Trainer(net, learning_rate=lambda epoch: 0.1 / epoch, optimizer_details=SGD)
    history = trainer.fit(x, y, epochs=2)
    assert history['learning_rate'] == [0.1, 0.05]
    assert net.get_node('first').W.learning_rate == 0.05
    assert type(net.get_node('first').W.optimizer).__name__ == 'SGD'


def test_clipping_bounds_the_whole_gradient_and_does_nothing_below_the_bound():
    x, y = points(30)
    steps = []
    for clip_norm in (None, 1e6, 0.01):
        net = classifier(p_keep=1.0)
        start = [p.val.copy() for p in net.parameters()]
        Trainer(net, learning_rate=1.0, optimizer_details=SGD, clip_norm=clip_norm, seed=0).fit(x, y, epochs=1)
        steps.append(np.concatenate([(p.val - s).ravel() for p, s in zip(net.parameters(), start, strict=True)]))
    assert (steps[0] == steps[1]).all()
    assert np.linalg.norm(steps[0]) > 0.02
    assert np.linalg.norm(steps[2]) == pytest.approx(0.01, rel=1e-3)
    cosine = steps[0] @ steps[2] / np.linalg.norm(steps[0]) / np.linalg.norm(steps[2])
    assert cosine == pytest.approx(1, abs=1e-4)


def test_patience_ends_the_run_with_the_best_weights():
    net, (x, y) = classifier(), points()
    # A huge rate in the third epoch spoils what the first two have learnt.
    trainer = Trainer(net, learning_rate=[0.01, 0.01, 100.0], optimizer_details=SGD, patience=3, seed=0)
    kept = []
    trainer.on_epoch = lambda row: kept.append(values(net))
    history = trainer.fit(x, y, epochs=20, validation=points(60, 1))
    assert len(history) == 5
    assert np.argmin(history['validation_loss']) == 1
    assert same(values(net), kept[1])
    assert not same(values(net), kept[-1])
    assert trainer.evaluations['validation'].loss == pytest.approx(history['validation_loss'][1], rel=1e-6)


def test_the_best_weights_also_when_all_epochs_were_run():
    net, (x, y) = classifier(), points()
    trainer = Trainer(net, learning_rate=[0.01, 0.01, 100.0], optimizer_details=SGD, patience=50, seed=0)
    history = trainer.fit(x, y, epochs=4, validation=points(60, 1))
    assert len(history) == 4
    assert evaluate(net, *points(60, 1)).loss == pytest.approx(history['validation_loss'][1], rel=1e-6)


@pytest.mark.parametrize('seed', [None, 11])
def test_a_resumed_run_goes_on_to_the_very_same_numbers(tmp_path, seed):
    (x, y), check = points(), points(30, 1)
    rates, full = [0.05, 0.02, 0.5, 0.01, 0.01], classifier()
    np.random.seed(1)
    expected = Trainer(full, learning_rate=rates, patience=9, seed=seed).fit(x, y, epochs=5, validation=check)

    np.random.seed(1)
    path = tmp_path / 'run' / 'checkpoint'
    Trainer(classifier_with_state(), learning_rate=rates, patience=9, seed=seed, checkpoint=path).fit(
        x, y, epochs=3, validation=check)
    np.random.seed(99)
    trainer = Trainer(classifier(5), learning_rate=rates, patience=9, seed=seed, checkpoint=path)
    trainer.resume()
    history = trainer.fit(x, y, epochs=5, validation=check)

    for column in set(expected.columns) - {'seconds'}:
        assert history[column] == expected[column]
    assert same(values(trainer.net), values(full))
    used = json.loads((tmp_path / 'run' / 'checkpoint.json').read_text())
    assert {file.name for file in (tmp_path / 'run').iterdir()} == {
        'checkpoint.json', used['model'], used['best_model']}
    assert used['model'] == 'checkpoint-0005.df'


def classifier_with_state():
    """As `classifier()`, without touching the random state."""
    state = np.random.get_state()
    net = classifier()
    np.random.set_state(state)
    return net


def test_resuming_nothing_is_refused(tmp_path):
    with pytest.raises(OptionError, match='checkpoint=<path>'):
        Trainer(classifier()).resume()
    trainer = Trainer(classifier(), checkpoint=tmp_path / 'none')
    with pytest.raises(FileNotFoundError, match='which is not there'):
        trainer.resume()
    for text in ('{', '[]', '{"format": 1}', '{"format": 99, "model": "a", "best_model": null}'):
        (tmp_path / 'none.json').write_text(text)
        with pytest.raises(FileFormatError, match=r"none\.json"):
            trainer.resume()


def test_ctrl_c_stops_after_the_step_and_keeps_what_was_done(tmp_path):
    x, y = points(50)
    before = signal.getsignal(signal.SIGINT)
    rows, net = [], classifier()
    inputs = Watched(x, at=6, action=lambda: signal.raise_signal(signal.SIGINT))
    trainer = Trainer(net, batch_size=16, on_epoch=rows.append, checkpoint=tmp_path / 'checkpoint', seed=0)
    history = trainer.fit(inputs, y, epochs=9, test=points(30, 1))
    assert trainer.interrupted
    assert signal.getsignal(signal.SIGINT) is before
    assert inputs.requests == [16, 16, 16, 2, 16, 16]        # the sixth step is finished, no seventh begins
    assert history['steps'] == [4, 2]
    assert history.rows == rows
    assert 'test_accuracy' in history.rows[-1]
    # The checkpoint is that of the last whole epoch.
    assert json.loads((tmp_path / 'checkpoint.json').read_text())['model'] == 'checkpoint-0001.df'
    plain = Trainer(classifier(), batch_size=16, seed=0)
    plain.fit(Watched(x, at=6, action=lambda: signal.raise_signal(signal.SIGINT)), y, epochs=2)
    assert same(values(net), values(plain.net))


def test_an_epoch_that_was_broken_off_is_no_candidate_for_the_best(tmp_path):
    x, y = points(50)
    inputs = Watched(x, at=6, action=lambda: signal.raise_signal(signal.SIGINT))
    trainer = Trainer(classifier(), batch_size=16, learning_rate=0.01, patience=5, checkpoint=tmp_path / 'run', seed=0)
    history = trainer.fit(inputs, y, epochs=9, validation=points(30, 1))
    assert history['validation_loss'][1] < history['validation_loss'][0]
    found = evaluate(trainer.net, *points(30, 1))
    assert found.loss == pytest.approx(history['validation_loss'][0], rel=1e-6)


def test_a_nan_is_found_when_asked_and_the_switch_is_put_back():
    x, y = points()
    x[7, 1] = np.nan
    net = classifier()
    Trainer(net).fit(x, y, epochs=1)
    net = classifier()
    with pytest.raises(NonFiniteError, match="'x'"):
        Trainer(net, check_finite=True).fit(x, y, epochs=1)
    assert net.check_finite is False


def test_modes_are_put_back():
    net, (x, y) = classifier(), points()
    net.set_mode('test')
    net.get_node('drop').set_mode('train')
    Trainer(net, seed=0).fit(x, y, epochs=1, test=(x, y))
    evaluate(net, x, y)
    assert [net.mode, net.get_node('norm').mode, net.get_node('drop').mode] == ['test', 'test', 'train']


def test_the_progress_bar_is_shown_when_asked_and_otherwise_only_on_terminals(capsys):
    x, y = points()
    Trainer(classifier(), seed=0).fit(x, y, epochs=1, test=(x, y))
    assert capsys.readouterr().out == ''
    Trainer(classifier(), seed=0, progress=True).fit(x, y, epochs=2, test=(x, y))
    shown = capsys.readouterr().out
    for words in ('epoch 2/2', 'test set', 'loss', 'accuracy'):
        assert words in shown


def test_it_runs_on_another_device():
    with use_backend('strict'):
        net, (x, y) = classifier(), points()
        trainer = Trainer(net, learning_rate=0.01, clip_norm=1.0, patience=5, normalize=(0.5, np.full(4, 2.0)), seed=0)
        history = trainer.fit(x, y, epochs=5, validation=points(30, 1))
        assert device_of(net.get_node('first').W.val) == 'strict'
    assert history['train_loss'][-1] < history['train_loss'][0]
    assert isinstance(trainer.evaluations['validation'].outputs, np.ndarray)
    other = Trainer(classifier(), learning_rate=0.01, clip_norm=1.0, patience=5, normalize=(0.5, np.full(4, 2.0)),
                    seed=0).fit(x, y, epochs=5, validation=points(30, 1))
    assert history['validation_loss'] == pytest.approx(other['validation_loss'], rel=1e-4)


@pytest.mark.parametrize(('options', 'words'), [
    ({'batch_size': 0}, 'batch_size above 0; found 0'),
    ({'clip_norm': -1.0}, 'clip_norm above 0'),
    ({'patience': 0}, 'patience above 0'),
    ({'learning_rate': 0}, 'a number above 0; found 0'),
    ({'learning_rate': float('nan')}, 'a number above 0; found nan'),
    ({'learning_rate': [0.1, -0.1]}, r'found -0\.1'),
    ({'learning_rate': []}, r'found \[\]'),
    ({'learning_rate': '0.1'}, "found '0.1'"),
])
def test_options_that_make_no_sense_are_refused_at_once(options, words):
    with pytest.raises(OptionError, match=words):
        Trainer(classifier(), **options)


def test_examples_that_do_not_fit_are_refused_before_anything_changes():
    net, (x, y) = classifier(), points()
    before = values(net)
    with pytest.raises(ShapeError, match=r'as many inputs as labels.*found 90 and 80'):
        Trainer(net).fit(x, y[:80], epochs=1)
    with pytest.raises(ShapeError, match=r'the test set.*found 0 and 0'):
        Trainer(net).fit(x, y, epochs=1, test=(x[:0], y[:0]))
    with pytest.raises(OptionError, match=r'labels from 0 to 2.*found 0 to 3'):
        Trainer(net).fit(x, np.where(y == 2, 3, y), epochs=1)
    with pytest.raises(OptionError, match='give fit validation'):
        Trainer(net, patience=1).fit(x, y, epochs=1)
    with pytest.raises(UnknownNameError, match="Did you mean 'logits'"):
        Trainer(net, prediction='logit').fit(x, y, epochs=1)
    with pytest.raises(UnknownNameError, match="'picture'"):
        Trainer(net, x='picture')
    assert same(values(net), before)


@pytest.mark.parametrize(('options', 'words'), [
    ({'batch_size': 2.5}, 'expected batch_size to be a whole number; found 2.5'),
    ({'batch_size': 'all'}, "expected batch_size above 0; found 'all'"),
    ({'batchsize': 8}, "No option or role of a node is called 'batchsize'. Did you mean 'batch_size'"),
    ({'input': 'x'}, "No option or role of a node is called 'input'")])
def test_wrong_options_in_a_sentence(options, words):
    with pytest.raises(OptionError, match=words):
        Trainer(classifier(), **options)


def test_wrong_arguments_of_fit_and_evaluate():
    net, (x, y) = classifier(), points()
    with pytest.raises(OptionError, match="expected epochs to be a whole number; found 'two'"):
        Trainer(net).fit(x, y, epochs='two')
    for epochs in (0, -1):
        with pytest.raises(OptionError, match=f'expected epochs above 0; found {epochs}'):
            Trainer(net).fit(x, y, epochs=epochs)
    with pytest.raises(OptionError, match='evaluate: expected batch_size above 0; found -1'):
        evaluate(net, x, y, batch_size=-1)
    with pytest.raises(OptionError, match=r'Expected normalize=\(mean, deviation\), .*; found 3'):
        Trainer(net, normalize=3)
    with pytest.raises(NodeTypeError, match="Trainer: expected a Net; found 'f3net'"):
        Trainer('f3net')
    with pytest.raises(ShapeError, match=r'the test set: expected a pair \(inputs, labels\); found ndarray'):
        Trainer(net).fit(x, y, epochs=1, test=x)
    with pytest.raises(UnknownNameError, match="called 'normalise'. Did you mean 'normalize'"):
        evaluate(net, x, y, normalise=None)


def test_a_frozen_net_has_nothing_to_learn():
    net, (x, y) = classifier(), points()
    net.freeze()
    with pytest.raises(OptionError, match='expected something to learn; everything in net .* is frozen'):
        Trainer(net).fit(x, y, epochs=1)
    net.get_node('x').unfreeze()
    assert len(Trainer(net).fit(x, y, epochs=1)) == 1


def test_epochs_count_those_of_earlier_calls():
    net, (x, y) = classifier(), points()
    trainer = Trainer(net, seed=0)
    trainer.fit(x, y, epochs=2)
    before = values(net)
    with pytest.warns(UserWarning, match='have been made, 2; .* Give epochs=4 for 2 more'):
        assert len(trainer.fit(x, y, epochs=2)) == 2
    assert same(values(net), before)
    assert len(trainer.fit(x, y, epochs=4)) == 4


def test_a_target_of_class_indices_learns_as_one_of_rows():
    x, y = points()
    found = []
    for shape in ((1, 3), (1,)):
        np.random.seed(0)
        inputs, target = Data('x', (1, 4)), Data('y', shape)
        logits = MatMul('full', [inputs], Data('logits', (1, 3))).output
        net = Net('net', [CrossEntropyLoss('cross_entropy', [logits, target], Data('loss', (1, 1))).output])
        history = Trainer(net, learning_rate=0.01, seed=0).fit(x, y, epochs=3, test=(x, y))
        found.append([history[name] for name in ('train_loss', 'train_accuracy', 'test_accuracy')])
        with pytest.raises(OptionError, match='expected labels from 0 to 2'):
            Trainer(net).fit(x, y + 1, epochs=1)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_lists_are_taken_as_arrays():
    (x, y), found = points(), []
    for inputs, labels in ((x, y), (x.tolist(), y.tolist())):
        net = classifier()
        history = Trainer(net, seed=0).fit(inputs, labels, epochs=2)
        found.append((history['train_loss'], evaluate(net, inputs, labels).loss))
    assert found[0] == found[1]


def test_a_loss_for_each_example_is_refused_before_a_step():
    x, y = Data('x', (1, 4)), Data('y', (1, 3))
    scores = MatMul('m', [x], out_features=3)
    net = Net('net', [CrossEntropyLoss('c', [scores.output, y], Data('loss', (1,)), reduction='none').output])
    before = scores.W.val.copy()
    with pytest.raises(ShapeError, match="the loss 'loss' to be one number; found the shape .64,.. Let it be the mean"):
        Trainer(net, prediction='m_out').fit(*points(), epochs=1)
    np.testing.assert_array_equal(scores.W.val, before)


def test_a_net_whose_loss_has_another_name():
    net = Net('net', [CrossEntropyLoss('c', [Data('x', (1, 4)), Data('y', (1, 4))]).output])
    with pytest.raises(UnknownNameError, match="is called 'loss'.* Name the one to use with loss='...'."):
        Trainer(net)


def test_a_checkpoint_of_another_run_is_neither_taken_nor_overwritten(tmp_path):
    path = tmp_path / 'run'
    Trainer(classifier(), checkpoint=path).fit(*points(), epochs=2)
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(OptionError, match='expected no checkpoint of another run; found .*Call resume'):
        Trainer(classifier(), checkpoint=path).fit(*points(), epochs=1)
    x, y = Data('x', (1, 4)), Data('y', (1, 3))
    loss = CrossEntropyLoss('cross_entropy', [MatMul('m', [x], Data('logits', (1, 3))).output, y], Data('loss', (1, 1)))
    other = Trainer(Net('other', [loss.output]), checkpoint=path)
    net = other.net
    with pytest.raises(OptionError, match="is of Net 'classifier'.*; expected one of Net 'other'"):
        other.resume()
    assert other.net is net
    assert not other.history.rows
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_a_checkpoint_that_cannot_be_written_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / 'file').write_text('')
    net = classifier()
    before = values(net)
    with pytest.raises(FileAccessError, match='The checkpoint .* cannot be written'):
        Trainer(net, checkpoint=tmp_path / 'file' / 'run').fit(*points(), epochs=1)
    assert same(values(net), before)


def test_the_mean_loss_of_a_sum():
    np.random.seed(0)
    losses = {}
    for reduction in ('mean', 'sum'):
        x, y = Data('x', (1, 4)), Data('y', (1, 3))
        logits = MatMul('m', [x], Data('logits', (1, 3)))
        logits.W.val = np.arange(12).reshape(4, 3) / 10
        net = Net('net', [CrossEntropyLoss('c', [logits.output, y], Data('loss', (1, 1)), reduction=reduction).output])
        losses[reduction] = [evaluate(net, *points(), batch_size=size).loss for size in (90, 16)]
    assert losses['sum'] == pytest.approx(losses['mean'], rel=1e-6)
    assert losses['sum'][0] == pytest.approx(losses['sum'][1], rel=1e-6)


@pytest.mark.parametrize(('options', 'words'), [
    ({'seed': 'a'}, "seed to be a whole number from 0 to 4294967295; found 'a'"), ({'seed': -1}, 'found -1'),
    ({'seed': 1.5}, 'found 1.5'), ({'on_epoch': 5}, 'on_epoch to be a function of a row; found 5'),
    ({'normalize': (0, 0)}, r'no deviation being 0; found \(0, 0\)'), ({'normalize': ('a', 'b')}, "found .'a', 'b'.")])
def test_options_of_the_wrong_kind(options, words):
    with pytest.raises(OptionError, match=words):
        Trainer(classifier(), **options)


@pytest.mark.parametrize(('examples', 'words'), [
    ((points()[0], None), 'the training set: expected labels to be an array, .* found NoneType'),
    ((None, points()[1]), 'the training set: expected inputs to be an array'),
    ((points()[0], points()[1] / 1), r'classes as integers, .* found float64 of shape \(90,\). Give labels.ast'),
    ((points()[0], points()[1] > 0), 'found bool')])
def test_examples_of_the_wrong_kind(examples, words):
    with pytest.raises(ShapeError, match=words):
        Trainer(classifier()).fit(*examples, epochs=1)


def test_classes_for_a_single_score():
    x, y = Data('x', (1, 4)), Data('y', (1, 1))
    logits = MatMul('m', [x], Data('logits', (1, 1)))
    net = Net('net', [LogisticLoss('c', [logits.output, y], Data('loss', (1, 1))).output])
    with pytest.raises(OptionError, match=r'Give labels\[:, None\] for a single score'):
        Trainer(net).fit(points()[0], points()[1] % 2, epochs=1)


def test_a_column_that_is_not_there():
    history = Trainer(classifier()).fit(*points(), epochs=1)
    with pytest.raises(UnknownNameError, match="column of the history is called 'loss'. Did you mean 'train_loss'"):
        history['loss']
