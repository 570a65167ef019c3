"""Every algorithm of convolution against PyTorch, over sizes and options drawn at random."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.functional import listed_columns, winograd
from deepfusion.functional.convolution import convolve, convolve_backward, tile_size, use_algorithm
from deepfusion.functional.windows import FEW, Windows

torch = pytest.importorskip('torch')
F = torch.nn.functional


@st.composite
def cases(draw, winograd=False):
    """Sizes and options of a convolution whose output is not empty."""
    rank = 2 if winograd else draw(st.integers(1, 3))
    axis = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))   # noqa: E731
    size = (3, 3) if winograd else axis(1, 3)
    stride = (1, 1) if winograd else axis(1, 3)
    dilation = (1, 1) if winograd else axis(1, 2)
    padding = tuple(zip(axis(0, 2), axis(0, 2), strict=True))
    need = [max(1, d * (k - 1) + 1 - sum(p)) for k, d, p in zip(size, dilation, padding, strict=True)]
    spatial = tuple(n + draw(st.integers(0, 12 if winograd else 3)) for n in need)
    groups = 1 if winograd else draw(st.sampled_from([1, 1, 2, 3]))
    channels, filters = (groups * draw(st.sampled_from([1, 2, 3, FEW])) for _ in range(2))
    batch = draw(st.integers(1, 3))
    return Windows(size, stride, padding, dilation), groups, (batch, channels, *spatial), filters, draw(st.booleans())


def torch_convolution(x, w, b, windows, groups):
    """PyTorch's convolution, padded on each side as asked."""
    sides = [n for pair in reversed(windows.padding) for n in pair]
    return getattr(F, f'conv{x.dim() - 2}d')(F.pad(x, sides), w, b, windows.stride, 0, windows.dilation, groups)


def lies_as_planes(windows, groups, shape, filters, dtype, output):
    """Few channels and few filters, unless Winograd or a depthwise convolution makes it, or no rows are needed."""
    is_winograd = winograd.applies(windows, groups) and tile_size(shape, filters, np.dtype(dtype))
    is_volume = windows.taps == 1 and output == shape[2:] and not np.any(windows.padding)
    depthwise = groups > 1 and shape[1] == groups
    return shape[1] // groups < FEW and filters < FEW and not (is_winograd or is_volume or depthwise)


def agree(case, dtype, tolerance, last):
    windows, groups, shape, filters, bias = case
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(dtype)
    w = rng.standard_normal((filters, shape[1] // groups, *windows.size)).astype(dtype)
    b = rng.standard_normal(filters).astype(dtype) if bias else None
    X, W = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, w))
    B = torch.tensor(b, dtype=torch.float64, requires_grad=True) if bias else None
    Y = torch_convolution(X, W, B, windows, groups)
    deriv = rng.standard_normal(Y.shape).astype(dtype)
    Y.backward(torch.tensor(deriv, dtype=torch.float64))
    if last:
        x = np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, x.ndim - 1, *range(1, x.ndim - 1))
    y, saved = convolve(x, w, b, windows, groups)
    dx, dw, db = convolve_backward(deriv, saved, wants_bias=bias)
    pairs = [(y, Y), (dx, X.grad), (dw, W.grad)] + ([(db, B.grad)] if bias else [])
    are_planes = lies_as_planes(windows, groups, shape, filters, dtype, y.shape[2:])
    assert (y if are_planes else np.moveaxis(y, 1, -1)).flags.c_contiguous
    for mine, theirs in pairs:
        theirs = theirs.detach().numpy()
        assert mine.shape == theirs.shape
        assert mine.dtype == dtype
        assert abs(mine - theirs).max(initial=0) <= tolerance * max(1, abs(theirs).max(initial=0))


@settings(max_examples=25, deadline=None)
@given(cases(), st.booleans())
def test_agrees_with_pytorch(case, last):
    agree(case, np.float64, 1e-10, last)
    agree(case, np.float32, 1e-4, last)


@pytest.mark.parametrize(('name', 'value'), [('LIST', 0), ('BLOCK', 1)])
@settings(max_examples=25, deadline=None)
@given(case=cases(), last=st.booleans())
def test_agrees_with_pytorch_without_lists_and_in_blocks(name, value, case, last):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listed_columns, name, value)
        agree(case, np.float64, 1e-10, last)


@pytest.mark.parametrize(('shape', 'filters', 'size', 'is_listed'), [
    ((4, 3, 16, 16), 5, (3, 2), True),
    ((4, 3, 16, 16), 5, (1, 1), False),                     # the volume is the matrix
    ((4, 3, 16, 16), FEW, (3, 2), False),
    ((4, FEW, 16, 16), 5, (3, 2), False),
    ((1, 3, 100, 100), 5, (3, 2), False),                   # the list would be long
    ((400, 3, 16, 16), 5, (3, 2), False),                   # and here, the rows many
])
def test_few_short_windows_are_taken_by_a_list(shape, filters, size, is_listed):
    windows = Windows(size, (1, 1), ((0, 0), (0, 0)), (1, 1))
    _, (backward, *_) = convolve(np.ones(shape), np.ones((filters, shape[1], *size)), None, windows)
    assert (backward is listed_columns.backward) == is_listed


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize(('channels', 'filters', 'size', 'groups'), [
    (2, 3, (2,), 1), (3, 5, (3, 3), 1), (16, 16, (3, 3), 1), (16, 4, (1, 1), 1), (16, 16, (2, 2), 2),
    (4, 4, (3, 3), 4), (4, 8, (3,), 4), (2, 2, (3, 3, 3), 2)])
