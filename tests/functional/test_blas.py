"""The threads of every BLAS library can be asked for and set, by its own functions where they are known."""

from types import SimpleNamespace

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from deepfusion.functional import blas


def test_agrees_with_threadpoolctl():
    with threadpool_limits(1):
        assert blas.threads() == [1] * len(blas.libraries())
    before = blas.threads()
    try:
        blas.set_threads([1] * len(before))
        assert [library.num_threads for library in ThreadpoolController().select(user_api='blas').lib_controllers] \
            == [1] * len(before)
    finally:
        blas.set_threads(before)
    assert blas.threads() == before


class Controller(SimpleNamespace):
    """Like one of threadpoolctl's."""

    def get_num_threads(self):
        return self.count

    def set_num_threads(self, count):
        self.count = count


@pytest.mark.parametrize('details', [
    {'internal_api': 'mkl'}, {'internal_api': 'openblas', 'threading_layer': 'openmp'},
    {'internal_api': 'openblas', 'threading_layer': 'pthreads', 'dynlib': SimpleNamespace()}])
def test_others_are_asked_by_way_of_threadpoolctl(details):
    controller = Controller(count=3, **details)
    library = blas._library(controller)
    library.set(library.get() - 1)
    assert controller.count == 2


@pytest.mark.parametrize('name', ['openblas_{}_num_threads', 'scipy_openblas_{}_num_threads64_'])
def test_openblas_is_asked_directly_whatever_its_names(name, monkeypatch):
    """And keeps the interpreter lock meanwhile, as ctypes' PyDLL does."""
    said = []
    functions = SimpleNamespace(**{name.format('get'): lambda: 4, name.format('set'): said.append})
    monkeypatch.setattr(blas, 'PyDLL', {'/lib/openblas.so': functions}.get)
    library = blas._library(Controller(internal_api='openblas', threading_layer='pthreads', dynlib=functions,
                                       filepath='/lib/openblas.so'))
    library.set(library.get())
    assert said == [4]
