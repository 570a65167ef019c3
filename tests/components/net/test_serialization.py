"""Saved nets are data, whole, and go on to the very same costs."""

import json
import os
import pickle

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Sigmoid
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.errors import FileAccessError, FileFormatError, NodeTypeError
from tests.components.net.test_passes import penalized
from tests.support.nets import step, two_layers


@pytest.mark.parametrize('name', ['SGD', 'Momentum', 'AdaGrad', 'RMSprop', 'Adam'])
@pytest.mark.parametrize('precision', ['float32', 'float64'])
def test_training_goes_on_to_the_same_costs(tmp_path, name, precision):
    net = two_layers(optimizer_details={'optimizer_name': name}, is_regularized=True,
                     regularizer_details={'reg_name': 'L2', 'reg_strength': 0.01})
    net.to(precision=precision)
    for _ in range(5):
        step(net)
    net.save(str(tmp_path / 'net'))
    again = Net.load(str(tmp_path / 'net'))
    assert again.get_node('m1').W.val.dtype == precision
    assert [step(net) for _ in range(5)] == [step(again) for _ in range(5)]


def test_everything_is_held(tmp_path):
    net = two_layers(learning_rate=0.3)
    net.get_node('m1').set_learning_rate(0.7)
    net.get_node('m1').set_regularization({'reg_name': 'L1', 'reg_strength': 0.2})
    net.get_node('m2').freeze()
    net.get_node('x').unfreeze({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.4}})
    net.set_mode('test')
    net.check_finite = True
    net.save(tmp_path / 'a.df')
    again = Net.load(tmp_path / 'a.df')
    assert again.graph_visual == net.graph_visual
    assert (again.ID, again.mode, again.check_finite, again.learning_rate) == ('net', 'test', True, 0.3)
    for node in net.topological_order:
        assert str(again.get_node(node.ID)) == str(node)
    for mine, theirs in zip(net.parameters(), again.parameters(), strict=True):
        assert str(mine) == str(theirs)
        assert np.array_equal(mine.val, theirs.val)
    assert again.get_node('x').optimizer.beta == 0.4


def test_derivatives_that_wait_for_an_update_are_held(tmp_path):
    net = two_layers()
    net.forward()
    net.backward()
    net.save(tmp_path / 'net')
    again = Net.load(tmp_path / 'net')
    net.update()
    again.update()
    assert np.array_equal(net.get_node('m1').W.val, again.get_node('m1').W.val)


def test_lists_that_a_script_goes_on_filling(tmp_path):
    nodes = [Data('a', (1, 2), [[1, 2]])]
    total = Add('total', nodes)
    nodes.append(total.output)
    Net('net', nodes[-1:]).save(tmp_path / 'net')
    assert [x.ID for x in Net.load(tmp_path / 'net').get_node('total').inputs] == ['a']


def test_options_that_were_changed_are_saved_as_they_are(tmp_path):
    x = Data('x', (1, 4), np.ones((64, 4)))
    drop = InvertedDropout('drop', [x], p_keep=0.5)
    same = InvertedDropout('same', [drop.output])
    norm = BatchNorm('norm', [same.output], momentum=0.1)
    net = Net('net', [SumLoss('sum', [norm.output]).output])
    drop.p_keep, norm.momentum = 0.9, 0.3
    net.save(tmp_path / 'net')
    again = Net.load(tmp_path / 'net')
    assert (again.get_node('drop').p_keep, again.get_node('norm').momentum) == (0.9, 0.3)
    assert again.get_node('same').p_keep == same.p_keep
    again.save(tmp_path / 'twice')
    assert Net.load(tmp_path / 'twice').get_node('drop').p_keep == 0.9


def test_numbers_of_numpy_are_saved(tmp_path):
    net = two_layers()
    net.set_optimizer({'optimizer_name': 'SGD', 'hyperparameters': {'weight_decay': np.float32(0.5)}})
    net.check_finite = np.bool_(True)
    net.save(tmp_path / 'net')
    assert Net.load(tmp_path / 'net').get_node('m1').W.optimizer.weight_decay == 0.5


def test_a_parameter_that_is_an_input_too(tmp_path):
    net = penalized()
    step(net)
    net.save(tmp_path / 'net')
    twin = Net.load(tmp_path / 'net')
    assert twin.get_node('square').inputs == [twin.get_node('m').b] * 2
    held = twin.get_node('m').W.val
    for _ in range(2):
        assert step(twin) == step(net)
    np.testing.assert_array_equal(twin.get_node('m').b.val, net.get_node('m').b.val)
    assert twin.get_node('m').W.val is held


def test_shared_parameters_stay_shared(tmp_path):
    x = Data('x', (1, 3), np.ones((2, 3)))
    first, second = MatMul('a', [x], out_features=3), None
    second = MatMul('b', [first.output], out_features=3)
    net = Net('net', [SumLoss('sum', [second.output]).output])
    net.share_parameters([first, second])
    net.save(tmp_path / 'net')
    again = Net.load(tmp_path / 'net')
    assert again.get_node('a').W is again.get_node('b').W
    assert again.parameter_count == net.parameter_count == 12


