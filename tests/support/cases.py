"""The whole test matrix of a module, from one short declaration.

    CASES = [Case('relu', lambda inputs: Relu('m', inputs), [(1, 3, 4)], lambda t, x, p, mode: t.relu(x[0]))]

    class TestRelu(ModuleTests):
        cases = CASES

`reference(torch, inputs, parameters, mode)` is written with PyTorch functions on float64 tensors; then values
and, by autograd, the gradients of every input and parameter are compared. With `torch=False` it is
`reference(inputs, parameters, mode)` on NumPy arrays; then values are compared and the gradients are numeric.
Numeric gradients of every input and parameter are checked in any case.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.utils.backend import to_host, use_backend, use_precision

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The default way to draw an input."""
    return rng.standard_normal(shape)


@dataclass(frozen=True)
class Case:
    """One module with one set of options, its input shapes (batch axis 1 in front), and its reference."""

    name: str
    build: Callable[[list[Data]], Module]       # makes the module on its inputs, without an output
    shapes: Sequence[tuple[int, ...]]
    reference: Callable[..., Any] | None = None
    torch: bool = True
    draws: Sequence[Draw | None] = ()           # one per input where not normal
    no_gradient: Sequence[int] = ()             # inputs without a derivative: indices, masks
    modes: Sequence[str] = ('train', 'test')
    batches: Sequence[int] = (1, 3)
    exact: float = 1e-10                        # relative, float64 against the reference
    rough: float = 1e-4                         # relative, float32 against float64
    numeric: float = 2e-6                       # relative, float64 against differences
    scramble: bool = True                       # give parameters random values first
    saves: bool = True                          # can be saved and loaded

    def __repr__(self) -> str:
        return self.name

    def inputs(self, batch: int, seed: int = 0) -> list[np.ndarray]:
        """Values for the inputs, the same for the same seed."""
        rng = np.random.default_rng([seed, batch])
        draws = list(self.draws) + [None] * (len(self.shapes) - len(self.draws))
        return [(draw or normal)(rng, (batch, *shape[1:])) for draw, shape in zip(draws, self.shapes, strict=True)]


@dataclass
class Pass:
    """What one forward and backward pass of a module gave."""

    value: np.ndarray
    seed: np.ndarray
    inputs: list[np.ndarray]
    parameters: dict[str, np.ndarray]
    module: Module


def make(case: Case, mode: str) -> Module:
    """The case's module on fresh inputs, with scrambled parameters."""
    np.random.seed(1)
    module = case.build([Data(f'x{i}', shape) for i, shape in enumerate(case.shapes)])
    if module.different_at_train_test:
        module.set_mode(mode)
    rng = np.random.default_rng(2)
    for parameter in module.parameter_list if case.scramble else ():
        start = np.asarray(to_host(parameter.val))
        parameter.val = start + 0.3 * rng.standard_normal(parameter.shape)
    return module


