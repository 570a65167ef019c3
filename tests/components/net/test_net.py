"""A net's options."""

import copy
import pickle

import numpy as np
import pytest

from deepfusion.components.net import Net
from deepfusion.errors import OptionError
from tests.support.nets import two_layers


@pytest.mark.parametrize('options', [
    {'optimizer_details': {'optimizer_name': 'Adan'}},
    {'is_regularized': True, 'regularizer_details': {'reg_name': 'L3', 'reg_strength': 1}},
    {'is_regularized': True},
])
def test_options_that_are_refused_change_nothing(options):
    net = two_layers()
    layer = net.get_node('m1')
    before = layer.learning_rate, layer.W.optimizer
    with pytest.raises(ValueError, match='Adam|L2'):
        Net('other', net.root_nodes, learning_rate=0.5, **options)
    assert (layer.learning_rate, layer.W.optimizer) == before


def test_what_is_assigned_reaches_the_nodes():
    net = two_layers()
    net.learning_rate, net.is_frozen = 0.25, True
    assert [(p.learning_rate, p.is_frozen) for p in net.parameters()] == [(0.25, True)] * len(net.parameters())
    net.is_frozen = False
    assert not any(p.is_frozen for p in net.parameters())
    net.mode = 'test'
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert (twin.learning_rate, twin.is_frozen, twin.mode) == (0.25, False, 'test')
    with pytest.raises(ValueError, match="No mode is called 'eval'"):
        net.mode = 'eval'
    assert net.mode == 'test'


def test_what_was_not_meant_for_verbose_is_refused():
    net = two_layers()
    with pytest.raises(OptionError, match='expected verbose to be True or False; found ndarray. Values are set on'):
        net.forward(np.ones((2, 3)))
    with pytest.raises(OptionError, match='found str. What to differentiate by is written as wrt='):
        net.backward('unfrozen')
    assert net.root_nodes[0].val is None
