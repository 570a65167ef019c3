"""Pictures of filters, activations, attention, fusion weights and saliency."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Flatten, MatMul, Reshape, Transpose
from deepfusion.components.modules.activation_functions import Sigmoid
from deepfusion.components.modules.attention import MultiHeadAttention, ScaledDotProductAttention
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net
from deepfusion.errors import MissingValueError, OptionError, ShapeError, UnknownNameError
from deepfusion.utils.backend import use_precision
from deepfusion.visualization import (
    saliency_map,
    visualize_activations,
    visualize_attention,
    visualize_filters,
    visualize_fusion_weights,
    visualize_saliency,
)
from deepfusion.visualization.figures import resized
from deepfusion.visualization.overlays import _attention_weights, _numbers


def classifier(channels=3):
    """A small net on pictures, with everything that differs between training and testing."""
    x = Data('x', (1, channels, 6, 6))
    h = BatchNorm('norm', [Conv2D('conv', [x], filter_size=3, filter_count=5).output]).output
    h = InvertedDropout('drop', [h]).output
    logits = MatMul('fc', [Flatten('flat', [h]).output], Data('logits', (1, 4))).output
    loss = CrossEntropyLoss('ce', [logits, Data('y', (1, 4))]).output
    return Net('classifier', [loss])


def picture(channels=3, seed=0):
    return np.random.default_rng(seed).random((channels, 6, 6))


def state(net):
    """Everything of a net that a drawing must leave alone."""
    arrays = [(id(data._val), None if data._val is None else data._val.copy(), id(data._deriv))
              for node in net.topological_order for data in ([node] if isinstance(node, Data) else node.parameter_list)]
    norm = net.get_node('norm')
    return arrays, norm.running_mean.copy(), net.mode, norm.mode, np.random.get_state()[1].tolist()


def is_picture(path):
    with Image.open(path) as image:
        return min(image.size) > 100 and len(set(image.convert('L').resize((64, 64)).tobytes())) > 3


@pytest.mark.parametrize('draw', [
    lambda net, name: visualize_filters(net, filename=name),
    lambda net, name: visualize_filters(net, 'fc', name, shape=(5, 4, 4)),
    lambda net, name: visualize_activations(net, 'conv', picture(), name),
    lambda net, name: visualize_activations(net, 'logits', picture(), name),
    lambda net, name: visualize_attention(net, 'conv', picture(), name),
    lambda net, name: visualize_saliency(net, picture(), filename=name, samples=3)])
def test_one_call_one_figure_and_the_net_stays_as_it_is(draw, tmp_path):
    net = classifier()
    before = state(net)
    path = draw(net, tmp_path / 'figure')
    assert path.path == tmp_path / 'figure.png'
    assert is_picture(path)
    assert draw(net, tmp_path / 'figure.svg').format == 'svg'
    assert isinstance(draw(net, None), Figure)
    after = state(net)
    assert str(after[1:]) == str(before[1:])
    for (ID, values, deriv), (ID2, values2, deriv2) in zip(before[0], after[0], strict=True):
        assert (ID, deriv) == (ID2, deriv2)
        assert values is None or np.array_equal(values, values2)


@pytest.mark.parametrize('channels', [1, 3, 7])
def test_filters_of_any_number_of_channels(channels, tmp_path):
    assert is_picture(visualize_filters(classifier(channels), 'conv', tmp_path / 'f'))


def test_values_of_the_last_pass_are_drawn(tmp_path):
    net = classifier()
    with pytest.raises(MissingValueError, match='forward'):
        visualize_activations(net, 'conv', filename=tmp_path / 'a')
    net.get_node('x').val, net.get_node('y').val = np.stack([picture(), picture(seed=1)]), np.eye(4)[:2]
    net.forward()
    axes = visualize_activations(net, 'logits', filename=None, example=1).axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], net.get_node('logits').val[1], rtol=1e-5)
    with pytest.raises(OptionError, match='example'):
        visualize_activations(net, 'conv', filename=None, example=2)


def test_a_picture_is_computed_in_test_mode():
    net = classifier()
    bars = [visualize_activations(net, 'logits', picture(), None).axes[0].patches for _ in range(2)]
    assert [bar.get_height() for bar in bars[0]] == [bar.get_height() for bar in bars[1]]
    assert net.get_node('logits').val is None


def test_saliency_is_the_derivative_of_one_answer():
    with use_precision('float64'):
        net = classifier()
        shown, target, h = picture(), 2, 1e-5
        found = saliency_map(net, shown, target=target)
        net.set_mode('test')

        def answer(value):
            net.get_node('x').val, net.get_node('y').val = value[None], np.eye(4)[:1]
            net.forward()
            return float(net.get_node('logits').val[0, target])

        numeric = np.zeros(shown.shape)
        for index in np.ndindex(*shown.shape):
            step = np.zeros(shown.shape)
            step[index] = h
            numeric[index] = (answer(shown + step) - answer(shown - step)) / (2 * h)
    np.testing.assert_allclose(found, abs(numeric).max(axis=0), rtol=1e-6, atol=1e-9)


def test_saliency_of_the_largest_answer_by_default():
    net = classifier()
    bars = visualize_activations(net, 'logits', picture(), None).axes[0].patches
    best = int(np.argmax([bar.get_height() for bar in bars]))
    np.testing.assert_array_equal(saliency_map(net, picture()), saliency_map(net, picture(), 'fc', best))
    assert not np.array_equal(saliency_map(net, picture()), saliency_map(net, picture(), target=(best + 1) % 4))
    with pytest.raises(OptionError, match='target'):
        saliency_map(net, picture(), target=4)


def tokens():
    """Attention over the nine places of a picture."""
    x = Data('x', (1, 3, 6, 6))
    h = Conv2D('patches', [x], filter_size=2, stride=2, filter_count=8).output
    h = Transpose('tokens', [Reshape('flat', [h], shape=(8, 9)).output], axes=(0, 2, 1)).output
    attention = MultiHeadAttention('attention', [h, h, h], heads=2, p_keep=0.5)
    return Net('tokens', [SumLoss('sum', [attention.output]).output])


def test_attention_weights_are_those_that_make_the_output():
    q, k, v = (Data(name, (1, 4, 3)) for name in 'qkv')
    module = ScaledDotProductAttention('a', [q, k, v], causal=True)
    net = Net('n', [SumLoss('s', [module.output]).output])
    rng = np.random.default_rng(0)
    q.val, k.val, v.val = (rng.standard_normal((2, 4, 3)) for _ in range(3))
    net.forward()
    weights = _attention_weights(net, module, None, q)
    assert weights.shape == (2, 1, 4, 4)
    np.testing.assert_allclose(weights.sum(axis=3), 1, rtol=1e-5)
    np.testing.assert_allclose(weights[:, 0] @ v.val, module.output.val, rtol=1e-4, atol=1e-6)
    assert (weights[:, :, 0, 1:] == 0).all()
    assert len(visualize_attention(net, module, filename=None).axes) == 2           # one head and its scale


def test_attention_over_a_picture(tmp_path):
    net = tokens()
    assert is_picture(visualize_attention(net, 'attention', picture(), tmp_path / 'a'))
    figure = visualize_attention(net, 'attention', picture(), None, query=4)
    assert [axes.get_title() for axes in figure.axes[:3]] == ['', 'head 0', 'head 1']
    with pytest.raises(OptionError, match='query'):
        visualize_attention(net, 'attention', picture(), None, query=9)
    with pytest.raises(MissingValueError, match='forward'):
        visualize_attention(net, 'attention', filename=None)
    net.get_node('attention').block_size = 4
    with pytest.raises(OptionError, match='block_size'):
        visualize_attention(net, 'attention', picture(), None)


@pytest.mark.parametrize(('options', 'expected'), [
    ({'weights': [5, 2, 3], 'normalize': True}, [0.5, 0.2, 0.3]), ({'weights': [1, 2, 4]}, [1, 2, 4]),
    ({'weights': [5, 2, 3], 'learned': 'softmax'}, [0.5, 0.2, 0.3]), ({'weights': [1, 3, 4], 'learned': 'fast'},
                                                                     [0.125, 0.375, 0.5])])
def test_numbers_of_fusion(options, expected):
    inputs = [Data(ID, (1, 2)) for ID in 'abc']
    net = Net('n', [WeightedSum('w', inputs, **options).output])
    np.testing.assert_allclose(_numbers(net.get_node('w')), expected, rtol=1e-4)
    axes = visualize_fusion_weights(net, 'w', filename=None).axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], expected, rtol=1e-4)
    assert [label.get_text() for label in axes.get_yticklabels()] == ['a', 'b', 'c']


def test_maps_of_fusion(tmp_path):
    x = Data('x', (1, 3, 6, 6))
    first, second = (Conv2D(f'level{k}', [x], filter_size=3, filter_count=4).output for k in range(2))
    maps = Sigmoid('maps', [Conv2D('to_maps', [x], filter_size=3, filter_count=2).output]).output
    net = Net('n', [WeightedSum('w', [first, second, maps], weight_map=True, normalize=True).output])
    assert is_picture(visualize_fusion_weights(net, 'w', picture(), tmp_path / 'f'))
    figure = visualize_fusion_weights(net, 'w', picture(), None)
    overlays = [axes.images[1].get_array() for axes in figure.axes[1:3]]
    np.testing.assert_allclose(overlays[0] + overlays[1], 1, rtol=1e-5)
    with pytest.raises(OptionError, match='WeightedSum'):
        visualize_fusion_weights(net, 'maps', picture(), None)


def test_maps_are_resized_between_the_middles_of_their_places():
    values = np.array([[0.0, 1.0]])
    np.testing.assert_allclose(resized(values, 1, 4), [[0, 0.25, 0.75, 1]])
    np.testing.assert_allclose(resized(np.ones((3, 3)), 7, 5), 1)


def test_mistakes_are_answered_in_a_sentence(tmp_path):
    net = classifier()
    with pytest.raises(UnknownNameError, match='conv'):
        visualize_filters(net, 'konv')
    with pytest.raises(OptionError, match='filters'):
        visualize_filters(net, 'norm', tmp_path / 'f')
    with pytest.raises(ShapeError, match=r'picture of shape \(3, 6, 6\)'):
        visualize_activations(net, 'conv', np.zeros((1, 6, 6)), tmp_path / 'f')
    with pytest.raises(OptionError, match='visualize_activations'):
        visualize_attention(net, 'logits', picture(), tmp_path / 'f')
    assert not list(Path(tmp_path).iterdir())
