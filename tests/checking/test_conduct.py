"""The mistakes that gradients do not show: each is found, named as what it is, and laid at the right module's door."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Tanh
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net
from deepfusion.utils.backend import use_backend
from deepfusion.utils.grad_check import check_module, check_net


class Plain(Module):
    """y = 3 x w, in the manner of 0.0.3, with nothing wrong."""

    different_at_train_test = False

    def __init__(self, ID, inputs, output=None):
        super().__init__(ID, inputs, output)
        self.add_parameter('w', (1, self.inputs[0].shape[1]), init=2.0)

    def output_shape(self, *shapes):
        return shapes[0]

    def forward(self):
        self.output.val = 3 * self.inputs[0].val * self.w.val

    def backward(self):
        d = 3 * self.output.deriv
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv += (d * self.inputs[0].val).sum(axis=0, keepdims=True)


class Overwrites(Plain):
    def backward(self):
        d = 3 * self.output.deriv
        self.inputs[0].deriv = d * self.w.val
        self.w.deriv += (d * self.inputs[0].val).sum(axis=0, keepdims=True)


class OverwritesParameter(Plain):
    def backward(self):
        d = 3 * self.output.deriv
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv = (d * self.inputs[0].val).sum(axis=0, keepdims=True)


class ChangesInput(Plain):
    def forward(self):
        super().forward()
        self.inputs[0].val[...] *= 0.5


class ChangesParameter(Plain):
    def backward(self):
        super().backward()
        self.w.val[...] += 1


class ChangesItsOutputsDerivative(Plain):
    def backward(self):
        super().backward()
        self.output.deriv[...] = 0


class ChangesItsOutput(Plain):
    def backward(self):
        super().backward()
        self.output.val[...] = 0


class HandsItsInputOn(Module):
    def output_shape(self, shape):
        return shape

    def forward(self):
        self.output.val = self.inputs[0].val

    def backward(self):
        self.inputs[0].deriv += self.output.deriv


class KeepsTheFirstInput(Plain):
    def forward(self):
        self.kept = vars(self).get('kept', self.inputs[0].val)
        super().forward()

    def backward(self):
        d = 3 * self.output.deriv
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv += (d * self.kept).sum(axis=0, keepdims=True)


class CountsPasses(Plain):
    count = 0

    def forward(self):
        super().forward()
        self.count += 1
        self.output.val = self.output.val * (1 + 0.1 * (self.count > 1))


class KeepsTheBatchSize(Plain):
    def forward(self):
        self.batch = vars(self).get('batch', len(self.inputs[0].val))
        self.output.val = 3 * self.inputs[0].val * self.w.val / self.batch

    def backward(self):
        d = 3 * self.output.deriv / self.batch
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv += (d * self.inputs[0].val).sum(axis=0, keepdims=True)


class DrawsForItself(Plain):
    def forward(self):
        self.mask = GENERATOR.random(self.inputs[0].val.shape) < 0.5
        self.output.val = 3 * self.inputs[0].val * self.w.val * self.mask

    def backward(self):
        d = 3 * self.output.deriv * self.mask
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv += (d * self.inputs[0].val).sum(axis=0, keepdims=True)


GENERATOR = np.random.default_rng(0)


class DrawsFromItsOwnGenerator(DrawsForItself):
    def __init__(self, ID, inputs, output=None):
        super().__init__(ID, inputs, output)
        self.rng = np.random.default_rng(1)

    def forward(self):
        self.mask = self.rng.random(self.inputs[0].val.shape) < 0.5
        self.output.val = 3 * self.inputs[0].val * self.w.val * self.mask


class ForgetsTheParameter(Plain):
    def backward(self):
        self.inputs[0].deriv += 3 * self.output.deriv * self.w.val


class HasAnUnusedParameter(Plain):
    def __init__(self, ID, inputs, output=None):
        super().__init__(ID, inputs, output)
        self.add_parameter('unused', (1, 2), init=1.0)


class ForgetsTheList(Plain):
    def __init__(self, ID, inputs, output=None):
        super().__init__(ID, inputs, output)
        self.s = Data(f'{ID}_s', (1, 2), val=np.ones((1, 2)), is_frozen=False)


class Stops(Plain):
    def backward(self):
        raise RuntimeError('no idea')


class WorksForThreeOnly(Plain):
    def backward(self):
        d = 3 * self.output.deriv * min(1, len(self.output.val) - 1)
        self.inputs[0].deriv += d * self.w.val
        self.w.deriv += (d * self.inputs[0].val).sum(axis=0, keepdims=True)


class ReliesOnMemory(Plain):
    def forward(self):
        x = self.inputs[0].val
        self.output.val = 3 * np.lib.stride_tricks.as_strided(x, x.shape, (x.itemsize * x.shape[1], x.itemsize)) \
            * self.w.val


class Base(Module):
    """y = 3 x, in the base class's way."""

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        return 3 * x, (x,)

    def differentiate(self, xp, deriv, x):
        return (3 * deriv,), {}


