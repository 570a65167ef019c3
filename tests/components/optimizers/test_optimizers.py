"""Every optimizer against PyTorch's of the same formula, or against the formula written out."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.optimizers import get_optimizer
from deepfusion.errors import OptionError, UnknownNameError
from deepfusion.utils.backend import use_precision

RATE, STEPS = 0.05, 20


def train(details, start, gradients, **options):
    """A parameter's values after each step, in float64."""
    with use_precision('float64'):
        data = Data('w', start.shape, start, is_frozen=False, optimizer_details=details, learning_rate=RATE, **options)
        values = []
        for gradient in gradients:
            data.deriv += gradient
            data.update()
            values.append(data.val.copy())
    return np.array(values)


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 4)), rng.standard_normal((STEPS, 3, 4))


@pytest.mark.parametrize(('name', 'hyperparameters', 'torch_name', 'torch_options'), [
    ('SGD', {}, 'SGD', {}),
    ('SGD', {'momentum': 0.9, 'weight_decay': 5e-4}, 'SGD', {'momentum': 0.9, 'weight_decay': 5e-4}),
    ('SGD', {'momentum': 0.8, 'nesterov': True}, 'SGD', {'momentum': 0.8, 'nesterov': True}),
    ('SGD', {'weight_decay': 0.1}, 'SGD', {'weight_decay': 0.1}),
    ('Adam', {'beta1': 0.8, 'beta2': 0.99}, 'Adam', {'betas': (0.8, 0.99)}),
    ('AdaGrad', {}, 'Adagrad', {'eps': 1e-8}),
])
def test_equals_torch(problem, name, hyperparameters, torch_name, torch_options):
    torch = pytest.importorskip('torch')
    start, gradients = problem
    weight = torch.tensor(start.copy(), requires_grad=True)
    optimizer = getattr(torch.optim, torch_name)([weight], lr=RATE, **torch_options)
    expected = []
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        expected.append(weight.detach().numpy().copy())
    found = train({'optimizer_name': name, 'hyperparameters': hyperparameters}, start, gradients)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_momentum_is_a_corrected_average(problem):
    start, gradients = problem
    average, value, expected = 0, start, []
    for t, gradient in enumerate(gradients, 1):
        average = 0.7 * average + 0.3 * gradient
        value = value - RATE * average / (1 - 0.7 ** t)
        expected.append(value)
    np.testing.assert_allclose(
        train({'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.7}}, start, gradients), expected)


def test_rmsprop_is_bias_corrected(problem):
    start, gradients = problem
    average, value, expected = 0, start, []
    for t, gradient in enumerate(gradients, 1):
        average = 0.9 * average + 0.1 * gradient ** 2
        value = value - RATE * gradient / (np.sqrt(average / (1 - 0.9 ** t)) + 1e-8)
        expected.append(value)
    np.testing.assert_allclose(train({'optimizer_name': 'RMSprop'}, start, gradients), expected)


@pytest.mark.parametrize(('name', 'derivative'), [('L1', np.sign), ('L2', lambda x: 2 * x)])
def test_regularizer_joins_the_step(problem, name, derivative):
    start, gradients = problem
    found = train({'optimizer_name': 'SGD'}, start, gradients[:1], is_regularized=True,
                  regularizer_details={'reg_name': name, 'reg_strength': 0.3})
    np.testing.assert_allclose(found[0], start - RATE * (gradients[0] + 0.3 * derivative(start)))


def test_state_starts_anew_with_another_batch():
    data = Data('x', (1, 2), np.ones((3, 2)), is_frozen=False, learning_rate=0.1)
    for batch in (3, 5):
        data.val = np.ones((batch, 2))
        data.deriv += 1
        data.update()
        assert data.optimizer.V.shape == (batch, 2)
        np.testing.assert_allclose(data.val, 0.9, rtol=1e-6)


@pytest.mark.parametrize(('details', 'error', 'match'), [
    ({'optimizer_name': 'adam'}, UnknownNameError, "Did you mean 'Adam'"),
    ({'optimizer_name': 'SGD', 'hyperparameters': {'beta': 1}}, OptionError,
     "SGD does not take the hyperparameter 'beta'. Choose from 'momentum'"),
    ({'optimizer_name': 'Adam', 'hyperparameters': {'beta_1': 0.9}}, UnknownNameError, "Did you mean 'beta1'"),
    ({'optimizer_name': 'Adam', 'hyperparametrs': {}}, UnknownNameError, "Did you mean 'hyperparameters'"),
    ({'optimizer_name': 'SGD', 'hyperparameters': {'weight_decay': float('nan')}}, OptionError, 'found nan'),
    ({'optimizer_name': 'Adam', 'hyperparameters': {'lr': 1}}, UnknownNameError, 'learning rate is an option of'),
    ({'optimizer_name': 'Adam', 'hyperparameters': 0.9}, OptionError, 'Adam does not take'),
    ({'optimizer_name': 'Adam', 'hyperparameters': {'beta1': 1.5}}, OptionError, r'beta1 in \[0, 1\); found 1.5'),
    ({'optimizer_name': 'SGD', 'hyperparameters': {'nesterov': True}}, OptionError, 'momentum is 0'),
    ({'name': 'Adam'}, OptionError, 'optimizer_details like'),
    ('Adam', OptionError, 'optimizer_details like'),
])
def test_bad_details(details, error, match):
    with pytest.raises(error, match=match):
        get_optimizer((1, 2), details)
