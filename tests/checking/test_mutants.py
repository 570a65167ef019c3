"""Broken backward passes: every one is caught, and the right module is named; unbroken modules pass.

The default suite breaks each kind of module in a few ways, so that each way comes up several times; with `-m slow`
all of them run alone and in nets, and the matrix is printed.
"""

from collections import Counter

import pytest

from deepfusion.utils.backend import use_precision
from deepfusion.utils.grad_check import check_module, check_net
from tests.checking.every_module import built, every_case
from tests.checking.mutants import CONDUCT, WAYS, mutate
from tests.checking.zoo import ZOO, alone, in_net

ALL_WAYS = (*WAYS, *CONDUCT)
RARE = ('transposed weight', 'ignored padding', 'ignored stride', 'wrong mask', 'missing mean')


def is_named(report, part):
    """Whether a report blames the module 'm' alone, and that part of it."""
    return (not report and report.faulty_modules == ['m'] and report.first_faulty == 'm'
            and (part == 'all' or any(fault.part == part for fault in report.faults)))


@pytest.mark.parametrize('name', ZOO)
def test_some_mutants_of_each_module_are_caught(name):
    turn = list(ZOO).index(name)
    ways = [way for k, way in enumerate(ALL_WAYS) if way in RARE or (k + turn) % 5 == 0]
    with use_precision('float64'):
        for way in ways:
            module = alone(ZOO[name], turn)
            part = mutate(module, way, turn)
            if part is not None:
                assert is_named(check_module(module, seed=turn, method='directional', verbose=False), part), way


@pytest.mark.parametrize('name', ZOO)
def test_the_guilty_module_of_a_net_is_named(name):
    turn = list(ZOO).index(name)
    with use_precision('float64'):
        net, module = in_net(ZOO[name], turn)
        assert check_net(net, method='directional', verbose=False)
        part = mutate(module, ('factor 2', 'relative error 1e-3', 'overwritten')[turn % 3], turn)
        assert is_named(check_net(net, method='directional', verbose=False), part)


def test_the_ways_apply_to_enough_modules():
    """Each of at least 12 ways breaks at least 3 of at least 25 modules."""
    count: Counter[str] = Counter()
    with use_precision('float64'):
        for item in ZOO.values():
            for way in ALL_WAYS:
                if count[way] < 3 and mutate(alone(item, 0), way) is not None:
                    count[way] += 1
    assert len(ZOO) >= 25
    assert len(ALL_WAYS) >= 12
    assert all(count[way] >= 3 for way in ALL_WAYS), count


@pytest.mark.slow
@pytest.mark.parametrize('where', ['alone', 'in a net'])
def test_every_mutant_is_caught(where, capsys):
    missed, rows, total = [], [], 0
    with use_precision('float64'):
        for name, item in ZOO.items():
            row = []
            for way in ALL_WAYS:
                net, module = in_net(item, 0) if where == 'in a net' else (None, alone(item, 0))
                part = mutate(module, way)
                if part is None:
                    row.append('.')
                    continue
                report = check_net(net, verbose=False) if net else check_module(module, verbose=False)
                total += 1
                row.append('x' if is_named(report, part) else 'MISSED')
                if row[-1] != 'x':
                    missed.append((name, way, part))
            rows.append(f'{name:<28}' + ''.join(f'{mark:>4}' for mark in row))
    with capsys.disabled():
        lines = [f'{k:>4} {way}' for k, way in enumerate(ALL_WAYS)]
        header = ' ' * 28 + ''.join(f'{k:>4}' for k in range(len(ALL_WAYS)))
        text = '\n'.join(['', f'Mutants {where} (x: caught and named, .: does not apply)', *lines, header, *rows,
                          f'{total - len(missed)} of {total} caught and named, {len(ZOO)} modules'])
        import sys
        sys.stdout.write(text + '\n')
    assert not missed


@pytest.mark.slow
def test_no_false_alarm_with_fifty_seeds(capsys):
    alarms, total = [], 0
    for name, case in every_case():
        for seed in range(50):
            total += 1
            report = check_module(built(case, seed), seed=seed, verbose=False)
            if not report:
                alarms.append((name, seed, str(report)))
    with capsys.disabled():
        import sys
        sys.stdout.write(f'\n{total} checks of {len(every_case())} cases with 50 seeds, {len(alarms)} false alarms\n')
    assert not alarms
