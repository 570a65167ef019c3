"""From a description to a view: groups opened or closed, values on edges, parts, repeats."""

from __future__ import annotations

from typing import TypeAlias

from deepfusion.visualization.chains import shortened
from deepfusion.visualization.description import UNFROZEN, Description
from deepfusion.visualization.folding import Fold, find_folds
from deepfusion.visualization.view import Frame, Item, Link, View, ViewOptions, merged_state

Path: TypeAlias = tuple[str, ...]


def build_view(description: Description, options: ViewOptions) -> View:
    """Decide what stands for each node, then make the items, frames and links."""
    builder = _Builder(description, options)
    builder.add_items()
    builder.add_links()
    builder.add_dots()
    return shortened(builder.view) if options.shorten else builder.view


def effective_paths(description: Description) -> list[Path]:
    """The groups around every node. A value that only nodes of one group make and use belongs to that group."""
    paths = [node.path for node in description.nodes]
    before, after = description.neighbours()
    for number, node in enumerate(description.nodes):
        if node.kind == 'data' and before[number] and after[number]:
            shared = _common([paths[other] for other in (*before[number], *after[number])])
            if len(shared) > len(paths[number]):
                paths[number] = shared
    return paths


def _common(paths: list[Path]) -> Path:
    shared = paths[0]
    for path in paths[1:]:
        length = 0
        while length < min(len(shared), len(path)) and shared[length] == path[length]:
            length += 1
        shared = shared[:length]
    return shared


