"""Whole nets on another device: optimizers, blocks, models, training, the checker and files, as on the CPU.

The other device is the strict one, or the GPU with `--device=gpu`. Single modules and blocks are compared by
`tests/support`.
"""

import copy

import numpy as np
import pytest

import deepfusion.blocks as blocks
from deepfusion.components.data import Data
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net
from deepfusion.models.f3net import f3net
from deepfusion.models.fusionnet import fusionnet, torch_state
from deepfusion.training import Trainer
from deepfusion.utils.automate_training import automate_training
from deepfusion.utils.backend import device_of, use_backend, use_precision
from deepfusion.utils.grad_check import gradient_checker
from tests.contract.nets import ADAM, host, parameters_of, regression, same, step

OPTIMIZERS = [('SGD', {}), ('SGD', {'momentum': 0.9, 'nesterov': True, 'weight_decay': 0.01}), ('Momentum', {}),
              ('AdaGrad', {}), ('RMSprop', {}), ('Adam', {})]


def on_both(device, run, precision='float64'):
    """What `run` gives on the CPU and on the other device, from one seed."""
    found = []
    for backend in ('cpu', device):
        with use_backend(backend), use_precision(precision):
            np.random.seed(0)
            found.append(run())
    return found


def assert_alike(one, two, rtol=1e-9):
    """Compare parameters by ID."""
    assert one.keys() == two.keys()
    for ID in one:
        np.testing.assert_allclose(one[ID], two[ID], rtol=rtol, atol=1e-12, err_msg=ID)


def everything(net):
    """Values and derivatives of all nodes and parameters, on the host; they must all be on one device."""
    data = [node for node in net.topological_order if isinstance(node, Data)] + net.parameters()
    assert len({device_of(node.val) for node in data}) == 1
    return {node.ID: host(node.val) for node in data} | {f"{node.ID}'": host(node.deriv) for node in data}


@pytest.mark.parametrize(('name', 'hyperparameters'), OPTIMIZERS)
@pytest.mark.parametrize('regularizer', ['L1', 'L2'])
def test_optimizers_and_regularizers(device, name, hyperparameters, regularizer):
    def run():
        s = regression(learning_rate=0.1, is_regularized=True,
                       optimizer_details={'optimizer_name': name, 'hyperparameters': hyperparameters},
                       regularizer_details={'reg_name': regularizer, 'reg_strength': 0.1})
        s.x.unfreeze({'optimizer_name': name, 'hyperparameters': hyperparameters})
        step(s.net, 4)
        return parameters_of(s.net) | {'x': host(s.x.val)}

    assert_alike(*on_both(device, run))


BLOCKS = {
    'residual': lambda v: blocks.residual_block('b', v, 6, stride=2),
    'squeeze and excitation': lambda v: blocks.squeeze_excitation('b', v, 2),
    'feature pyramid': lambda v: blocks.feature_pyramid('b', [v, half(v)], 6)[0],
    'dynamic feature fusion': lambda v: blocks.dynamic_feature_fusion('b', [v, half(v, stride=1)], reduction=2),
}


def half(v, stride=2):
    """Another volume, made of the first."""
    return blocks.convolution_norm_relu('half', v, 4, stride=stride)


@pytest.mark.parametrize('name', BLOCKS)
def test_blocks(device, name):
    def run():
        v = Data('v', (1, 4, 6, 6), val=np.random.default_rng(0).standard_normal((3, 4, 6, 6)))
        net = Net('n', [SumLoss('sum', [BLOCKS[name](v)]).output], learning_rate=0.1)
        net.forward()
        net.backward()
        first = everything(net)
        net.update()
        net.set_mode('test')
        net.forward()
        # A bias before a batch norm has the derivative 0, and Adam divides its rounding error by its size.
        moved = [ID for ID in parameters_of(net) if abs(first[f"{ID}'"]).max() > 1e-12]
        assert moved
        return first | {f'{ID} later': value for ID, value in parameters_of(net).items() if ID in moved}

    assert_alike(*on_both(device, run))


MODELS = {'f3net': lambda: f3net(image_shape=(3, 8, 8)),
          'fusionnet': lambda: fusionnet(image_shape=(3, 16, 16), learn_branch_weights=True)}


@pytest.mark.parametrize('name', MODELS)
def test_models(device, name):
    def run():
        net = MODELS[name]()
        shape = net.get_node('x').shape[1:]
        net.get_node('x').val = np.random.default_rng(0).standard_normal((2, *shape))
        net.get_node('y').val = np.eye(10)[[3, 7]]
        net.forward()
        net.backward()
        found = {ID: host(net.get_node(ID).val) for ID in ('logits', 'loss')}
        found |= {p.ID: host(p.deriv).ravel()[:50] for p in net.parameters()}
        return found | {'x': host(net.get_node('x').deriv)}

    assert_alike(*on_both(device, run), rtol=1e-7)


def test_a_models_state_comes_back_to_the_host(device):
    with use_backend(device):
        state = torch_state(fusionnet(image_shape=(3, 16, 16)))
    assert all(type(value) is np.ndarray for value in state.values())


def test_automated_training(device):
    def run():
        s = regression(optimizer_details=ADAM)
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((30, 3)), rng.standard_normal((30, 1))
        costs = automate_training(s.net, X, Y, X[:5], Y[:5], B=8, epochs=20, print_cost_every=5)
        return parameters_of(s.net) | {'costs': np.array([costs.train, costs.validation])}

    assert_alike(*on_both(device, run))


def test_the_trainer(device):
    def run():
        net = f3net(num_classes=3, image_shape=(1, 8, 8))
        rng = np.random.default_rng(0)
        trainer = Trainer(net, batch_size=8, learning_rate=0.01, seed=0, progress=False, clip_norm=1.0)
        pictures, labels = rng.standard_normal((24, 1, 8, 8)), rng.integers(0, 3, 24)
        trainer.fit(pictures, labels, epochs=2)
        return parameters_of(net)

    assert_alike(*on_both(device, run), rtol=1e-6)


def test_the_checker(device):
    with use_backend(device):
        s = regression()
        for data in (s.x, s.Matmul1.W):
            assert gradient_checker(s.net, data, verbose=False)
        assert device_of(s.x.val) == device_of(s.Matmul1.W.val) == device


def test_copies_moves_and_files(device, tmp_path):
    with use_precision('float64'), use_backend('cpu'):
        s = regression(optimizer_details=ADAM, learning_rate=0.1)
        step(s.net, 2)
        s.net.save(tmp_path / 'cpu')
        moved = copy.deepcopy(s.net).to(backend=device)
        with use_backend(device):
            loaded = Net.load(tmp_path / 'cpu')
            for net in (moved, loaded, copy.deepcopy(loaded)):
                assert {device_of(p.val) for p in net.parameters()} == {device}
                step(net, 2)
            loaded.save(tmp_path / 'other')
        step(s.net, 2)
        back = Net.load(tmp_path / 'other')
        assert {device_of(p.val) for p in back.parameters()} == {'cpu'}
        for net in (moved, loaded, back):
            assert_alike(parameters_of(net), parameters_of(s.net))
        same(moved.to('cpu').get_node('x').val, s.x.val)
