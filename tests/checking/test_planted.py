"""A wrong module planted at a random depth of a large net is named."""

import time

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.modules.module import Module
from deepfusion.components.net import Net
from deepfusion.models.fusionnet import fusionnet
from deepfusion.utils.backend import use_precision
from deepfusion.utils.grad_check import check_net
from tests.checking.mutants import CONDUCT, WAYS, mutate

SLIGHT = ('factor 2', 'sign', 'relative error 1e-3', 'missing term', 'wrong broadcast axis', 'overwritten',
          'writes deriv', 'stale cache')


def plant(net, rng):
    """Break a random module of a net (a shadow may be run) in a random way; returns its ID and the way."""
    modules = [node for node in net.topological_order if isinstance(node, Module)]
    while True:
        module, way = modules[rng.integers(len(modules))], SLIGHT[rng.integers(len(SLIGHT))]
        if mutate(module, way, int(rng.integers(1000))) is not None:
            return module.ID, way


def chain_of_200(seed):
    np.random.seed(seed)
    x = Data('x', (1, 5), val=np.random.randn(3, 5))
    h = x
    for k in range(66):
        m = MatMul(f'm{k}', [h], out_features=5, weight_init_type='Xavier').output
        h = Add(f'a{k}', [h, Tanh(f't{k}', [m]).output]).output
    return Net('chain', [SumLoss('loss', [Tanh('end', [h]).output]).output])


def pictures(seed, batch=4):
    np.random.seed(seed)
    net = fusionnet()
    rng = np.random.default_rng(seed)
    net.get_node('x').val = rng.standard_normal((batch, 3, 32, 32))
    net.get_node('y').val = np.eye(10)[rng.integers(10, size=batch)]
    return net


def named(make, seeds, **options):
    """For how many seeds the planted module alone is named."""
    missed = []
    with use_precision('float64'):
        for seed in seeds:
            net = make(seed)
            net.forward()
            ID, way = plant(net, np.random.default_rng(seed))
            report = check_net(net, method='directional', seed=seed, verbose=False, **options)
            if report or report.faulty_modules != [ID]:
                missed.append((seed, ID, way, report.faulty_modules))
    return missed


def test_in_a_chain_of_200():
    assert sum(isinstance(node, Module) for node in chain_of_200(0).topological_order) == 200
    assert named(chain_of_200, range(2)) == []


@pytest.mark.slow
def test_in_a_chain_of_200_a_hundred_times():
    assert named(chain_of_200, range(100)) == []


@pytest.mark.slow
def test_in_fusionnet_a_hundred_times():
    assert named(lambda seed: pictures(seed, batch=2), range(100), wrt=['x']) == []


@pytest.mark.slow
def test_fusionnet_passes_in_time(capsys):
    net = pictures(0)
    start = time.perf_counter()
    report = check_net(net, method='directional', verbose=False)
    seconds = time.perf_counter() - start
    with capsys.disabled():
        import sys
        sys.stdout.write(f'\nFusionNet, batch 4, {len(report.tensors)} tensors: {seconds:.1f} s\n')
    assert report.passed
    assert len(report.tensors) == 100           # 98 parameters, the pictures, the targets
    assert seconds < 60


def test_every_way_of_planting_is_known():
    assert set(SLIGHT) <= {*WAYS, *CONDUCT}
