"""What all tests share: the device they run on, no windows, and nothing left behind."""

import matplotlib
import numpy as np
import pytest

from deepfusion.utils.backend import Backend

matplotlib.use('Agg')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--device', default='cpu', choices=('cpu', 'strict', 'gpu'),
                     help='where tests compute; tests of the strict device use gpu in its place when told so')


@pytest.fixture(autouse=True)
def _leaves_no_state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory):
    """Random state, backend and precision are the same after a test as before it."""
    import tests.support.strict  # noqa: F401  (registers the strict device)
    state, backend, precision = np.random.get_state(), Backend.backend, Backend.precision
    device = request.config.getoption('--device')
    if device != 'cpu':
        Backend.set_backend(device)
    yield
    np.random.set_state(state)
    Backend.backend, Backend.precision = backend, precision
