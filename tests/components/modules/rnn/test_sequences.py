"""RNN, LSTM and GRU over whole sequences, against PyTorch's with the same weights."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.components.data import Data
from deepfusion.components.modules.rnn import GRU, LSTM, RNN, LastState
from deepfusion.errors import OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_precision
from tests.support.cases import Case, ModuleTests, close, make, run

LENGTHS = np.array([4, 1, 3])


def lengths(rng, shape):
    return LENGTHS[:shape[0]]


def marks(rng, shape):
    return np.arange(shape[1])[None] < LENGTHS[:shape[0], None]


def gappy(rng, shape):
    return np.array([[1, 0, 1, 1], [0, 0, 1, 0], [0, 1, 1, 1]])[:shape[0]]


def by_torch(kind, layers=1, bidirectional=False, state=False, masked=False, cells=False, **options):
    """PyTorch's module of that kind on our parameters, its states side by side as ours are."""
    def reference(torch, inputs, parameters, mode):
        x, names = inputs[0], {'Wx': 'weight_ih', 'Wh': 'weight_hh', 'bx': 'bias_ih', 'bh': 'bias_hh'}
        hidden = parameters['Wh0'].shape[0]
        module = getattr(torch.nn, kind)(x.shape[2], hidden, layers, batch_first=True, bidirectional=bidirectional,
                                         bias='bx0' in parameters, dtype=torch.float64, **options)
        weights = {f"{names[name[:2]]}_l{name[2]}{'_reverse' if name.endswith('r') else ''}":
                   value.T if name[0] == 'W' else value[0] for name, value in parameters.items()}
        start = None
        if state:
            parts = inputs[1].expand(len(x), -1).split(hidden, dim=1)
            start = torch.stack(parts)
            if kind == 'LSTM':
                start = torch.stack(parts[0::2]), torch.stack(parts[1::2])
        if masked:
            lengths = inputs[-1] if inputs[-1].ndim == 1 else inputs[-1].sum(dim=1)
            pack = torch.nn.utils.rnn
            x = pack.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, _ = torch.func.functional_call(module, weights, (x, start))
        if masked:
            y, _ = pack.pad_packed_sequence(y, batch_first=True, total_length=inputs[0].shape[1])
        return y
    return reference


def with_cells(torch, inputs, parameters, mode):
    """[h, c] of an LSTM, written out step by step, in both directions."""
    x, hidden, found = inputs[0], parameters['Wh0'].shape[0], []
    for suffix in ('0', '0r'):
        Wx, Wh, bx, bh = (parameters[name + suffix] for name in ('Wx', 'Wh', 'bx', 'bh'))
        h = c = torch.zeros(len(x), hidden, dtype=x.dtype)
        steps = {}
        for t in range(x.shape[1]) if suffix == '0' else reversed(range(x.shape[1])):
            i, f, g, o = (x[:, t] @ Wx + bx + h @ Wh + bh).split(hidden, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            steps[t] = torch.cat([h, c], dim=1)
        found.append(torch.stack([steps[t] for t in range(x.shape[1])], dim=1))
    return torch.cat(found, dim=2)


def gappy_rnn(torch, inputs, parameters, mode):
    """A plain network whose state passes by the steps that do not count."""
    x, counts = inputs
    h, found = torch.zeros(len(x), parameters['Wh0'].shape[0], dtype=x.dtype), []
    for t in range(x.shape[1]):
        new = torch.tanh(x[:, t] @ parameters['Wx0'] + parameters['bx0'] + h @ parameters['Wh0'] + parameters['bh0'])
        m = counts[:, t, None]
        h = torch.where(m > 0, new, h)
        found.append(h * m)
    return torch.stack(found, dim=1)


def case(name, kind, extra=(), draws=(), torch_options=None, **options):
    """A case with sequences of 4 steps of 3 features and 2 hidden units."""
    masked = options.get('masked', False)
    torch_options = torch_options or {}
    reference = by_torch(kind.__name__, options.get('layers', 1), options.get('bidirectional', False),
                         state=len(extra) > masked, masked=masked, **torch_options)
    return Case(name, lambda inputs: kind('m', inputs, hidden_size=2, **options), [(1, 4, 3), *extra], reference,
                draws=draws, no_gradient=(len(extra),) if masked else ())


class TestLSTM(ModuleTests):
    cases = (
        case('plain', LSTM),
        case('deep', LSTM, layers=2, bidirectional=True, bias=False),
        case('state', LSTM, [(1, 8)], bidirectional=True),
        case('lengths', LSTM, [(1, 8), (1,)], (None, None, lengths), layers=2, masked=True),
        case('marks', LSTM, [(1, 4)], (None, marks), bidirectional=True, masked=True),
        Case('cells', lambda inputs: LSTM('m', inputs, hidden_size=2, bidirectional=True, cells=True),
             [(1, 4, 3)], with_cells),
    )


class TestGRU(ModuleTests):
    cases = (
        case('plain', GRU),
        case('no_bias', GRU, bias=False),
        case('everything', GRU, [(1, 8), (1,)], (None, None, lengths), layers=2, bidirectional=True, masked=True),
    )


class TestRNN(ModuleTests):
    cases = (
        case('plain', RNN),
        case('relu', RNN, [(1, 4)], layers=2, nonlinearity='relu', torch_options={'nonlinearity': 'relu'}),
        case('lengths', RNN, [(1,)], (None, lengths), bidirectional=True, masked=True),
        Case('gaps', lambda inputs: RNN('m', inputs, hidden_size=2, masked=True), [(1, 4, 3), (1, 4)], gappy_rnn,
             draws=(None, gappy), no_gradient=(1,)),
    )


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from([RNN, LSTM, GRU]), layers=st.integers(1, 3), bidirectional=st.booleans(),
       bias=st.booleans(), state=st.booleans(), masked=st.booleans(), batch=st.integers(1, 4),
       sizes=st.tuples(*[st.integers(1, 4)] * 3), seed=st.integers(0, 99))
