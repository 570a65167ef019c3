"""Nets that could not be finished are drawn with the fault in its place."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.net import Net
from deepfusion.errors import GraphError, NodeTypeError, ShapeError
from deepfusion.visualization import draw_partial
from deepfusion.visualization.unfinished import describe_nodes, faulty_module
from tests.visualization.test_draw import words_of


def build():
    """A net whose last module does not fit; returns its input and the error."""
    x = Data('x', (1, 3, 8, 8))
    h = Relu('relu', [Conv2D('conv', [x], filter_size=3, filter_count=8).output]).output
    with pytest.raises(ShapeError) as caught:
        Add('sum', [h, Data('z', (1, 3, 5, 5))], Data('out', (1, 8, 6, 6)))
    return x, caught.value


def test_the_faulty_edges_stand_in_their_place():
    x, error = build()
    description = describe_nodes(x, error)
    IDs = [note.ID for note in description.nodes]
    assert set(IDs) == {'x', 'conv', 'conv_out', 'relu', 'relu_out', 'z', 'out', 'sum'}
    faulty = {(IDs[edge.tail], IDs[edge.head]) for edge in description.edges if edge.fault}
    assert faulty == {('relu_out', 'sum'), ('z', 'sum'), ('sum', 'out')}
    assert description.nodes[IDs.index('sum')].fault == description.error == str(error)
    assert type(faulty_module(error)).__name__ == 'Add'


@pytest.mark.parametrize('form', ['svg', 'png', 'pdf', 'gv', 'html'])
def test_it_is_drawn_in_every_form(form, tmp_path):
    x, error = build()
    picture = draw_partial(x, tmp_path / f'net.{form}', error=error)
    if form == 'svg':
        words = ' '.join(words_of(picture))
        assert 'could not be made' in words
        assert str(error) in words
        assert 'stroke-dasharray' in picture.path.read_text()


def test_without_an_error_all_that_is_wired_is_drawn(tmp_path):
    x, _ = build()
    words = words_of(draw_partial([x], tmp_path / 'net.svg'))
    assert {'x', 'conv', 'relu', 'relu_out'} <= set(words)
    assert 'could not be made' not in words


def test_a_cycle_is_drawn(tmp_path):
    a, c = Data('a', (1, 2)), Data('c', (1, 2))
    sum_ = Add('g', [a, c])
    Relu('k', [sum_.output], c)
    with pytest.raises(GraphError) as caught:
        Net('cycle', [c])
    words = words_of(draw_partial(c, tmp_path / 'net.svg', error=caught.value))
    assert {'a', 'c', 'g', 'k'} <= set(words)


def test_two_nodes_with_one_ID_are_both_drawn(tmp_path):
    x = Data('x', (1, 2))
    end = Relu('f', [Relu('f', [x]).output]).output
    with pytest.raises(GraphError) as caught:
        Net('twins', [end])
    assert words_of(draw_partial(x, tmp_path / 'net.svg', error=caught.value)).count('f') == 2


def test_a_fault_of_a_users_module_is_found():
    class Picky(MatMul):
        """Takes nothing."""

        def output_shape(self, shape):
            raise self.shape_error('nothing', shape, 'Give up.')

    x = Data('x', (1, 2))
    with pytest.raises(ShapeError) as caught:
        Picky('picky', [x])
    note = describe_nodes(x, caught.value).nodes[-1]
    assert (note.ID, note.type) == ('picky', 'Picky')
    assert not x.outputs


def test_errors_that_no_module_raised():
    assert faulty_module(ValueError('elsewhere')) is None
    assert faulty_module(None) is None
    with pytest.raises(NodeTypeError):
        describe_nodes(['x'])
