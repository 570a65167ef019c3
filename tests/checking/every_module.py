"""Every module of the package, as the tests of modules declare them."""

import importlib
import pkgutil
from collections.abc import Iterator

import numpy as np

import tests.components.modules
from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from tests.support.cases import Case, ModuleTests


def every_case() -> list[tuple[str, Case]]:
    """All declared cases, as (name, case)."""
    found: dict[str, Case] = {}
    for info in pkgutil.walk_packages(tests.components.modules.__path__, 'tests.components.modules.'):
        if not info.ispkg:
            importlib.import_module(info.name)
    for cls in _subclasses(ModuleTests):
        for case in cls.cases:
            found[f'{cls.__module__.rpartition(".")[2]}.{cls.__name__}.{case.name}'] = case
    return sorted(found.items())


def _subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def built(case: Case, seed: int, batch: int = 3) -> Module:
    """A case's module with values in its inputs, other ones for each seed."""
    np.random.seed(seed)
    module = case.build([Data(f'x{i}', shape) for i, shape in enumerate(case.shapes)])
    rng = np.random.default_rng([seed, 2])
    for parameter in module.parameter_list if case.scramble else ():
        parameter.val = np.asarray(parameter.val) + 0.3 * rng.standard_normal(parameter.shape)
    for data, value in zip(module.inputs, case.inputs(batch, seed), strict=True):
        data.val = value
    return module
