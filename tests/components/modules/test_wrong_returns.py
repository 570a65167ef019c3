"""What a module's own maths returns is checked, and refused in a sentence."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.net import Net
from deepfusion.errors import MissingValueError, NodeTypeError, OptionError, ShapeError, UnknownNameError


class Returns(Module):
    """Gives back whatever it is told to."""

    def __init__(self, ID, inputs, forward=None, backward=None):
        self.given_forward, self.given_backward = forward, backward
        super().__init__(ID, inputs)

    def output_shape(self, shape):
        return shape

    def declare_parameters(self, shape):
        self.add_parameter('scale', (1,), init='One')

    def compute(self, xp, x):
        return (x, ()) if self.given_forward is None else self.given_forward(x)

    def differentiate(self, xp, deriv):
        return self.given_backward(deriv)


def net(**given):
    x = Data('x', (1, 2), np.ones((3, 2)))
    return Net('net', [Returns('mine', [x], **given).output])


@pytest.mark.parametrize(('forward', 'found'), [
    (lambda x: x, 'ndarray'), (lambda x: (x, x), r'\(ndarray, ndarray\)'), (lambda x: [x, ()], 'list'),
    (lambda x: (x, (), ()), r'\(ndarray, tuple of 0, tuple of 0\)'), (lambda x: (1.5, ()), r'\(float, tuple of 0\)'),
    (lambda x: (x.tolist(), ()), r'\(list of 3, tuple of 0\)')])
def test_compute(forward, found):
    with pytest.raises(NodeTypeError, match=rf"Returns 'mine': expected compute to return \(value, .*{found}. W"):
        net(forward=forward).forward()


@pytest.mark.parametrize(('backward', 'found'), [
    (lambda d: d, 'ndarray'), (lambda d: (d, {}), r'\(ndarray, dict\)'),
    (lambda d: ((d, d), {}), r'\(tuple of 2, dict\)'), (lambda d: ((d,), None), r'\(tuple of 1, NoneType\)')])
def test_differentiate(backward, found):
    made = net(backward=backward)
    made.forward()
    with pytest.raises(NodeTypeError, match=rf"Returns 'mine': expected differentiate to .* found {found}. Write"):
        made.backward()


@pytest.mark.parametrize('shape', [None, 3])
def test_output_shape(shape):
    class Shapeless(Returns):
        def output_shape(self, of_input):
            return shape

    x = Data('x', (1, 2))
    with pytest.raises(NodeTypeError, match="Shapeless 'm': expected output_shape to return a shape such as"):
        Shapeless('m', [x])
    assert not x.outputs


@pytest.mark.parametrize('name', ['update', 'output', 'is_frozen', 'mode', 'add_parameter', '', 5, None, 'scale'])
def test_names_of_parameters_that_are_taken(name):
    class Named(Returns):
        def declare_parameters(self, shape):
            super().declare_parameters(shape)
            self.add_parameter(name, (1,))

    x = Data('x', (1, 2))
    with pytest.raises(OptionError, match="Named 'm': expected a name for the parameter that no attribute of modules"):
        Named('m', [x])
    assert not x.outputs


def test_a_forward_that_sets_nothing():
    class Silent(Module):
        def forward(self):
            pass

    x = Data('x', (1, 2), np.ones((1, 2)))
    silent = Silent('silent', [x], Data('s', (1, 2)))
    with pytest.raises(MissingValueError, match="found none. Silent 'silent' makes it: run its forward first, which"):
        Net('net', [Returns('mine', [silent.output]).output]).forward()


def test_a_misspelt_parameter():
    made = net(backward=lambda d: ((d,), {'scal': d.sum()}))
    made.forward()
    with pytest.raises(UnknownNameError, match="parameter of Returns 'mine' is called 'scal'. Did you mean 'scale'"):
        made.backward()


@pytest.mark.parametrize(('value', 'fix'), [(np.ones(4), 'batch axis'), (np.array([1, 2, 0]), r'np.eye\(4\)'),
                                            (np.array([[1], [2]]), r'np.eye\(4\)'), (np.ones((2, 3)), 'Reshape'),
                                            (3, 'Reshape')])
def test_a_value_of_another_shape_names_the_likely_fix(value, fix):
    with pytest.raises(ShapeError, match=fix):
        Data('y', (1, 4)).val = value


def test_numbers_for_a_column():
    with pytest.raises(ShapeError, match=r'Give value\[:, None\], one number an example'):
        Data('y', (1, 1)).val = np.array([0, 1, 1, 0])


@pytest.mark.parametrize(('other', 'found'), [(lambda d: d.T, r'\(2, 3\)'), (lambda d: d[:1], r'\(1, 2\)'),
                                              (lambda d: d.sum(), r'\(\)'), (lambda d: d[0], r'\(2,\)')])
def test_derivatives_of_other_shapes(other, found):
    made = net(backward=lambda d: ((other(d),), {}))
    made.forward()
    with pytest.raises(ShapeError, match=rf"'mine', 'x': expected a derivative of shape \(3, 2\).* found {found}"):
        made.backward()


@pytest.mark.parametrize('scale', [lambda d: d.sum(), lambda d: d.sum(keepdims=True), lambda d: d])
def test_derivatives_of_what_was_repeated(scale):
    made = net(backward=lambda d: ((d,), {'scale': scale(d)}))
    made.forward()
    made.backward()
    assert made.get_node('mine').scale.deriv == 6


def test_a_value_set_between_forward_and_backward():
    made = net(backward=lambda d: ((d,), {}))
    made.forward()
    made.get_node('x').val = np.ones((5, 2))
    with pytest.raises(ShapeError, match="Returns 'mine', 'x': .* run forward again after a value is set"):
        made.backward()
