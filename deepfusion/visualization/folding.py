"""Equal blocks in a row, found so that one may be drawn for all, with their number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

from deepfusion.visualization.description import Description

Path: TypeAlias = tuple[str, ...]

LONGEST_PERIOD = 48         # units that one copy may consist of


@dataclass
class Fold:
    """One repeat.

    Attributes:
        times: number of copies.
        label: what stands at the box.
        members: the nodes of the first copy, which is drawn.
        stands_for: for each node of the other copies, its fellow of the first.
        copy_of: for every node, the number of its copy.
        group: the group that the first copy is, when it is exactly one group.
        frame_path: otherwise, the groups around the whole sequence.
    """

    times: int
    label: str
    members: set[int]
    stands_for: dict[int, int] = field(default_factory=dict)
    copy_of: dict[int, int] = field(default_factory=dict)
    group: Path | None = None
    frame_path: Path | None = None


@dataclass
class _Unit:
    """A node, or a whole group, within the group that is looked at."""

    nodes: list[int]
    group: Path | None


def find_folds(description: Description, paths: list[Path], kept: set[int] | None = None) -> list[Fold]:
    """All repeats among the nodes that are kept, outer ones first; inside of the copies of a repeat only the first is
    looked at."""
    finder = _Finder(description, paths)
    folds: list[Fold] = []
    waiting: list[Path] = [()]
    hidden = set() if kept is None else set(range(len(paths))) - kept
    for path in waiting:
        members = [number for number, other in enumerate(paths) if other[:len(path)] == path and number not in hidden]
        units = finder.units(path, members)
        for fold in finder.folds_among(path, units):
            folds.append(fold)
            hidden |= set(fold.stands_for)
        waiting += [unit.group for unit in units if unit.group is not None and not hidden & set(unit.nodes)]
    return folds


class _Finder:
    def __init__(self, description: Description, paths: list[Path]) -> None:
        self.description, self.paths = description, paths
        self.before, self.after = description.neighbours()
        self.codes: dict[object, int] = {}

    def units(self, path: Path, members: list[int]) -> list[_Unit]:
        """What a group consists of, in order: nodes, and groups one level deeper."""
        found: dict[object, _Unit] = {}
        for number in members:
            inner = self.paths[number][:len(path) + 1]
            key: object = inner if len(inner) > len(path) else number
            found.setdefault(key, _Unit([], inner if len(inner) > len(path) else None)).nodes.append(number)
        return list(found.values())

    def folds_among(self, path: Path, units: list[_Unit]) -> list[Fold]:
        folds = []
        for chain in self._chains(units):
            codes = [self._code(unit) for unit in chain]
            start = 0
            while start < len(chain):
                period, times = self._best_repeat(codes, start)
                copies = [chain[start + k * period:start + (k + 1) * period] for k in range(times)]
                fold = self._fold(path, copies) if times > 1 else None
                if fold is not None:
                    folds.append(fold)
                start += period * times if fold is not None else 1
        return folds

    def _chains(self, units: list[_Unit]) -> list[list[_Unit]]:
        """Rows of units of which each is used only by the next one, and uses only the last one."""
        owner = {node: number for number, unit in enumerate(units) for node in unit.nodes}
        followers: dict[int, set[int]] = defaultdict(set)
        leaders: dict[int, set[int]] = defaultdict(set)
        for number, unit in enumerate(units):
            for node in unit.nodes:
                followers[number] |= {owner.get(other, -1) for other in self.after[node]} - {number}
                leaders[number] |= {owner.get(other, -1) for other in self.before[node]} - {number}

        def following(number: int) -> int:
            if len(followers[number]) != 1:
                return -1
            other = next(iter(followers[number]))
            return other if other >= 0 and len(leaders[other]) == 1 else -1

        continued = {following(number) for number in range(len(units))}
        chains = []
        for number in range(len(units)):
            if number not in continued:
                chain = [number]
                while (other := following(chain[-1])) >= 0:
                    chain.append(other)
                chains.append([units[member] for member in chain])
        return chains

    def _code(self, unit: _Unit) -> int:
        """Equal for units that look the same: kinds, settings, shapes, states, and the wires inside."""
        place = {node: k for k, node in enumerate(unit.nodes)}
        notes = [self.description.nodes[node] for node in unit.nodes]
        looks = tuple((note.type, note.state, note.shape, note.made_by_module, note.is_input, note.is_root,
                       tuple(sorted(note.settings.items())),
                       tuple((p.name, p.shape, p.is_frozen) for p in note.parameters)) for note in notes)
        names = tuple(path[len(unit.group):] if unit.group else () for path in (self.paths[n] for n in unit.nodes))
        wires = tuple((k, tuple(place[other] for other in self.before[node] if other in place))
                      for node, k in place.items())
        return self.codes.setdefault((looks, names, wires), len(self.codes))

    def _best_repeat(self, codes: list[int], start: int) -> tuple[int, int]:
        """The shortest period from `start` on whose copies cover most."""
        best, covered = (1, 1), 0
        for period in range(1, min(LONGEST_PERIOD, (len(codes) - start) // 2) + 1):
            times = 1
            while codes[start + times * period:start + (times + 1) * period] == codes[start:start + period]:
                times += 1
            if times > 1 and times * period > covered:
                best, covered = (period, times), times * period
        return best

    def _fold(self, path: Path, copies: list[list[_Unit]]) -> Fold | None:
        """The repeat, when the wires between one copy and the next are the same each time."""
        nodes = [[node for unit in copy for node in unit.nodes] for copy in copies]
        notes = self.description.nodes
        modules = [[node for node in copy if notes[node].kind == 'module'] for copy in nodes]
        if not modules[0] or len({self._joint(nodes[k], nodes[k + 1]) for k in range(len(nodes) - 1)}) != 1:
            return None
        group = copies[0][0].group if len(copies[0]) == 1 else None
        first, last = (copies[0][0].group, copies[-1][0].group) if group else (None, None)
        name = (first[-1], last[-1]) if first and last else (notes[modules[0][0]].name, notes[modules[-1][-1]].name)
        fold = Fold(len(copies), f'{name[0]} … {name[1]}', set(nodes[0]), group=group,
                    frame_path=None if group else path)
        for number, copy in enumerate(nodes):
            for node, fellow in zip(copy, nodes[0], strict=True):
                fold.copy_of[node] = number
                if number:
                    fold.stands_for[node] = fellow
        return fold

    def _joint(self, copy: list[int], following: list[int]) -> tuple[tuple[int, int], ...]:
        place = {node: k for k, node in enumerate(copy)}
        return tuple((place[other], k) for k, node in enumerate(following)
                     for other in self.before[node] if other in place)