def test_any_options(kind, layers, bidirectional, bias, state, masked, batch, sizes, seed):
    pytest.importorskip('torch')
    steps, features, hidden = sizes
    width = layers * (1 + bidirectional) * hidden * (2 if kind is LSTM else 1)
    found = np.random.default_rng(seed).integers(1, steps + 1, batch)
    any_case = Case('any', lambda inputs: kind('m', inputs, hidden_size=hidden, layers=layers, bias=bias,
                                               bidirectional=bidirectional, masked=masked),
                    [(1, steps, features), *[(1, width)] * state, *[(1,)] * masked],
                    by_torch(kind.__name__, layers, bidirectional, state, masked),
                    draws=(*[None] * (1 + state), *[lambda rng, shape: found] * masked),
                    no_gradient=(1 + state,) if masked else ())
    with use_precision('float64'):
        ModuleTests().check_reference(any_case, 'train', batch)


def last(torch, inputs, parameters, mode):
    ends = inputs[1] - 1 if len(inputs) == 2 else torch.full((len(inputs[0]),), 3)
    return inputs[0][torch.arange(len(ends)), ends]


def both_ends(torch, inputs, parameters, mode):
    return torch.cat([last(torch, inputs, parameters, mode)[:, :3], inputs[0][:, 0, 3:]], dim=1)


class TestLastState(ModuleTests):
    cases = (
        Case('whole', lambda inputs: LastState('m', inputs), [(1, 4, 3)], last),
        Case('lengths', lambda inputs: LastState('m', inputs), [(1, 4, 3), (1,)], last, draws=(None, lengths),
             no_gradient=(1,)),
        Case('bidirectional', lambda inputs: LastState('m', inputs, bidirectional=True), [(1, 4, 6), (1,)], both_ends,
             draws=(None, lengths), no_gradient=(1,)),
    )


def test_one_state_serves_a_whole_batch():
    x, state = Data('x', (1, 4, 3), val=np.ones((5, 4, 3))), Data('s', (1, 2), val=np.ones((1, 2)))
    module = GRU('g', [x, state], hidden_size=2)
    module.forward()
    module.output.deriv = np.ones((5, 4, 2))
    module.backward()
    assert module.output.val.shape == (5, 4, 2)
    assert state.deriv.shape == (1, 2)


def test_an_encoder_hands_its_state_to_a_decoder():
    x, z = Data('x', (1, 4, 3), val=np.ones((2, 4, 3))), Data('z', (1, 6, 3), val=np.ones((2, 6, 3)))
    state = LastState('state', [LSTM('encoder', [x], hidden_size=5, cells=True).output]).output
    decoder = LSTM('decoder', [z, state], hidden_size=5)
    assert state.shape == (1, 10)
    assert decoder.output.shape == (1, 6, 5)


def test_an_input_that_nobody_needs_gets_no_derivative():
    x = Data('x', (1, 4, 3), val=np.ones((2, 4, 3)))
    module = LSTM('m', [x], hidden_size=2)
    module.forward()
    module.output.deriv = np.ones((2, 4, 2))
    module._needs = (set(), {'Wx0'})
    module.backward()
    assert x._deriv is None
    assert module.Wx0._deriv is not None
    assert module.Wh0._deriv is None


def data(shape, val=None):
    return Data(f'd{"x".join(map(str, shape))}', shape, val)


