"""Layouts of real and random nets: no boxes overlap, edges begin and end at their nodes, frames hold what is theirs."""

import random

import numpy as np
import pytest

from deepfusion.visualization.draw import lay_out
from deepfusion.visualization.layout import graphviz, layered
from deepfusion.visualization.layout.model import ORIENTATIONS, Plan, PlanFrame, PlanNode, Rect
from deepfusion.visualization.layout.wrapping import wrap_layout
from deepfusion.visualization.plan import plan_of
from tests.visualization.nets import NETS, along, chain, distance_from_rim, fusion, overlaps, view_and_labels

needs_dot = pytest.mark.skipif(graphviz.find_program() is None, reason='the Graphviz program is not installed')
ENGINES = ['own', pytest.param('dot', marks=needs_dot)]


def check(plan, layout, is_strict=True):
    """What must hold of every layout."""
    assert not overlaps(layout.nodes)
    assert len(layout.routes) == len(plan.edges)
    slack = 0.5 if layout.engine == 'own' else 2.5
    for (tail, head), route in zip(plan.edges, layout.routes, strict=True):
        assert len(route) % 3 == 1
        for node, point in ((tail, route[0]), (head, route[-1])):
            assert distance_from_rim(point, layout.nodes[node], plan.nodes[node].is_round) < slack, (tail, head)
    for box in layout.nodes:
        assert box.x >= -0.5
        assert box.y >= -0.5
        assert box.right <= layout.width + 0.5
        assert box.bottom <= layout.height + 0.5
    if is_strict:
        check_frames(plan, layout)


def check_frames(plan, layout):
    """Each node lies in one part of each of its frames, and in no others."""
    for number, box in enumerate(layout.nodes):
        around = set(plan.ancestors(plan.nodes[number].frame))
        for part in layout.frames:
            inside = (part.box.x <= box.x + 0.5 and box.right <= part.box.right + 0.5
                      and part.box.y <= box.y + 0.5 and box.bottom <= part.box.bottom + 0.5)
            if part.frame in around:
                assert inside or len([p for p in layout.frames if p.frame == part.frame]) > 1
            else:
                assert not part.box.overlaps(box), (number, part.frame)


def check_edges_pass_no_nodes(plan, layout):
    """Edges keep clear of all nodes but their own."""
    low = np.array([(box.x + 1, box.y + 1) for box in layout.nodes])
    high = np.array([(box.right - 1, box.bottom - 1) for box in layout.nodes])
    for (tail, head), route in zip(plan.edges, layout.routes, strict=True):
        points = along(route)[:, None]
        hit = ((low < points) & (points < high)).all(axis=2).any(axis=0)
        hit[[tail, head]] = False
        assert not hit.any(), (tail, head, hit.nonzero())


@pytest.mark.parametrize('engine', ENGINES)
@pytest.mark.parametrize('orientation', ORIENTATIONS)
@pytest.mark.parametrize('name', NETS)
def test_nets(name, orientation, engine):
    view, labels = view_and_labels(NETS[name]())
    plan = plan_of(view, labels)
    layout = lay_out(view, labels, orientation, engine)
    assert (layout.engine, layout.orientation) == (engine, orientation)
    check(plan, layout)
    if engine == 'own':
        check_edges_pass_no_nodes(plan, layout)


@pytest.mark.parametrize('engine', ENGINES)
@pytest.mark.parametrize('depth', [1, 2])
def test_closed_groups(depth, engine):
    view, labels = view_and_labels(fusion(), depth=depth)
    check(plan_of(view, labels), lay_out(view, labels, 'TB', engine))


@pytest.mark.parametrize(('orientation', 'axis', 'sign'), [('LR', 0, 1), ('RL', 0, -1), ('TB', 1, 1), ('BT', 1, -1)])
def test_everything_flows_into_the_orientation(orientation, axis, sign):
    view, labels = view_and_labels(NETS['residual']())
    plan = plan_of(view, labels)
    layout = layered.lay_out(plan, orientation)
    for tail, head in plan.edges:
        assert sign * (layout.nodes[head].center[axis] - layout.nodes[tail].center[axis]) > 0