def run(module: Module, values: list[np.ndarray], seed: np.ndarray | None = None) -> Pass:
    """Forward, and backward from a random derivative of the output (or the one given)."""
    np.random.seed(3)
    for data, value in zip(module.inputs, values, strict=True):
        data.clear_grads()
        data.val = value
    module.clear_grads()
    module.output.clear_grads()
    module.forward()
    value = to_host(module.output.val).copy()
    if seed is None:
        seed = np.asarray(np.random.default_rng(4).standard_normal(value.shape))
    module.output.deriv = seed
    module.backward()
    return Pass(value, seed, [to_host(data.deriv) for data in module.inputs],
                {name: to_host(p.deriv) for name, p in module.parameter_lookup.items()}, module)


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float, what: str) -> None:
    """Fail unless the largest difference is within `tolerance` of the largest expected entry (at least 1e-3)."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f'{what}: shape {actual.shape} instead of {expected.shape}'
    if not expected.size:
        return
    scale = max(float(np.abs(expected[np.isfinite(expected)]).max(initial=0)), 1e-3)
    with np.errstate(invalid='ignore'):
        error = np.where(actual == expected, 0, np.abs(actual - expected))      # equal infinities differ by 0
    worst = np.unravel_index(int(np.argmax(error)), error.shape)
    assert error[worst] <= tolerance * scale, (
        f'{what}: {actual[worst]} instead of {expected[worst]} at {tuple(map(int, worst))} (tolerance {tolerance:g})')


def pairs(cases: Sequence[Case], per_batch: bool = True) -> list[Any]:
    """Every case in every mode (only one where modes do not differ) and batch size."""
    found = []
    for case in cases:
        with use_precision('float64'):
            modes = case.modes if make(case, case.modes[0]).different_at_train_test else case.modes[:1]
        found += [pytest.param(case, mode, batch, id=f'{case.name}-{mode}-{batch}')
                  for mode in modes for batch in (case.batches if per_batch else case.batches[-1:])]
    return found


class ModuleTests:
    """Subclass with `cases = [...]`; every test below then runs for every case, mode and batch size."""

    cases: Sequence[Case] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        each = pytest.mark.parametrize(('case', 'mode', 'batch'), pairs(cls.cases))
        once = pytest.mark.parametrize(('case', 'mode', 'batch'), pairs(cls.cases, per_batch=False))
        for name in ('reference', 'numeric_gradients'):
            setattr(cls, f'test_{name}', each(_copy(getattr(ModuleTests, f'check_{name}'))))
        for name in ('float32', 'strict_device', 'writes_nothing', 'save_and_load', 'wrong_output', 'channels_last'):
            setattr(cls, f'test_{name}', once(_copy(getattr(ModuleTests, f'check_{name}'))))

    def check_reference(self, case: Case, mode: str, batch: int) -> None:
        if case.reference is None:
            pytest.fail('a case needs a reference')
        with use_precision('float64'):
            result = run(make(case, mode), case.inputs(batch))
            if case.torch:
                torch = pytest.importorskip('torch')
                _compare_with_torch(torch, case, result, mode, batch)
            else:
                parameters = {n: to_host(p.val) for n, p in result.module.parameter_lookup.items()}
                expected = case.reference(case.inputs(batch), parameters, mode)
                close(result.value, np.asarray(expected), case.exact, 'value')

    def check_numeric_gradients(self, case: Case, mode: str, batch: int) -> None:
        with use_precision('float64'):
            module, values = make(case, mode), case.inputs(batch)
            result = run(module, values)

            def loss() -> float:
                np.random.seed(3)
                module.forward()
                return float((to_host(module.output.val) * result.seed).sum())

            for i, data in enumerate(module.inputs):
                if i not in case.no_gradient:
                    close(result.inputs[i], _differences(loss, data), case.numeric, f'input {i}')
            for name, parameter in module.parameter_lookup.items():
                close(result.parameters[name], _differences(loss, parameter), case.numeric, name)

    def check_float32(self, case: Case, mode: str, batch: int) -> None:
        with use_precision('float64'):
            exact = run(make(case, mode), case.inputs(batch))
        with use_precision('float32'):
            rough = run(make(case, mode), case.inputs(batch), exact.seed)
        assert rough.module.output.val.dtype in (np.float32, np.bool_), 'float32 in should be float32 out'
        close(rough.value, exact.value, case.rough, 'value')
        for i, (a, b) in enumerate(zip(rough.inputs, exact.inputs, strict=True)):
            assert a.dtype == np.float32
            close(a, b, case.rough, f'input {i}')
        for name, expected in exact.parameters.items():
            assert rough.parameters[name].dtype == np.float32
            close(rough.parameters[name], expected, case.rough, name)

    def check_strict_device(self, case: Case, mode: str, batch: int, device: str) -> None:
        with use_precision('float64'):
            host = run(make(case, mode), case.inputs(batch))
            with use_backend(device):
                other = run(make(case, mode), case.inputs(batch), host.seed)
        close(other.value, host.value, 1e-12, 'value')
        for i, (a, b) in enumerate(zip(other.inputs, host.inputs, strict=True)):
            close(a, b, 1e-12, f'input {i}')
        for name, expected in host.parameters.items():
            close(other.parameters[name], expected, 1e-12, name)

    def check_writes_nothing(self, case: Case, mode: str, batch: int) -> None:
        with use_precision('float64'):
            module, values = make(case, mode), case.inputs(batch)
            before = copy.deepcopy(values)
            first = run(module, values)
            seed = first.seed.copy()
            again = run(module, values, seed)
        for value, kept in zip([*values, seed], [*before, first.seed], strict=True):
            assert np.array_equal(value, kept, equal_nan=True), 'a pass wrote into an array it was given'
        module.backward()
        for i, data in enumerate(module.inputs):
            close(to_host(data.deriv), 2 * again.inputs[i], 1e-12, f'input {i} after a second backward')
        for name, parameter in module.parameter_lookup.items():
            close(to_host(parameter.deriv), 2 * again.parameters[name], 1e-12, f'{name} after a second backward')

    def check_channels_last(self, case: Case, mode: str, batch: int) -> None:
        """Values that are views in another order of memory give the same results."""
        with use_precision('float64'):
            values = case.inputs(batch)
            plain = run(make(case, mode), values)
            views = [np.moveaxis(np.ascontiguousarray(np.moveaxis(v, 1, -1)), -1, 1) if v.ndim > 2 else
                     np.asfortranarray(v) for v in values]
            other = run(make(case, mode), views, plain.seed)
        close(other.value, plain.value, 1e-12, 'value')
        for i, (a, b) in enumerate(zip(other.inputs, plain.inputs, strict=True)):
            close(a, b, 1e-12, f'input {i}')
        for name, expected in plain.parameters.items():
            close(other.parameters[name], expected, 1e-12, name)

    def check_save_and_load(self, case: Case, mode: str, batch: int, tmp_path: Any) -> None:
        if not case.saves:
            return
        from deepfusion.components.net import Net
        with use_precision('float64'):
            module, values = make(case, mode), case.inputs(batch)
            run(module, values)
            net = Net('net', [module.output])
            state = np.random.get_state()[1].copy()
            net.save(str(tmp_path / 'net'))
            loaded = Net.load(str(tmp_path / 'net'))
            assert np.array_equal(state, np.random.get_state()[1]), 'saving or loading drew random numbers'
            twin = loaded.get_node(module.ID)
            # Twice, since the first pass may move running statistics.
            for _ in range(2):
                expected, found = run(module, values), run(twin, values)
                assert np.array_equal(expected.value, found.value, equal_nan=True)
                for a, b in zip(expected.inputs, found.inputs, strict=True):
                    assert np.array_equal(a, b, equal_nan=True)

    def check_wrong_output(self, case: Case, mode: str, batch: int) -> None:
        """The inferred shape is that of the value; an explicit output of another shape is refused, wiring nothing."""
        from deepfusion.errors import ShapeError
        with use_precision('float64'):
            result = run(make(case, mode), case.inputs(batch))
        module = result.module
        if module.output.shape != (1, 1):
            assert result.value.shape[1:] == module.output.shape[1:]
        inputs = [Data(f'x{i}', shape) for i, shape in enumerate(case.shapes)]
        args, kwargs = module._construction
        args = tuple(inputs if isinstance(a, list) and a and isinstance(a[0], Data) else a for a in args)
        kwargs = {k: inputs if k == 'inputs' else v for k, v in kwargs.items()}
        wrong = Data('wrong', (1, 2, 3, 5, 7, 11, 13))
        with pytest.raises(ShapeError, match=module.ID):
            type(module)(*args, **kwargs | {'output': wrong})
        assert wrong.input is None
        assert all(not data.outputs for data in inputs)


def _copy(function: Callable[..., Any]) -> Callable[..., Any]:
    def test(self: Any, **kwargs: Any) -> None:
        function(self, **kwargs)
    import inspect
    signature = inspect.signature(function)
    test.__signature__ = signature      # type: ignore[attr-defined]
    test.__doc__ = function.__doc__
    return test


def _compare_with_torch(torch: Any, case: Case, result: Pass, mode: str, batch: int) -> None:
    assert case.reference is not None
    inputs = [torch.tensor(v) for v in case.inputs(batch)]
    for i, tensor in enumerate(inputs):
        if i not in case.no_gradient:
            tensor.requires_grad_()
    parameters = {name: torch.tensor(to_host(p.val)).requires_grad_()
                  for name, p in result.module.parameter_lookup.items()}
    value = case.reference(torch, inputs, parameters, mode)
    close(result.value, value.detach().numpy(), case.exact, 'value')
    wanted = [t for t in [*inputs, *parameters.values()] if t.requires_grad]
    if not wanted:
        return
    grads = torch.autograd.grad(value, wanted, torch.tensor(result.seed), allow_unused=True)
    of = {id(t): g for t, g in zip(wanted, grads, strict=True)}
    for i, tensor in enumerate(inputs):
        if tensor.requires_grad and of[id(tensor)] is not None:
            close(result.inputs[i], of[id(tensor)].numpy(), case.exact, f'input {i}')
    for name, tensor in parameters.items():
        if of[id(tensor)] is not None:
            close(result.parameters[name], of[id(tensor)].numpy(), case.exact, name)


def _differences(loss: Callable[[], float], data: Data) -> np.ndarray:
    """Central differences of `loss` for every entry of a value."""
    base = np.array(to_host(data.val))
    found = np.empty(base.shape)
    h = 1e-6 * max(1.0, float(np.sqrt(np.mean(base ** 2))) if base.size else 1.0)
    for index in np.ndindex(base.shape):
        sides = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] += sign * h
            data.val = moved
            sides.append(loss())
        found[index] = (sides[0] - sides[1]) / (2 * h)
    data.val = base
    return found
