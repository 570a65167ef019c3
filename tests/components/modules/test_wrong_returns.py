"""What a module's own maths returns is checked, and refused in a sentence."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.net import Net
from deepfusion.errors import NodeTypeError, ShapeError, UnknownNameError


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


@pytest.mark.parametrize('forward', [lambda x: x, lambda x: (x, x), lambda x: [x, ()], lambda x: (x, (), ())])
def test_compute(forward):
    with pytest.raises(NodeTypeError, match=r"Returns 'mine': expected compute to return \(value, saved\)"):
        net(forward=forward).forward()


@pytest.mark.parametrize('backward', [lambda d: d, lambda d: (d, {}), lambda d: ((d, d), {}), lambda d: ((d,), None)])
def test_differentiate(backward):
    made = net(backward=backward)
    made.forward()
    with pytest.raises(NodeTypeError, match=r"Returns 'mine': expected differentiate to return"):
        made.backward()


def test_a_misspelt_parameter():
    made = net(backward=lambda d: ((d,), {'scal': d.sum()}))
    made.forward()
    with pytest.raises(UnknownNameError, match="parameter of Returns 'mine' is called 'scal'. Did you mean 'scale'"):
        made.backward()


@pytest.mark.parametrize(('value', 'fix'), [(np.ones(4), 'batch axis'), (np.array([1, 2, 0]), r'np.eye\(4\)'),
                                            (np.array([[1], [2]]), r'np.eye\(4\)'), (np.ones((2, 3)), 'Reshape')])
def test_a_value_of_another_shape_names_the_likely_fix(value, fix):
    with pytest.raises(ShapeError, match=fix):
        Data('y', (1, 4)).val = value


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