@pytest.mark.parametrize(('make', 'error', 'message'), [
    (lambda: LSTM('m', [data((1, 3))], hidden_size=2), ShapeError, r"rank 3 \(B, T, F\); found 'd1x3'"),
    (lambda: LSTM('m', [data((1, 4, 3))]), OptionError, 'hidden_size to be an integer of at least 1; found 0'),
    (lambda: GRU('m', [data((1, 4, 3))], hidden_size=2, layers=0), OptionError, 'layers to be an integer'),
    (lambda: LSTM('m', [data((1, 4, 3)), data((1, 2))], hidden_size=2), ShapeError, r'a state of shape \(1, 4\)'),
    (lambda: LSTM('m', [data((1, 4, 3)), data((1, 3))], hidden_size=2, masked=True), ShapeError,
     r'lengths of shape \(1,\), or marks of shape \(1, 4\)'),
    (lambda: GRU('m', [data((1, 4, 3)), data((1, 2)), data((1,))], hidden_size=2), ShapeError, 'masked=True'),
    (lambda: RNN('m', [data((1, 4, 3))], hidden_size=2, nonlinearity='tan'), UnknownNameError,
     "nonlinearity of RNN 'm' is called 'tan'"),
    (lambda: LSTM('m', [data((1, 4, 3))], hiden_size=2), UnknownNameError, "LSTM 'm': .* mean 'hidden_size'"),
    (lambda: LastState('m', [data((1, 4))]), ShapeError, 'rank 3'),
    (lambda: LastState('m', [data((1, 4, 3))], bidirectional=True), ShapeError, 'even number of columns'),
])
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize('found', [[0, 1], [1, 5], [1.5, 2]])
def test_lengths_outside_the_steps_are_refused(found):
    module = LSTM('m', [data((1, 4, 3), np.ones((2, 4, 3))), data((1,), np.array(found))], hidden_size=2, masked=True)
    with pytest.raises(OptionError, match="lengths from 1 to 4 in 'd1'"):
        module.forward()


@pytest.mark.parametrize('kind', [RNN, LSTM, GRU])
def test_two_cores_find_what_one_finds(kind):
    """Sizes at which each core has examples of its own."""
    from threadpoolctl import threadpool_limits
    big = Case('big', lambda inputs: kind('m', inputs, hidden_size=96, bidirectional=True, masked=True),
               [(1, 40, 8), (1,)], draws=(None, lambda rng, shape: rng.integers(1, 41, shape[0])))
    found = []
    for threads in (1, 2):
        with use_precision('float64'), threadpool_limits(threads):
            found.append(run(make(big, 'train'), big.inputs(80)))
    close(found[1].value, found[0].value, 1e-12, 'value')
    close(found[1].inputs[0], found[0].inputs[0], 1e-12, 'x')
    for name, value in found[0].parameters.items():
        close(found[1].parameters[name], value, 1e-12, name)


@pytest.mark.parametrize('kind', [RNN, LSTM, GRU])
def test_what_is_saved_can_be_copied(kind):
    """Modules of users may keep it, and checks run on copies."""
    module = kind('m', [data((1, 4, 3), np.ones((2, 4, 3)))], hidden_size=2)
    module.forward()
    deepcopy(module._saved)


def test_lengths_without_masked_are_not_taken_for_a_state():
    with pytest.raises(ShapeError, match=r"found 'd1' of shape \(1,\)\. Say masked=True"):
        LSTM('m', [data((1, 4, 3)), data((1,))], hidden_size=2)


def test_one_example_and_several_lengths():
    y, marks = data((1, 4, 2), np.arange(8.0).reshape(1, 4, 2)), data((1,), np.array([1, 4, 2]))
    module = LastState('m', [y, marks])
    module.forward()
    assert module.output.val.tolist() == [[0, 1], [6, 7], [2, 3]]
    module.output.deriv = np.ones((3, 2))
    module.backward()
    assert y.deriv.tolist() == [[[1, 1], [1, 1], [0, 0], [1, 1]]]


@pytest.mark.parametrize('kind', [RNN, LSTM, GRU])
def test_what_stands_in_the_padding_does_not_matter(kind):
    x = np.random.default_rng(0).standard_normal((2, 4, 3))
    x[0, 2:] = 0
    found = []
    for padding in (0.0, np.nan):
        x[0, 2:] = padding
        np.random.seed(0)
        module = kind('m', [data((1, 4, 3), x), data((1,), np.array([2, 4]))], hidden_size=2, masked=True)
        module.forward()
        module.output.deriv = np.ones(module.output.val.shape)
        module.backward()
        found.append([module.output.val, module.inputs[0].deriv, *(p.deriv for p in module.parameter_list)])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, other)
