"""Group and instance normalization, and convolution with standardized weights, against PyTorch."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.normalizations import GroupNorm, InstanceNorm
from deepfusion.errors import OptionError, ShapeError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, run


def group(groups, **options):
    return lambda torch, x, p, mode: torch.nn.functional.group_norm(
        x[0], groups, *(p[name].flatten() if name in p else None for name in ('gamma', 'beta')), **options)


def instance(torch, x, p, mode):
    return torch.nn.functional.instance_norm(
        x[0], None, None, *(p[name].flatten() if name in p else None for name in ('gamma', 'beta')))


class TestGroupNorm(ModuleTests):
    cases = (
        Case('vector', lambda inputs: GroupNorm('m', inputs, groups=2), [(1, 6)], group(2)),
        Case('sequence', lambda inputs: GroupNorm('m', inputs, groups=3), [(1, 6, 4)], group(3)),
        Case('picture', lambda inputs: GroupNorm('m', inputs, groups=2, epsilon=0.1), [(1, 4, 2, 3)],
             group(2, eps=0.1)),
        Case('plain', lambda inputs: GroupNorm('m', inputs, groups=1, affine=False), [(1, 4, 2, 3)], group(1)),
    )


class TestInstanceNorm(ModuleTests):
    cases = (
        Case('1d', lambda inputs: InstanceNorm('m', inputs), [(1, 3, 4)], instance),
        Case('2d', lambda inputs: InstanceNorm('m', inputs, affine=True), [(1, 3, 2, 3)], instance),
        Case('3d', lambda inputs: InstanceNorm('m', inputs, affine=True), [(1, 2, 2, 1, 3)], instance),
    )


def standardized(torch, x, p, mode):
    variance, mean = torch.var_mean(p['F'], (1, 2, 3), correction=0, keepdim=True)
    return torch.nn.functional.conv2d(x[0], (p['F'] - mean) / torch.sqrt(variance + 1e-5), p['b'].flatten(), groups=2)


class TestStandardizedWeights(ModuleTests):
    cases = (Case('groups', lambda inputs: Conv2D('m', inputs, filter_size=2, filter_count=4, groups=2,
                                                  standardize_weights=True), [(1, 4, 3, 3)], standardized),)


def test_large_arrays_go_in_blocks():
    torch = pytest.importorskip('torch')
    x, d = np.random.default_rng(0).standard_normal((2, 30, 16, 40, 20))
    with use_precision('float64'):
        result = run(GroupNorm('m', [Data('x', (1, 16, 40, 20))], groups=4), [x], d)
    tensor, gamma = torch.tensor(x, requires_grad=True), torch.ones(16, requires_grad=True, dtype=torch.float64)
    y = torch.nn.functional.group_norm(tensor, 4, gamma)
    dx, dgamma = torch.autograd.grad(y, [tensor, gamma], torch.tensor(d))
    close(result.value, y.detach().numpy(), 1e-12, 'value')
    close(result.inputs[0], dx.numpy(), 1e-12, 'input')
    close(result.parameters['gamma'].ravel(), dgamma.numpy(), 1e-12, 'gamma')


@pytest.mark.parametrize('groups', [0, -2, 2.0, None, True])
def test_groups_that_are_no_number_of_groups(groups):
    with pytest.raises(OptionError, match="GroupNorm 'm': expected groups to be an integer of at least 1; found"):
        GroupNorm('m', [Data('x', (1, 4, 2))], groups=groups)


def test_groups_that_do_not_divide():
    with pytest.raises(ShapeError, match=r"expected a multiple of groups=3 channels; found 'x' of shape \(1, 4, 2\)"):
        GroupNorm('m', [Data('x', (1, 4, 2))], groups=3)


@pytest.mark.parametrize(('build', 'shape', 'sentence'), [
    (lambda x: GroupNorm('m', x, groups=1), (1,), r'rank 2 or more, \(B, C\) or \(B, C, ...\)'),
    (lambda x: InstanceNorm('m', x), (1, 4), r'rank 3 to 5, \(B, C, ...\)'),
    (lambda x: InstanceNorm('m', x), (1, 4, 1, 1), 'expected more than one place per channel'),
])
def test_refused_shapes(build, shape, sentence):
    with pytest.raises(ShapeError, match=sentence):
        build([Data('x', shape)])


@pytest.mark.parametrize('kind', [GroupNorm, InstanceNorm])
def test_refused_epsilon(kind):
    with pytest.raises(OptionError, match="Norm 'm': expected epsilon to be a number above 0; found 0"):
        kind('m', [Data('x', (1, 32, 2))], epsilon=0)
