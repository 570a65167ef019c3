"""A net's options."""

import pytest

from deepfusion.components.net import Net
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