def test_no_examples(channels, filters, size, groups, dtype):
    rank = len(size)
    x, w = np.ones((0, channels, *(5,) * rank), dtype), np.ones((filters, channels // groups, *size), dtype)
    windows = Windows(size, (1,) * rank, ((0, 0),) * rank, (1,) * rank)
    with use_algorithm('winograd4'):
        y, saved = convolve(x, w, np.ones(filters, dtype), windows, groups)
    assert y.shape == (0, filters, *windows.output_size(x.shape[2:]))
    dx, dw, db = convolve_backward(y, saved)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dw, np.zeros(w.shape))
    np.testing.assert_array_equal(db, np.zeros(filters))


@pytest.mark.parametrize(('channels', 'filters', 'size', 'groups'), [
    (2, 3, (2,), 1), (16, 4, (3, 3), 1), (16, 16, (3, 3), 1), (16, 16, (1, 1), 1), (4, 4, (3, 3), 4)])
def test_only_the_derivatives_that_are_wanted(channels, filters, size, groups):
    rng = np.random.default_rng(0)
    rank = len(size)
    x, w = rng.standard_normal((2, channels, *(8,) * rank)), rng.standard_normal((filters, channels // groups, *size))
    x, w = x.astype(np.float32), w.astype(np.float32)
    windows = Windows(size, (1,) * rank, ((0, 0),) * rank, (1,) * rank)
    with use_algorithm('winograd4'):
        y, saved = convolve(x, w, np.ones(filters, np.float32), windows, groups)
        whole = convolve_backward(y, saved)
        for wanted in product((False, True), repeat=3):
            for d, all_wanted, is_wanted in zip(convolve_backward(y, saved, *wanted), whole, wanted, strict=True):
                assert (d is not None) == is_wanted
                assert d is None or np.array_equal(d, all_wanted)


@pytest.mark.parametrize('algorithm', ['im2col', 'winograd2', 'winograd4'])
@settings(max_examples=12, deadline=None)
@given(case=cases(winograd=True), last=st.booleans())
def test_algorithms_agree_with_pytorch(algorithm, case, last):
    with use_algorithm(algorithm):
        agree(case, np.float64, 1e-10, last)
        agree(case, np.float32, 1e-4, last)


@pytest.mark.parametrize('shape', [(5, 40, 17, 15), (6, 160, 4, 5), (3, 130, 9, 30)])
@pytest.mark.parametrize('algorithm', ['winograd2', 'winograd4'])
def test_large_volumes_are_split_over_threads_alike(algorithm, shape):
    """Few filters in blocks of images, many at once, images whole or axis by axis."""
    with use_algorithm(algorithm):
        agree((Windows((3, 3), (1, 1), ((1, 1), (0, 1)), (1, 1)), 1, shape, 130, True), np.float32, 1e-4, True)


@pytest.mark.parametrize('padding', [((0, 0), (1, 1)), ((1, 1), (1, 1)), ((2, 1), (0, 2)), ((3, 0), (5, 7))])
@pytest.mark.parametrize('size', [(64, 32), (32, 31), (30, 33), (64, 18), (56, 44), (1, 23)])
@pytest.mark.parametrize('algorithm', ['winograd2', 'winograd4'])
def test_axes_of_several_pieces(algorithm, size, padding):
    if size == (1, 23) and padding[0] == (0, 0):
        size = (3, 23)
    with use_algorithm(algorithm):
        agree((Windows((3, 3), (1, 1), padding, (1, 1)), 1, (2, 2, *size), 3, True), np.float64, 1e-10, True)


@pytest.mark.parametrize(('size', 'kept'), [(8, 1), (256, 0)])
def test_saves_the_input_and_few_rows_without_winograd(size, kept):
    x, w = np.ones((2, 3, size, size)), np.ones((4, 3, 3, 3))
    with use_algorithm('im2col'):
        _, saved = convolve(x, w, None, Windows((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)))
    arrays = [a for a in saved if isinstance(a, np.ndarray)]
    assert sum(all(a is not given for given in (x, w)) for a in arrays) == kept


@pytest.mark.parametrize(('shape', 'filters', 'groups', 'algorithm'), [
    ((2, 6, 9, 9), (6, 1, 3, 3), 6, 'auto'),                # depthwise
    ((2, 3, 9, 9), (4, 3, 3, 3), 1, 'auto'),                # by a list of places
    ((2, 16, 9, 9), (16, 16, 3, 3), 1, 'im2col'),
    ((2, 16, 9, 9), (16, 16, 3, 3), 1, 'winograd4'),        # few filters
    ((2, 128, 4, 4), (160, 128, 3, 3), 1, 'winograd4')])    # many
def test_the_positive_part_is_taken_at_once(shape, filters, groups, algorithm):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(shape, np.float32), rng.standard_normal(filters, np.float32)
    bias, windows = rng.standard_normal(filters[0], np.float32), Windows((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    with use_algorithm(algorithm):
        plain, _ = convolve(x, weight, bias, windows, groups)
        found, _ = convolve(x, weight, bias, windows, groups, positive=True)
    assert (plain < 0).any()
    np.testing.assert_array_equal(found, np.maximum(plain, 0))
