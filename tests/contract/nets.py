"""Small nets for the tests of the contract, and plain arrays out of them."""

from types import SimpleNamespace

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.backend import to_host

SGD = {'optimizer_name': 'SGD', 'hyperparameters': {}}
ADAM = {'optimizer_name': 'Adam', 'hyperparameters': {}}
L2 = {'reg_name': 'L2', 'reg_strength': 0.5}


def host(array):
    """A copy of a value on the host, in float64 where it is a float."""
    array = np.array(to_host(array))
    return array.astype(float) if array.dtype.kind == 'f' else array


def same(actual, expected, rtol=1e-6, atol=1e-7):
    """Assert that values are equal in shape, and in value up to rounding of float32."""
    actual, expected = host(actual), host(expected)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def regression(m=4, **options):
    """x (3) -> MatMul -> z1 (5) -> Tanh -> a -> MatMul -> z2 (1), with y -> MSELoss -> loss; values are set."""
    x, z1, a, z2, y, loss = (Data(ID, (1, n)) for ID, n in
                             (('x', 3), ('z1', 5), ('a', 5), ('z2', 1), ('y', 1), ('loss', 1)))
    Matmul1 = MatMul('Matmul1', [x], z1)
    ActF = Tanh('ActF', [z1], a)
    Matmul2 = MatMul('Matmul2', [a], z2)
    LossF = MSELoss('LossF', [z2, y], loss)
    net = Net('Net', [loss], **options)
    rng = np.random.default_rng(0)
    x.val, y.val = rng.standard_normal((m, 3)), rng.standard_normal((m, 1))
    return SimpleNamespace(x=x, z1=z1, a=a, z2=z2, y=y, loss=loss, Matmul1=Matmul1, ActF=ActF, Matmul2=Matmul2,
                           LossF=LossF, net=net)


def step(net, count=1):
    """Some steps of training on the values that are set."""
    for _ in range(count):
        net.forward()
        net.backward()
        net.update()


def parameters_of(net):
    """Copies of all parameters' values, by ID."""
    return {p.ID: host(p.val) for p in net.parameters()}