class WrongType(Base):
    def differentiate(self, xp, deriv, x):
        return ((3 * deriv).astype('float64'),), {}


class WrongValueType(Base):
    def compute(self, xp, x):
        return (3 * x).astype('float64'), (x,)


class WrongShape(Base):
    def differentiate(self, xp, deriv, x):
        return ((3 * deriv).T,), {}


class SumsOverTheBatch(Base):
    def differentiate(self, xp, deriv, x):
        return (3 * deriv.sum(axis=0, keepdims=True),), {}


class SpoilsItsNotes(Base):
    def compute(self, xp, x):
        return 3 * x, (xp.ones_like(x),)

    def differentiate(self, xp, deriv, ones):
        deriv = 3 * deriv * ones
        ones *= 2
        return (deriv,), {}


class DropsInTrainingOnly(Module):
    """Backward uses the mask in test mode, too."""

    different_at_train_test = True

    def output_shape(self, shape):
        return shape

    def compute(self, xp, x):
        self.mask = xp.asarray(np.random.rand(*x.shape) < 0.5)
        return x * self.mask if self.mode == 'train' else 0.5 * x, ()

    def differentiate(self, xp, deriv):
        return (deriv * self.mask,), {}


MISTAKES = {
    Overwrites: ('overwrites', 'input 0'), OverwritesParameter: ('overwrites', 'parameter w'),
    ChangesInput: ('writes', 'forward'), ChangesParameter: ('writes', 'backward'),
    ChangesItsOutputsDerivative: ('writes', 'backward'), ChangesItsOutput: ('writes', 'backward'),
    HandsItsInputOn: ('alias', 'input 0'), KeepsTheFirstInput: ('leftover', 'passes'),
    CountsPasses: ('leftover', 'output'), KeepsTheBatchSize: ('leftover', 'output'),
    DrawsForItself: ('random', 'output'), DrawsFromItsOwnGenerator: ('random', 'output'),
    ForgetsTheParameter: ('gradient', 'parameter w'), HasAnUnusedParameter: ('no gradient', 'parameter unused'),
    ForgetsTheList: ('no gradient', 'attribute s'), Stops: ('raises', 'backward'),
    WorksForThreeOnly: ('batch of 1', 'input 0'), ReliesOnMemory: ('memory', 'output'),
    WrongType: ('dtype', 'input 0'), WrongValueType: ('dtype', 'output'), WrongShape: ('shape', 'input 0'),
    SumsOverTheBatch: ('shape', 'input 0'),
    SpoilsItsNotes: ('repeat', 'input 0'),
}


@pytest.mark.parametrize('cls', MISTAKES, ids=lambda cls: cls.__name__)
def test_the_mistake_is_named(cls):
    kind, part = MISTAKES[cls]
    report = check_module(cls('m', [Data('x', (1, 2), val=np.array([[1., 2.], [3., -4.], [0.5, 1.5]]))]),
                          verbose=False)
    assert not report
    assert report.first_faulty == 'm'
    assert any(fault.kind == kind and part in fault.part for fault in report.faults), report.faults
    assert 'm' in str(report.faults[0])


