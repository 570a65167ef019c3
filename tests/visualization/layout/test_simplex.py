"""The network simplex: feasible always, and as cheap as the best of all small solutions."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from deepfusion.visualization.layout.simplex import Arc, longest_paths, minimize

POINTS = 5


@st.composite
def demands(draw, points=POINTS, most=9):
    arcs = []
    for _ in range(draw(st.integers(1, most))):
        tail = draw(st.integers(0, points - 2))
        head = draw(st.integers(tail + 1, points - 1))
        arcs.append(Arc(tail, head, draw(st.integers(0, 2)), draw(st.integers(0, 3))))
    return arcs


def price(arcs, positions):
    return sum(arc.weight * (positions[arc.head] - positions[arc.tail]) for arc in arcs)


def is_feasible(arcs, positions):
    return all(positions[arc.head] - positions[arc.tail] >= arc.length - 1e-6 for arc in arcs)


@settings(max_examples=40, deadline=None)
@given(demands())
def test_no_cheaper_positions_exist(arcs):
    found = minimize(POINTS, arcs)
    assert is_feasible(arcs, found)
    # An optimum has whole positions; parts that hang together span at most the sum of all lengths, here cut at 6.
    candidates = (p for p in itertools.product(range(7), repeat=POINTS) if is_feasible(arcs, p))
    assert price(arcs, found) <= min((price(arcs, p) for p in candidates), default=float('inf')) + 1e-6


@settings(max_examples=20, deadline=None)
@given(demands(points=60, most=150))
def test_many_points_stay_feasible_and_get_cheaper(arcs):
    found = minimize(60, arcs)
    assert is_feasible(arcs, found)
    assert price(arcs, found) <= price(arcs, longest_paths(60, arcs)) + 1e-6


def test_it_may_stop_at_any_time():
    arcs = [Arc(k, (k * 7 % 40) + 40) for k in range(40)] + [Arc(k, k + 40, 3, 2) for k in range(40)]
    assert is_feasible(arcs, minimize(80, arcs, pivots=3))


def test_nothing_and_single_points():
    assert minimize(0, []) == []
    assert minimize(3, []) == [0, 0, 0]
