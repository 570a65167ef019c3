"""What all tests share: the device they run on, no windows, and nothing left behind."""

import matplotlib
import numpy as np
import pytest

from deepfusion.utils.backend import Backend

matplotlib.use('Agg')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--device', default='strict', choices=('strict', 'gpu'),
                     help='the device whose results are compared with the CPU: a stand-in, or a real one by CuPy')


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The device to compare with the CPU."""
    return request.config.getoption('--device')


@pytest.fixture(autouse=True)
def _leaves_no_state():
    """Random state, backend and precision are the same after a test as before it."""
    import tests.support.strict  # noqa: F401  (registers the strict device)
    state, backend, precision = np.random.get_state(), Backend.backend, Backend.precision
    yield
    np.random.set_state(state)
    Backend.backend, Backend.precision = backend, precision