@pytest.mark.parametrize('cls', [Plain, Base], ids=lambda cls: cls.__name__)
def test_what_is_right_passes(cls):
    assert check_module(cls('m', [Data('x', (1, 2))]), verbose=False)


@pytest.mark.parametrize('cls', [Overwrites, ChangesItsOutputsDerivative, KeepsTheFirstInput, WorksForThreeOnly, Stops,
                                 DrawsForItself, ForgetsTheParameter], ids=lambda cls: cls.__name__)
def test_the_module_is_named_in_a_net(cls):
    x = Data('x', (1, 2), val=np.array([[1., 2.], [3., -4.], [0.5, 1.5]]))
    below = MatMul('below', [x], out_features=3).output
    net = Net('net', [SumLoss('loss', [Tanh('above', [cls('guilty', [below]).output]).output]).output])
    report = check_net(net, verbose=False)
    assert not report
    assert report.faulty_modules == ['guilty']


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_the_other_mode_is_checked_too(mode):
    module = DropsInTrainingOnly('m', [Data('x', (1, 4))])
    module.set_mode(mode)
    report = check_module(module, verbose=False)
    assert not report
    assert [fault.kind for fault in report.faults] == ['test mode' if mode == 'train' else 'gradient']


class Product(Module):
    """The product of two inputs; the derivative of the second overwrites where both are one Data."""

    def output_shape(self, *shapes):
        return shapes[0]

    def forward(self):
        self.output.val = self.inputs[0].val * self.inputs[1].val

    def backward(self):
        a, b = self.inputs
        derivs = {a: a.deriv + self.output.deriv * b.val, b: b.deriv + self.output.deriv * a.val}
        for data, deriv in derivs.items():
            data.deriv = deriv


def test_one_data_as_two_inputs():
    report = check_module(Product('m', [Data('x', (1, 2)), Data('y', (1, 2))]), verbose=False)
    assert [fault.kind for fault in report.faults] == ['same Data twice']
    assert check_module(Add('m', [Data('x', (1, 2)), Data('y', (1, 2))]), verbose=False)


def test_a_data_that_feeds_two_modules():
    x = Data('x', (1, 3), val=np.random.default_rng(0).standard_normal((4, 3)))
    shared = Tanh('shared', [x]).output
    total = Add('total', [Overwrites('first', [shared]).output, Plain('second', [shared]).output]).output
    report = check_net(Net('net', [SumLoss('loss', [total]).output]), verbose=False)
    assert report.faulty_modules == ['first']
    assert not report['x']


def test_a_module_that_cannot_be_copied_is_refused_in_a_sentence():
    class Locked(Base):
        def __init__(self, ID, inputs):
            super().__init__(ID, inputs)
            self.lock = (x for x in ())

    with pytest.raises(TypeError, match=r"Locked 'm': expected a module that can be copied.*attribute 'lock'"):
        check_module(Locked('m', [Data('x', (1, 2))]), verbose=False)
    net = Net('net', [SumLoss('loss', [Locked('m', [Data('x', (1, 2), val=[[1., 2.]])]).output]).output])
    with pytest.raises(TypeError, match=r"Locked 'm': expected a module that can be copied"):
        check_net(net, verbose=False)


def test_conduct_on_the_strict_device():
    with use_backend('strict'):
        x = Data('x', (1, 2), val=np.array([[1., 2.], [3., -4.], [0.5, 1.5]]))
        assert check_module(Plain('m', [x]), verbose=False)
        kinds = {cls: {fault.kind for fault in check_module(cls('m', [x]), verbose=False).faults}
                 for cls in (Overwrites, ChangesInput, KeepsTheFirstInput, WorksForThreeOnly)}
    assert list(kinds.values()) == [{'overwrites'}, {'writes'}, {'leftover'}, {'batch of 1'}]
