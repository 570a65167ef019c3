"""What is drawn of a net: groups, values on edges, repeats, chains, parts."""

import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import SumLoss
from deepfusion.components.net import Net
from deepfusion.visualization.build import build_view, effective_paths
from deepfusion.visualization.describe import describe
from deepfusion.visualization.selection import nodes_around, nodes_between
from deepfusion.visualization.view import ViewOptions
from tests.visualization.nets import basic, chain, fusion, recurrent, residual, two_of_each


def view_of(net, **options):
    return build_view(describe(net), ViewOptions(**options))


def IDs(view, *kinds):
    return [item.ID for item in view.items if item.kind in kinds]


def wires(view):
    """Edges by name; words on edges are passed over."""
    names = [item.ID for item in view.items]
    after = {}
    for link in view.links:
        after.setdefault(link.tail, []).append(link.head)

    def ends(number):
        heads = after.get(number, [])
        return [end for head in heads for end in (ends(head) if view.items[head].kind == 'tag' else [head])]
    return {(names[k], names[end]) for k, item in enumerate(view.items) if item.kind != 'tag' for end in ends(k)}


def test_every_node_and_edge_is_there():
    net = basic()
    view = view_of(net)
    assert IDs(view, 'data', 'module') == [node.ID for node in net.topological_order]
    assert wires(view) == {(ID, other) for ID, others in net.graph_visual.items() for other in others}


def test_outputs_that_modules_made_are_words_on_edges():
    view = view_of(residual(1))
    assert IDs(view, 'data') == ['x', 'y', 'loss']
    assert len(IDs(view, 'tag')) == 5
    assert ('res0/fc1', 'res0/norm') in wires(view)
    assert not IDs(view_of(residual(1), data='all'), 'tag')
    assert IDs(view_of(basic(), data='ends'), 'data') == ['x', 'y', 'loss']
    assert not IDs(view_of(residual(1), shapes=False), 'tag')
    assert wires(view_of(residual(1), shapes=False)) == wires(view)


def test_an_unfrozen_output_is_drawn():
    net = residual(1)
    net.get_node('res0/relu_out').unfreeze()
    assert 'res0/relu_out' in IDs(view_of(net), 'data')


def test_groups_are_nested_frames():
    view = view_of(fusion())
    frames = {'/'.join(frame.path): frame for frame in view.frames}
    assert {'conv1', 'residual_block1', 'residual_block1/shortcut', 'fpn/level2', 'branch4'} <= set(frames)
    assert view.frames[frames['fpn/level2'].parent].path == ('fpn',)
    conv = next(item for item in view.items if item.ID == 'residual_block1/shortcut/conv')
    assert (view.frames[conv.frame].path, conv.name) == (('residual_block1', 'shortcut'), 'conv')


def test_fusionnet_on_one_page():
    view = view_of(fusion(), depth=1)
    groups = IDs(view, 'group')
    assert {'conv1', 'fpn', 'dynamic_fusion', 'branch1', 'branch2', 'branch3', 'branch4', 'se_block1'} <= set(groups)
    assert len(IDs(view, 'group', 'module', 'data')) < 32
    assert not view.frames
    edges = wires(view)
    assert {('fpn', 'dynamic_fusion'), ('se_block2', 'fpn'), ('pool1', 'branch2')} <= edges
    assert ('fpn', 'fpn') not in edges
    modules = [number for number, note in enumerate(view.description.nodes) if note.kind == 'module']
    shown = [number for item in view.items for number in item.notes]
    assert sorted(number for number in shown if number in modules) == modules


def test_depths_and_single_groups():
    assert 'fpn/level2' in IDs(view_of(fusion(), depth=2), 'group')
    assert view_of(fusion(), depth=9).items == view_of(fusion()).items
    view = view_of(residual(), collapse=('res1',))
    assert IDs(view, 'group') == ['res1']
    assert {frame.path for frame in view.frames} == {('res0',), ('res2',)}


def test_a_group_is_as_frozen_as_what_learns_in_it():
    net = residual()
    states = []
    for freeze in (lambda: None, net.get_node('res1/fc1').freeze, net.freeze):
        freeze()
        states.append([item.state for item in view_of(net, depth=1).items if item.kind == 'group'])
    assert states == [['unfrozen'] * 3, ['unfrozen', 'mixed', 'unfrozen'], ['frozen'] * 3]
    net.get_node('res0/relu_out').unfreeze()
    assert [item.state for item in view_of(net, depth=1).items if item.kind == 'group'] == ['mixed', 'frozen', 'frozen']


def test_a_value_without_a_group_belongs_to_the_group_that_makes_and_uses_it():
    x, h = Data('x', (1, 2)), Data('h', (1, 2))
    Relu('block/f', [x], h)
    net = Net('n', [Relu('block/g', [h]).output])
    description = describe(net)
    assert effective_paths(description)[description.number('h')] == ('block',)
    assert 'h' not in IDs(view_of(net, depth=1), 'data')


def test_groups_that_call_each_other():
    """Closed groups may form a cycle."""
    x = Data('x', (1, 2))
    first = Relu('a/one', [x]).output
    second = Relu('b/one', [first]).output
    net = Net('n', [Add('a/two', [first, second], Data('end', (1, 2))).output])
    assert {('a', 'b'), ('b', 'a'), ('a', 'end'), ('x', 'a')} <= wires(view_of(net, depth=1))


