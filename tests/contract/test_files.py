"""What the contract says of saving and loading: data only, and all of it."""

import json
import os
import pickle
import stat

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Flatten, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import Dropout
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.utils.backend import use_precision
from tests.contract.nets import ADAM, L2, SGD, host, parameters_of, regression, same, step

MOMENTUM = {'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.5}}


class Plain(Module):
    """A user's module, defined in a program, in 0.0.3's manner."""

    different_at_train_test = False
    is_regularizable = False

    def __init__(self, ID, inputs, output, power, learning_rate=1e-6):
        self.power = power
        self.s = Data(ID=ID + '_s', shape=(1, 3), val=np.full((1, 3), 2.0), is_frozen=False)
        super().__init__(ID, inputs, output, parameter_list=[self.s], learning_rate=learning_rate)

    def forward(self):
        """s x ** power."""
        self.output.val = self.s.val * self.inputs[0].val ** self.power

    def backward(self):
        """To the input only."""
        self.inputs[0].deriv += self.output.deriv * self.s.val * self.power * self.inputs[0].val ** (self.power - 1)


def picture_net():
    """A net with a bit of everything, trained for three steps."""
    np.random.seed(0)
    x = Data('x', (1, 2, 6, 6), val=np.random.default_rng(0).standard_normal((5, 2, 6, 6)))
    h = Conv2D('stem/conv', [x], filter_size=3, filter_count=3, padding=1).output
    h = BatchNorm('stem/norm', [h]).output
    h = Relu('stem/relu', [h]).output
    h = MaxPool('stem/pool', [h], filter_size=2, stride=2).output
    h = Flatten('flat', [h]).output
    h = Dropout('drop', [h], p_keep=0.75).output
    frozen = MatMul('frozen', [h], out_features=4, is_frozen=True)
    h = MatMul('head', [frozen.output], out_features=3).output
    y = Data('y', (1, 3), val=np.eye(3)[[0, 1, 2, 0, 1]])
    loss = CrossEntropyLoss('lossf', [h, y], Data('loss', (1, 1))).output
    net = Net('pictures', [loss], learning_rate=0.1)
    net.set_regularization({'reg_name': 'L1', 'reg_strength': 1e-3})
    net.get_node('stem/conv').F.set_optimizer(MOMENTUM)
    net.get_node('head').b.set_learning_rate(0.5)
    x.unfreeze(SGD)
    step(net, 3)
    return net


def everything(net):
    """All that the contract says a file holds, as plain values."""
    found = {'net': (net.ID, net.mode, net.is_frozen, net.learning_rate, net.optimizer_details, net.is_regularized,
                     net.regularizer_details, net.check_finite, [root.ID for root in net.root_nodes],
                     net.graph_visual, list(net.node_lookup))}
    for data in [n for n in net.topological_order if isinstance(n, Data)] + net.parameters():
        found[data.ID] = (data.shape, data.is_frozen, data.learning_rate, data.is_regularized, str(data.regularizer),
                          str(data.optimizer), vars(data.optimizer) if data.optimizer else None)
        if data.input is None:
            found[data.ID] += (data.val.dtype.name, host(data.val), host(data.deriv))
    for module in net.topological_order:
        if isinstance(module, Module):
            found[module.ID] = (type(module), module.is_frozen, module.learning_rate, module.optimizer_details,
                                getattr(module, 'mode', None), getattr(module, 'is_regularized', None),
                                getattr(module, 'regularizer_details', None), getattr(module, 'p_keep', None),
                                getattr(module, 'stride', None),
                                *(host(getattr(module, s)) for s in module.state_names if hasattr(
                                    getattr(module, s), 'dtype')))
    return found


def assert_equal(one, two):
    """Compare nested values, arrays by content."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_equal(one[key], two[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_equal(a, b)
    elif hasattr(one, 'dtype'):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(host(one), host(two))
    else:
        assert one == two


def test_a_file_holds_everything(tmp_path):
    net = picture_net()
    net.forward()
    net.backward()
    net.set_mode('test')
    net.save(file_path=str(tmp_path / 'net'))
    assert [path.name for path in tmp_path.iterdir()] == ['net.df']
    assert_equal(everything(Net.load(file_path=str(tmp_path / 'net'))), everything(net))
    assert_equal(everything(Net.load(tmp_path / 'net.df')), everything(net))


@pytest.mark.parametrize('precision', ['float32', 'float64'])
def test_a_loaded_net_goes_on_to_the_very_same_costs(tmp_path, precision):
    with use_precision(precision):
        net = picture_net()
        net.save(tmp_path / 'net')
        again = Net.load(tmp_path / 'net')
        costs = []
        for one in (net, again):
            np.random.seed(1)
            costs.append([])
            for _ in range(4):
                step(one)
                costs[-1].append(float(one.root_nodes[0].val))
    assert costs[0] == costs[1]
    assert_equal(parameters_of(again), parameters_of(net))


def test_a_file_keeps_its_precision(tmp_path):
    with use_precision('float64'):
        s = regression()
        s.net.save(tmp_path / 'net')
    with use_precision('float32'):
        loaded = Net.load(tmp_path / 'net')
    assert {p.val.dtype.name for p in loaded.parameters()} == {'float64'}


def test_integers_keep_their_type(tmp_path):
    x = Data('x', (1, 2), val=np.array([[1, 2]]))
    Net('n', [SumLoss('s', [x]).output]).save(tmp_path / 'net')
    assert Net.load(tmp_path / 'net').get_node('x').val.dtype.kind == 'i'


def test_a_frozen_net_and_shared_parameters(tmp_path):
    x = Data('x', (1, 3), val=np.ones((2, 3)))
    one = MatMul('one', [x], Data('z1', (1, 3)))
    two = MatMul('two', [one.output], Data('z2', (1, 3)))
    net = Net('n', [SumLoss('s', [two.output]).output], 0.1, ADAM, True, L2)
    net.share_parameters([one, two])
    step(net, 2)
    net.freeze()
    net.save(tmp_path / 'net')
    loaded = Net.load(tmp_path / 'net')
    assert_equal(everything(loaded), everything(net))
    assert loaded.get_node('one').W is loaded.get_node('two').W
    for each in (net, loaded):
        each.unfreeze()
        step(each, 2)
    assert_equal(parameters_of(loaded), parameters_of(net))
    assert loaded.get_node('one').W.optimizer.t == 4


def test_saving_and_loading_leaves_the_net_and_the_random_state_alone(tmp_path):
    net = picture_net()
    before = everything(net)
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    net.save(tmp_path / 'net')
    Net.load(tmp_path / 'net')
    assert np.random.rand() == expected
    assert_equal(everything(net), before)


def user_net():
    """x -> Plain -> z -> SumLoss."""
    x, z = Data('x', (1, 3), val=np.array([[1.0, 2.0, 3.0]])), Data('z', (1, 3))
    Plain('plain', [x], z, power=2, learning_rate=0.25)
    return Net('n', [SumLoss('s', [z]).output])


def test_classes_of_the_program_are_found_by_name(tmp_path):
    net = user_net()
    net.get_node('plain').s.val = np.array([[1.0, 5.0, 7.0]])
    net.save(tmp_path / 'net')
    loaded = Net.load(tmp_path / 'net')
    module = loaded.get_node('plain')
    assert (type(module), module.power, module.s.ID, module.learning_rate) == (Plain, 2, 'plain_s', 0.25)
    assert module.s is module.parameter_list[0]
    loaded.forward()
    same(loaded.get_node('z').val, [[1.0, 20.0, 63.0]])


def as_text_replaced(path, old, new):
    """Write the file again with a word of its description replaced."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], 'little')
    header, rest = content[8:8 + size], content[8 + size:]
    assert old.encode() in header
    header = header.replace(old.encode(), new.encode())
    path.write_bytes(len(header).to_bytes(8, 'little') + header + rest)


def test_a_class_that_is_not_there_is_refused_by_name_and_can_be_passed(tmp_path):
    user_net().save(tmp_path / 'net')
    as_text_replaced(tmp_path / 'net.df', 'Plain', 'Plane')
    with pytest.raises(ValueError, match=r"'plain'.*Plane.*modules=") as caught:
        Net.load(tmp_path / 'net')
    assert '\n' not in str(caught.value)

    class Plane(Plain):
        pass

    assert type(Net.load(tmp_path / 'net', modules=[Plane]).get_node('plain')) is Plane


def test_only_module_classes_are_ever_made(tmp_path):
    for name in ('Popen', 'subprocess.Popen', 'system', 'Data', 'Net', 'os.system', '__import__'):
        user_net().save(tmp_path / 'net')
        as_text_replaced(tmp_path / 'net.df', 'Plain', name)
        with pytest.raises(ValueError, match='known'):
            Net.load(tmp_path / 'net')


class Bomb:
    """An object whose unpickling makes a file."""

    def __reduce__(self):
        return os.mkdir, ('exploded',)


@pytest.mark.parametrize('protocol', range(6))
def test_a_pickle_is_refused_with_a_sentence_and_never_run(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'old.df').write_bytes(pickle.dumps({'net': Bomb()}, protocol=protocol))
    with pytest.raises(ValueError, match='old.df') as caught:
        Net.load('old')
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'exploded').exists()
    if protocol >= 2:
        assert 'pickle' in str(caught.value)
        assert '0.0.3' in str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    net, path = regression().net, tmp_path / 'net.df'
    net.save(path)
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], 'little')
    damaged = [whole[:n] for n in (0, 1, 7, 8, 20, 8 + size // 2, 8 + size, len(whole) - 1)]
    damaged += [b'hello', b'\0' * 100, b'\xff' * 100, whole[:8] + b'{}' + whole[10:], whole + b'more',
                (2).to_bytes(8, 'little') + b'{}', (2 ** 40).to_bytes(8, 'little') + whole[8:]]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match='net.df') as caught:
            Net.load(path)
        assert '\n' not in str(caught.value)


def description_of(path):
    """The header of a file, its description, and the arrays."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], 'little')
    header = json.loads(content[8:8 + size])
    return header, json.loads(header['__metadata__']['net']), content[8 + size:]


def paths_in(value, at=()):
    """The path of every entry in nested lists and dictionaries."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from paths_in(inner, (*at, key))


def test_any_entry_missing_or_misplaced_is_refused_or_harmless(tmp_path):
    """Whatever is missing from the description, or has another type, loading raises a sentence or works."""
    path, other = tmp_path / 'net.df', tmp_path / 'other.df'
    m = MatMul('m', [Data('x', (1, 2), val=np.ones((1, 2)))], out_features=2)
    Net('n', [SumLoss('s', [m.output]).output]).save(path)
    header, description, arrays = description_of(path)
    for at in paths_in(description):
        for value in (None, 'x', -1, 10 ** 6, [], {'data': 99}):
            broken = json.loads(json.dumps(description))
            inner = broken
            for key in at[:-1]:
                inner = inner[key]
            if value is None:
                del inner[at[-1]]
            else:
                inner[at[-1]] = value
            header['__metadata__']['net'] = json.dumps(broken)
            text = json.dumps(header).encode()
            other.write_bytes(len(text).to_bytes(8, 'little') + text + arrays)
            said = 'other.df'
            try:
                Net.load(other)
            except ValueError as error:
                said = str(error)
            assert 'other.df' in said, at
            assert '\n' not in said, at


def test_a_missing_file_and_an_unwritable_path(tmp_path):
    with pytest.raises(OSError, match='nowhere.df'):
        Net.load(tmp_path / 'nowhere')
    net = regression().net
    (tmp_path / 'file').write_text('')
    for path in (tmp_path / 'no' / 'such' / 'folder' / 'net', tmp_path / 'file' / 'net'):
        with pytest.raises(OSError, match='net.df') as caught:
            net.save(path)
        assert '\n' not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    net, path = regression().net, tmp_path / 'net.df'
    net.save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    step(net)
    with pytest.raises(OSError, match='No space left'):
        net.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ['net.df']


def test_a_module_that_cannot_be_told_as_data_is_refused_and_leaves_no_file(tmp_path):
    x = Data('x', (1, 3))
    m = MatMul('m', [x], out_features=2, weight_init_type=lambda shape: np.ones(shape))
    net = Net('n', [SumLoss('s', [m.output]).output])
    with pytest.raises(ValueError, match=r"'m'.*weight_init_type"):
        net.save(tmp_path / 'net')
    assert list(tmp_path.iterdir()) == []


def test_rates_of_any_number_type_can_be_saved(tmp_path):
    for rate in (1, np.float32(0.5), np.float64(0.5), np.int64(1)):
        net = regression(learning_rate=rate).net
        net.save(tmp_path / 'net')
        assert Net.load(tmp_path / 'net').learning_rate == float(rate)


def test_a_deep_net_is_saved_loaded_and_copied(tmp_path):
    import copy
    a = Data('x', (1, 2), val=np.ones((1, 2)))
    for i in range(1500):
        a = Relu(f'm{i}', [a]).output
    net = Net('deep', [SumLoss('s', [a]).output])
    net.forward()
    net.save(tmp_path / 'net')
    for other in (Net.load(tmp_path / 'net'), copy.deepcopy(net)):
        other.forward()
        same(other.root_nodes[0].val, 2.0)
        assert len(other.topological_order) == len(net.topological_order)


def test_a_file_has_the_permissions_of_any_new_file(tmp_path):
    regression().net.save(tmp_path / 'net')
    (tmp_path / 'plain').write_text('')
    assert stat.S_IMODE((tmp_path / 'net.df').stat().st_mode) == stat.S_IMODE((tmp_path / 'plain').stat().st_mode)