def random_plan(seed):
    """A random acyclic net in random nested frames, some edges turned round so that there are cycles."""
    rng = random.Random(seed)
    plan = Plan([], [PlanFrame(rng.randint(-1, k - 1), rng.uniform(5, 90)) for k in range(rng.randint(0, 5))], [])
    count = rng.randint(1, 40)
    for _ in range(count):
        is_tag = rng.random() < 0.2
        plan.nodes.append(PlanNode(rng.uniform(20, 160), rng.uniform(12, 60), rng.randint(-1, len(plan.frames) - 1),
                                   not is_tag and rng.random() < 0.4, is_tag))
    for _ in range(rng.randint(0, 2 * count)):
        tail, head = sorted((rng.randrange(count), rng.randrange(count)))
        if tail != head:
            plan.edges.append((head, tail) if rng.random() < 0.05 else (tail, head))
    return plan


@pytest.mark.parametrize('seed', range(40))
def test_random_plans(seed):
    plan = random_plan(seed)
    orientation = ORIENTATIONS[seed % 4]
    layout = layered.lay_out(plan, orientation)
    check(plan, layout)
    check_edges_pass_no_nodes(plan, layout)
    check(plan, wrap_layout(layout, True), is_strict=False)


@pytest.mark.parametrize('seed', range(8))
def test_frames_side_by_side_do_not_overlap(seed):
    plan = random_plan(seed + 100)
    layout = layered.lay_out(plan, 'TB')
    for one in layout.frames:
        for other in layout.frames:
            related = one.frame in plan.ancestors(other.frame) or other.frame in plan.ancestors(one.frame)
            assert related or not one.box.overlaps(other.box)


@pytest.mark.parametrize('orientation', ORIENTATIONS)
def test_names_of_frames_hide_no_nodes(orientation):
    view, labels = view_and_labels(fusion())
    plan = plan_of(view, labels)
    layout = layered.lay_out(plan, orientation)
    for part in layout.frames:
        name = Rect(part.box.x + 7, part.box.y + 3, plan.frames[part.frame].label_width, 12)
        assert name.right <= part.box.right
        assert not [box for box in layout.nodes if box.overlaps(name)]


@pytest.mark.parametrize('orientation', ORIENTATIONS)
def test_a_long_ribbon_is_broken_into_rows(orientation):
    view, labels = view_and_labels(chain(150))
    plan = plan_of(view, labels)
    ribbon = layered.lay_out(plan, orientation)
    broken = lay_out(view, labels, orientation, 'own')
    check(plan, broken)
    assert max(ribbon.width, ribbon.height) > 10 * min(ribbon.width, ribbon.height)
    assert max(broken.width, broken.height) < 4 * min(broken.width, broken.height)
    check_edges_pass_no_nodes(plan, broken)


def test_a_broken_net_keeps_its_frames():
    view, labels = view_and_labels(fusion())
    plan = plan_of(view, labels)
    layout = wrap_layout(layered.lay_out(plan, 'LR'), True)
    check(plan, layout)
    assert len(layout.frames) >= len(plan.frames)
    assert layout.width < 8000


def test_equal_plans_give_equal_layouts():
    assert layered.lay_out(random_plan(3), 'LR') == layered.lay_out(random_plan(3), 'LR')


def test_nothing_to_lay_out():
    layout = wrap_layout(layered.lay_out(Plan(), 'LR'), True)
    assert (layout.nodes, layout.width) == ([], 0)


def test_a_graphviz_that_fails_is_done_without(monkeypatch):
    view, labels = view_and_labels(NETS['basic']())
    monkeypatch.setattr(graphviz, 'find_program', lambda: 'false')
    assert lay_out(view, labels, 'LR').engine == 'own'
    monkeypatch.setattr(graphviz, 'find_program', lambda: 'no such program')
    assert lay_out(view, labels, 'LR').engine == 'own'