# -- Repeats and chains ------------------------------------------------------------------------------------------

def test_equal_blocks_are_drawn_once():
    view = view_of(residual(5), fold=True)
    assert [(frame.label, frame.times) for frame in view.frames] == [('res0 … res4', 5)]
    assert IDs(view, 'module') == ['res0/fc1', 'res0/norm', 'res0/relu', 'res0/fc2', 'res0/add', 'LossF']
    assert {('x', 'res0/fc1'), ('res0/add', 'LossF')} <= wires(view)
    closed = view_of(residual(5), fold=True, depth=1)
    assert [(item.name, item.times) for item in closed.items if item.kind == 'group'] == [('res0 … res4', 5)]
    assert wires(closed) >= {('x', 'res0'), ('res0', 'LossF')}


def test_blocks_that_differ_are_not_folded():
    net = residual(4)
    net.get_node('res2/fc1').freeze()
    assert [frame.times for frame in view_of(net, fold=True).frames] == [2, 1, 1]
    assert all(frame.times == 1 for frame in view_of(fusion(), fold=True).frames)


def test_a_repeated_sequence_without_groups():
    view = view_of(chain(10), fold=True)
    assert [(frame.times, frame.path) for frame in view.frames] == [(5, ())]
    assert IDs(view, 'module') == ['m0', 'm1', 'sum']
    assert {('x', 'm0'), ('h1', 'sum')} <= wires(view)


def test_cells_with_inputs_of_their_own_are_not_a_chain():
    assert len(IDs(view_of(recurrent(), fold=True), 'module')) == 5


def test_chains_are_shortened():
    view = view_of(chain(10), shorten=True)
    assert IDs(view, 'group') == ['m0 … sum']
    assert not IDs(view_of(chain(2), shorten=True), 'group')
    assert not IDs(view_of(two_of_each(), shorten=True), 'group')
    view = view_of(residual(2), shorten=True)
    assert IDs(view, 'group') == ['fc1 … fc2', 'fc1 … fc2']
    assert ('x', 'fc1 … fc2') in wires(view)


# -- Parts -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(('hops', 'expected'), [
    (0, {'res1/relu', 'res1/norm_out', 'res1/relu_out'}),
    (1, {'res1/relu', 'res1/norm_out', 'res1/relu_out', 'res1/norm', 'res1/fc2', 'res1/fc1_out', 'res1/fc2_out'})])
def test_what_is_near_a_node(hops, expected):
    net = residual()
    description = describe(net)
    for node in ('res1/relu', net.get_node('res1/relu'), ['res1/relu']):
        assert {description.nodes[k].ID for k in nodes_around(description, node, hops)} == expected


def test_dots_where_a_part_ends():
    description = describe(residual())
    view = build_view(description, ViewOptions(kept=nodes_around(description, 'res1/relu', 1)))
    assert IDs(view, 'module') == ['res1/norm', 'res1/relu', 'res1/fc2']
    assert len(IDs(view, 'more')) == 2


def test_what_lies_between_two_nodes():
    description = describe(residual())
    between = nodes_between(description, 'res0/add', 'res1/fc1')
    assert [description.nodes[k].ID for k in sorted(between)] == ['res0/add', 'res0/add_out', 'res1/fc1']
    assert not nodes_between(description, 'res1/fc1', 'res0/add')
    view = build_view(description, ViewOptions(highlighted=between))
    assert {item.ID: item.emphasis for item in view.items if item.emphasis} == {
        'res0/add': 2, 'res0/add_out': 2, 'res1/fc1': 2}
    assert sorted(link.emphasis for link in view.links)[-2:] == [2, 2]


def test_deep_nets_do_not_reach_the_recursion_limit():
    h = Data('x', (1, 2))
    for k in range(3000):
        h = Relu(f'f{k}', [h]).output
    net = Net('deep', [SumLoss('s', [h]).output])
    view = view_of(net)
    assert len(IDs(view, 'module')) == 3001
    assert len(IDs(view_of(net, fold=True), 'module')) == 2


def test_parameters_shared_are_counted_once():
    net = recurrent(3)
    assert sum(note.parameter_count for note in describe(net).nodes) == net.parameter_count
    assert describe(fusion()).unique_parameters()
    assert sum(p.size for p in describe(fusion()).unique_parameters()) == 9_063_096


def test_settings_are_told_shortly():
    x = Data('x', (1, 2))
    note = describe(Net('n', [MatMul('m', [x], out_features=3, bias=False, learning_rate=1.0).output])).nodes[1]
    assert note.settings == {'bias': 'False', 'out_features': '3'}
    assert (note.type, note.operations, note.learning['learning rate']) == ('MatMul', 6, '1')


@pytest.mark.parametrize(('features', 'width', 'operations'), [(8, 1, 8), (8, 2, 16), (1, 4, 4), (1, 1, 1)])
def test_operations_of_a_full_layer(features, width, operations):
    net = Net('n', [MatMul('m', [Data('x', (1, features))], out_features=width).output])
    assert describe(net).nodes[1].operations == operations