class Affine(Module):
    """A user's module, in 0.0.3's way, with parameters made by hand and arguments of several kinds."""

    different_at_train_test = False
    is_regularizable = False

    def __init__(self, name, source, target, scales=(1.0, 2.0), *, table=None):
        self.scales = scales
        self.gain = Data(ID=name + '_gain', shape=(1, 3), val=np.random.randn(1, 3), is_frozen=False)
        self.table = table
        super().__init__(name, [source], target, parameter_list=[self.gain])

    def forward(self):
        self.output.val = self.inputs[0].val * self.gain.val * self.scales[1] + self.table

    def backward(self):
        self.inputs[0].deriv += self.output.deriv * self.gain.val * self.scales[1]
        self.gain.deriv += (self.output.deriv * self.inputs[0].val).sum(axis=0, keepdims=True) * self.scales[1]


def user_net():
    x, z = Data('x', (1, 3), np.ones((2, 3))), Data('z', (1, 3))
    Affine('affine', x, z, (1.0, 3.0), table=np.arange(3.0))
    return Net('net', [SumLoss('sum', [z]).output])


def test_a_users_module_is_found_by_name(tmp_path):
    net = user_net()
    net.save(tmp_path / 'net')
    again = Net.load(tmp_path / 'net')
    net.forward()
    again.forward()
    assert net.root_nodes[0].val == again.root_nodes[0].val
    assert again.get_node('affine').scales == (1.0, 3.0)


def test_an_unknown_class_is_refused_by_name(tmp_path, monkeypatch):
    user_net().save(tmp_path / 'net')
    monkeypatch.delitem(Module.known_classes, (Affine.__module__, 'Affine'))
    with pytest.raises(FileFormatError, match=r"'affine'.*'Affine'.*modules=\[...\]"):
        Net.load(tmp_path / 'net')
    assert Net.load(tmp_path / 'net', modules=[Affine]).get_node('affine').ID == 'affine'


class Applied(Module):
    """A module whose argument is a function, which no file of data can hold."""

    def __init__(self, ID, inputs, function):
        self.function = function
        super().__init__(ID, inputs)

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return self.function(x), ()

    def differentiate(self, xp, deriv):
        return (deriv,), {}


def test_a_function_cannot_be_saved(tmp_path):
    net = Net('net', [Applied('f', [Data('x', (1, 2))], lambda x: x).output])
    with pytest.raises(FileFormatError, match=r"Applied 'f'.*function="):
        net.save(tmp_path / 'net')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('spoil', 'match'), [
    (lambda content: content[:40], 'damaged or foreign'),
    (lambda content: b'', 'damaged or foreign'),
    (lambda content: b'hello world, this is no net', 'damaged or foreign'),
    (lambda content: content[:-100], 'damaged or foreign'),
    (lambda content: pickle.dumps({'a': 1}), 'pickle'),
])
def test_damaged_files(tmp_path, spoil, match):
    path = tmp_path / 'net.df'
    two_layers().save(path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FileFormatError, match=match):
        Net.load(path)


def test_a_description_that_does_not_hold_together(tmp_path):
    from safetensors.numpy import load, save
    path = tmp_path / 'net.df'
    two_layers().save(path)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], 'little')
    metadata = json.loads(content[8:8 + size])['__metadata__']
    net = json.loads(metadata['net'])
    net['modules'][0]['output'] = 99
    path.write_bytes(save(load(content), metadata | {'net': json.dumps(net)}))
    with pytest.raises(FileFormatError, match='does not hold together'):
        Net.load(path)


def test_missing_file_and_unwritable_path(tmp_path):
    with pytest.raises(FileAccessError, match='no.df'):
        Net.load(tmp_path / 'no')
    with pytest.raises(FileAccessError, match='writable'):
        two_layers().save(tmp_path / 'no' / 'folder' / 'net')


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    net = two_layers()
    net.save(tmp_path / 'net')
    before = (tmp_path / 'net.df').read_bytes()

    def fail(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(FileAccessError, match='No space left'):
        net.save(tmp_path / 'net')
    assert [p.name for p in tmp_path.iterdir()] == ['net.df']
    assert (tmp_path / 'net.df').read_bytes() == before


def test_deep_nets_are_saved(tmp_path):
    x = Data('x', (1, 2), np.ones((1, 2)))
    node = x
    for i in range(1500):
        node = Sigmoid(f's{i}', [node]).output
    total = Add('add', [node, x]).output
    net = Net('net', [total])
    net.save(tmp_path / 'net')
    again = Net.load(tmp_path / 'net')
    net.forward()
    again.forward()
    assert np.array_equal(total.val, again.root_nodes[0].val)


def test_modules_are_a_list_of_classes(tmp_path):
    net = Net('net', [Sigmoid('s', [Data('x', (1, 2))]).output])
    net.save(tmp_path / 'net')
    with pytest.raises(NodeTypeError, match=r'modules to be a list of Module classes; .* modules=\[MyModule\]'):
        Net.load(tmp_path / 'net', modules=Sigmoid)
