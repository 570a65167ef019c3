"""FusionNet against its PyTorch original: what that computes with the same weights is stored beside its facts."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from deepfusion.blocks import add, align
from deepfusion.components.net import Net
from deepfusion.errors import FileFormatError, OptionError, ShapeError
from deepfusion.models.fusionnet import fusionnet, load_torch_state, torch_state
from deepfusion.utils.backend import use_backend, use_precision

FACTS = Path(__file__).parents[3] / 'shared' / 'fusionnet'
needs_facts = pytest.mark.skipif(not FACTS.exists(), reason="needs the reference's stored results")


@pytest.fixture(scope='module')
def net():
    return fusionnet()


@pytest.fixture(scope='module')
def reference():
    spec = importlib.util.spec_from_file_location('reference_state', FACTS / 'reference_state.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, np.load(FACTS / 'golden.npz')


def no_dropout(net: Net) -> None:
    for ID in ('dropout', 'branch4/dropout'):
        net.get_node(ID).set_mode('test')


def golden_run(reference, precision):
    module, golden = reference
    with use_precision(precision):
        net = fusionnet()
        load_torch_state(net, module.state_dict(0))
        pictures, labels = module.batch(0)
        net.get_node('x').val, net.get_node('y').val = pictures, np.eye(10)[labels]
        net.set_mode('test')
        net.forward()
        found = {'eval_logits': net.get_node('logits').val}
        net.set_mode('train')
        no_dropout(net)
        net.forward()
        net.backward()
    found |= {'train_logits': net.get_node('logits').val, 'train_loss': net.get_node('loss').val,
              'input_grad': net.get_node('x').deriv}
    found |= {f'after/{name}': array for name, array in torch_state(net).items() if 'running' in name}
    with use_precision(precision):
        for parameter in net.parameters():
            parameter.val = parameter.deriv
    for name, gradient in torch_state(net).items():
        found[f'grad_norm/{name}'] = np.linalg.norm(gradient)
        found[f'grad_head/{name}'] = gradient.reshape(-1)[:16]
    return found, golden


@needs_facts
@pytest.mark.parametrize(('precision', 'relative', 'absolute'), [('float64', 1e-9, 1e-12), ('float32', 1e-3, 1e-5)])
def test_golden_values(reference, precision, relative, absolute):
    found, golden = golden_run(reference, precision)
    zeros = 0
    for key in golden:
        expected, value = golden[key], np.asarray(found[key], np.float64)
        largest = np.abs(expected).max()
        if key.startswith('grad') and largest < 1e-12:       # a bias that feeds a batch norm
            zeros += key.startswith('grad_norm')
            assert np.abs(value).max() < absolute, key
        else:
            assert np.abs(value - expected).max() <= relative * largest, key
    assert zeros == 14


def test_parameter_count(net):
    assert net.parameter_count == 9_063_096
    assert len(net.parameters()) == 98
    assert fusionnet(learn_branch_weights=True).parameter_count == 9_063_100


def test_nodes_have_the_promised_names(net):
    shapes = {ID: net.get_node(ID).shape for ID in ('x', 'y', 'logits', 'loss')}
    assert shapes == {'x': (1, 3, 32, 32), 'y': (1, 10), 'logits': (1, 10), 'loss': (1, 1)}


@needs_facts
def test_names_and_shapes_are_the_originals(net, reference):
    listing = reference[0].shapes()
    assert {name: array.shape for name, array in torch_state(net).items()} == listing


def test_torch_state_goes_round(net):
    state = {name: array + 1 for name, array in torch_state(net).items()}
    load_torch_state(net, state)
    for name, array in torch_state(net).items():
        if not name.endswith('num_batches_tracked'):
            np.testing.assert_array_equal(array, state[name])


def test_bad_torch_state_lists_all_faults_and_changes_nothing(net):
    before = torch_state(net)
    state = torch_state(net)
    state = {name: array + 1 for name, array in state.items()}
    del state['conv1.0.weight']
    state['extra.name'] = np.zeros(3)
    state['branch3_fc.weight'] = np.zeros((10, 255))
    with pytest.raises(FileFormatError) as error:
        load_torch_state(net, state)
    for part in ('missing conv1.0.weight (32, 3, 3, 3)', 'extra extra.name', 'branch3_fc.weight of shape (10, 255)'):
        assert part in str(error.value)
    for name, array in torch_state(net).items():
        np.testing.assert_array_equal(array, before[name])


def test_learned_branch_weights_start_at_the_given_ones():
    with use_precision('float64'):
        np.random.seed(0)
        fixed = fusionnet(image_shape=(1, 16, 16))
        np.random.seed(0)
        learned = fusionnet(image_shape=(1, 16, 16), learn_branch_weights=True)
        picture = np.random.rand(2, 1, 16, 16)
        for net in (fixed, learned):
            net.set_mode('test')
            net.get_node('x').val, net.get_node('y').val = picture, np.eye(10)[[1, 2]]
            net.forward()
            net.backward()
    np.testing.assert_allclose(learned.get_node('logits').val, fixed.get_node('logits').val, rtol=1e-12)
    weights = learned.get_node('branches').logits
    np.testing.assert_allclose(weights.val, np.log([5, 2, 3, 5]) , rtol=1e-12)
    assert (weights.deriv != 0).all()


def test_a_step_learns_and_every_parameter_moves():
    np.random.seed(0)
    net = fusionnet(num_classes=3, image_shape=(3, 16, 16))
    net.set_learning_rate(1e-3)
    before = [p.val.copy() for p in net.parameters()]
    net.get_node('x').val = np.random.rand(8, 3, 16, 16)
    net.get_node('y').val = np.eye(3)[np.arange(8) % 3]
    costs = []
    for _ in range(3):
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        costs.append(float(net.get_node('loss').val))
    assert costs[-1] < costs[0]
    assert all((p.val != b).any() for p, b in zip(net.parameters(), before, strict=True))


def test_another_device_gives_the_same(device):
    with use_precision('float64'):
        np.random.seed(0)
        net = fusionnet(num_classes=3, image_shape=(3, 8, 8))
        results = []
        for backend in ('cpu', device):
            net.to(backend=backend)
            with use_backend(backend):
                np.random.seed(1)
                net.get_node('x').val = np.random.rand(2, 3, 8, 8)
                net.get_node('y').val = np.eye(3)[[0, 2]]
                net.clear_grads()
                net.forward()
                net.backward()
            net.to(backend='cpu')
            results.append((net.get_node('loss').val, net.get_node('x').deriv, net.get_node('conv1/conv').F.deriv))
    for cpu, other in zip(*results, strict=True):
        np.testing.assert_allclose(other, cpu, rtol=1e-9, atol=1e-12)


def test_saved_net_goes_on_to_the_same_costs(tmp_path):
    np.random.seed(0)
    net = fusionnet(num_classes=3, image_shape=(3, 8, 8))
    pictures, targets = np.random.rand(4, 3, 8, 8), np.eye(3)[[0, 1, 2, 1]]

    def costs(net):
        np.random.seed(5)
        net.get_node('x').val, net.get_node('y').val = pictures, targets
        found = []
        for _ in range(2):
            net.forward()
            net.backward(wrt='unfrozen')
            net.update()
            found.append(float(net.get_node('loss').val))
        return found

    costs(net)
    net.save(tmp_path / 'fusion')
    assert costs(Net.load(tmp_path / 'fusion')) == costs(net)


@pytest.mark.parametrize(('options', 'error', 'match'), [
    ({'image_shape': (3, 4, 4)}, ShapeError, 'at least 8x8'),
    ({'image_shape': (32, 32)}, ShapeError, 'image_shape'),
    ({'num_classes': 0}, OptionError, 'num_classes'),
    ({'branch_weights': (1, 2)}, ValueError, "'branches'"),
    ({'fusion': 'dynamik'}, OptionError, "Did you mean 'dynamic'"),
    ({'channel_attention': 'cbamm'}, OptionError, "'cbam'"),
    ({'pyramid': 'fpnn'}, OptionError, "'fpn'"),
])
def test_bad_options(options, error, match):
    with pytest.raises(error, match=match):
        fusionnet(**options)


PARTS = [{'fusion': 'sum'}, {'fusion': 'asff'}, {'fusion': 'fast'}, {'fusion': 'concat_map'},
         {'fusion': 'selective_kernel'},
         {'channel_attention': 'cbam'}, {'channel_attention': 'eca'}, {'channel_attention': 'none'},
         {'pyramid': 'fpn_before'}, {'pyramid': 'pan'}, {'pyramid': 'bifpn'},
         {'fusion': lambda ID, levels: add(ID, align(ID, levels, to='largest'))}]


@pytest.mark.parametrize('parts', PARTS, ids=str)
def test_parts_can_be_swapped(parts):
    net = fusionnet(num_classes=3, image_shape=(3, 20, 24), **parts)
    net.get_node('x').val, net.get_node('y').val = np.random.rand(2, 3, 20, 24), np.eye(3)[[0, 2]]
    net.forward()
    net.backward(wrt='unfrozen')
    assert np.isfinite(net.get_node('loss').val)
    if parts != {'pyramid': 'fpn_before'} and 'fusion' not in parts:
        with pytest.raises(OptionError, match='default parts'):
            torch_state(net)