class _Builder:
    def __init__(self, description: Description, options: ViewOptions) -> None:
        self.description, self.options = description, options
        self.view = View(description)
        self.paths = effective_paths(description)
        self.before, self.after = description.neighbours()
        self.folds: list[Fold] = find_folds(description, self.paths, options.kept) if options.fold else []
        self.original = {copy: first for fold in self.folds for copy, first in fold.stands_for.items()}
        self.item_of: dict[int, int] = {}              # node -> item
        self.closed: dict[Path, int] = {}              # closed group -> item
        self.frame_of: dict[Path, int] = {}
        self.tags: dict[int, int] = {}                 # value made in a closed group -> its tag outside

    # -- Items ------------------------------------------------------------------------------------------------

    def add_items(self) -> None:
        for number, node in enumerate(self.description.nodes):
            if not self._is_kept(number) or number in self.original:
                continue
            group = self._closed_group(self.paths[number])
            if group is not None:
                self._add_to_group(number, group)
            elif not self._is_written(number):
                item = Item(node.kind, self._name(number), node.ID, [number], self._frame(number), node.state)
                item.emphasis = self._emphasis([number])
                self.item_of[number] = self._add(item)
            elif self.options.shapes:
                self.item_of[number] = self._add(self._tag(number, self._frame(number)))
        for item in self.view.items:
            if item.kind == 'group':
                item.state = merged_state([self.description.nodes[number] for number in item.notes])
                item.emphasis = self._emphasis(item.notes)

    def _is_kept(self, number: int) -> bool:
        return self.options.kept is None or number in self.options.kept

    def _emphasis(self, numbers: list[int]) -> int:
        chosen = self.options.highlighted
        return 1 if chosen is None else 2 if any(number in chosen for number in numbers) else 0

    def _add(self, item: Item) -> int:
        self.view.items.append(item)
        return len(self.view.items) - 1

    def _name(self, number: int) -> str:
        """A node in a group goes by the rest of its ID: the frame around says where it is."""
        node = self.description.nodes[number]
        return node.name if node.path and node.path == self.paths[number] else node.ID

    def _tag(self, number: int, frame: int) -> Item:
        ID = self.description.nodes[number].ID
        return Item('tag', ID, ID, [number], frame, emphasis=self._emphasis([number]))

    def _is_written(self, number: int) -> bool:
        """Whether a value is only written on its edge: on its way between modules, and nothing special about it."""
        node = self.description.nodes[number]
        if node.kind != 'data' or not self.before[number] or not self.after[number] or node.is_root:
            return False
        if node.state == UNFROZEN or self.options.data == 'all':
            return False
        return node.made_by_module or self.options.data == 'ends'

    def _closed_group(self, path: Path) -> Path | None:
        """The outermost group around that is to be drawn closed."""
        for length in range(1, len(path) + 1):
            deep = self.options.depth is not None and length >= self.options.depth
            if deep or '/'.join(path[:length]) in self.options.collapse:
                return path[:length]
        return None

    def _add_to_group(self, number: int, group: Path) -> None:
        if group not in self.closed:
            self.closed[group] = self._add(Item('group', self._group_label(group), '/'.join(group), [],
                                                self._path_frame(group[:-1]), times=self._group_times(group)))
        self.item_of[number] = self.closed[group]
        self.view.items[self.closed[group]].notes.append(number)
        node = self.description.nodes[number]
        if node.kind == 'data' and self.options.shapes and self._is_used_outside(number, group):
            self.tags[number] = self._add(self._tag(number, self._path_frame(group[:-1])))

    def _is_used_outside(self, number: int, group: Path) -> bool:
        last = self._last_copy(number)
        return bool(self.before[number]) and any(
            self._closed_group(self.paths[user]) != group and user not in self.original
            for copy in {number, last} for user in self.after[copy] if self._is_kept(user))

    # -- Frames -----------------------------------------------------------------------------------------------

    def _frame(self, number: int) -> int:
        for fold in self.folds:
            if fold.frame_path is not None and number in fold.members:
                return self._fold_frame(fold, self.paths[number])
        return self._path_frame(self.paths[number])

    def _path_frame(self, path: Path) -> int:
        if not path:
            return -1
        if path not in self.frame_of:
            parent = self._path_frame(path[:-1])
            self.view.frames.append(Frame(path, self._group_label(path), parent, self._group_times(path)))
            self.frame_of[path] = len(self.view.frames) - 1
        return self.frame_of[path]

    def _fold_frame(self, fold: Fold, path: Path) -> int:
        """The box around one copy of a repeated sequence; deeper groups of the copy keep their own boxes."""
        base = fold.frame_path or ()
        key = (*base, fold.label)
        if key not in self.frame_of:
            self.view.frames.append(Frame(base, fold.label, self._path_frame(base), fold.times))
            self.frame_of[key] = len(self.view.frames) - 1
        for length in range(len(base) + 1, len(path) + 1):
            inner = path[:length]
            if inner not in self.frame_of:
                parent = self.frame_of[key] if length == len(base) + 1 else self.frame_of[path[:length - 1]]
                self.view.frames.append(Frame(inner, self._group_label(inner), parent, self._group_times(inner)))
                self.frame_of[inner] = len(self.view.frames) - 1
        return self.frame_of[path] if len(path) > len(base) else self.frame_of[key]

    def _group_label(self, path: Path) -> str:
        fold = self._group_fold(path)
        return fold.label if fold else path[-1]

    def _group_times(self, path: Path) -> int:
        fold = self._group_fold(path)
        return fold.times if fold else 1

    def _group_fold(self, path: Path) -> Fold | None:
        return next((fold for fold in self.folds if fold.group == path), None)

    # -- Links ------------------------------------------------------------------------------------------------

    def add_links(self) -> None:
        made: dict[tuple[int, int, int], Link] = {}
        for copy, edge in enumerate(self.description.edges):
            tail, head = self.original.get(edge.tail, edge.tail), self.original.get(edge.head, edge.head)
            is_kept = self._is_kept(edge.tail) and self._is_kept(edge.head)
            if not is_kept or self._is_between_copies(edge.tail, edge.head):
                continue
            if head not in self.item_of or self.item_of.get(tail) == self.item_of[head]:
                continue
            stop = self.item_of[head]
            for start, via in self._starts(tail):
                if start == stop:
                    continue
                parallel = 0 if self._is_group(start) or self._is_group(stop) or edge.head in self.original else copy
                link = made.setdefault((start, stop, parallel), Link(start, stop, edge.fault))
                link.via += [number for number in via if number not in link.via]
                link.emphasis = self._link_emphasis(edge.tail, edge.head)
        self.view.links = list(made.values())
        for number, tag in self.tags.items():
            self.view.links.append(Link(self.item_of[number], tag, emphasis=self.view.items[tag].emphasis))

    def _link_emphasis(self, tail: int, head: int) -> int:
        chosen = self.options.highlighted
        return 1 if chosen is None else 2 if {tail, head} <= chosen else 0

    def _is_group(self, item: int) -> bool:
        return self.view.items[item].kind == 'group'

    def _starts(self, tail: int) -> list[tuple[int, list[int]]]:
        """Where edges from a node start: at its item, at its tag, or at what makes it when it is not drawn."""
        if tail in self.tags:
            return [(self.tags[tail], [])]
        if tail in self.item_of:
            return [(self.item_of[tail], [])]
        return [(start, [*via, tail]) for maker in self.before[tail] if self._is_kept(maker)
                for start, via in self._starts(self.original.get(maker, maker))]

    def _is_between_copies(self, tail: int, head: int) -> bool:
        return any(fold.copy_of.get(tail, -1) != fold.copy_of.get(head, -1)
                   for fold in self.folds if tail in fold.copy_of and head in fold.copy_of)

    def _last_copy(self, number: int) -> int:
        for fold in self.folds:
            for copy, first in reversed(fold.stands_for.items()):
                if first == number:
                    return copy
        return number

    def add_dots(self) -> None:
        """Where a part of the net ends, dots say that something is left out."""
        if self.options.kept is None:
            return
        for edge in self.description.edges:
            for inner, outer, at_head in ((edge.head, edge.tail, False), (edge.tail, edge.head, True)):
                if self._is_kept(inner) and not self._is_kept(outer) and inner in self.item_of:
                    item = self.item_of[inner]
                    dots = self._add(Item('more', '…', '…', [outer], self.view.items[item].frame))
                    self.view.links.append(Link(item, dots) if at_head else Link(dots, item))
