"""Long chains of a view, closed to one item each."""

from __future__ import annotations

from deepfusion.visualization.view import Item, Link, View, merged_state

LEAST_CHAIN = 4         # modules


def shortened(view: View) -> View:
    """Close every chain of four or more modules of one frame, without branches, to a single item."""
    before: dict[int, list[int]] = {number: [] for number in range(len(view.items))}
    after: dict[int, list[int]] = {number: [] for number in range(len(view.items))}
    for link in view.links:
        before[link.head].append(link.tail)
        after[link.tail].append(link.head)

    def continues(number: int) -> bool:
        """Whether the only thing after an item belongs to the same chain."""
        if len(after[number]) != 1:
            return False
        other = after[number][0]
        same_frame = view.items[other].frame == view.items[number].frame
        return len(before[other]) == 1 and same_frame and _is_plain(view, other)

    inside: dict[int, int] = {}
    for number in range(len(view.items)):
        if number in inside or not _is_plain(view, number) or view.items[number].kind != 'module':
            continue
        chain = [number]
        while continues(chain[-1]):
            chain.append(after[chain[-1]][0])
        while view.items[chain[-1]].kind != 'module':
            chain.pop()
        if sum(view.items[member].kind == 'module' for member in chain) >= LEAST_CHAIN:
            inside.update(dict.fromkeys(chain, number))
    return _merge(view, inside)


def _is_plain(view: View, number: int) -> bool:
    item = view.items[number]
    return item.kind in ('module', 'data', 'tag') and item.emphasis < 2 and item.times == 1


def _merge(view: View, inside: dict[int, int]) -> View:
    members: dict[int, list[int]] = {}
    for number, first in inside.items():
        members.setdefault(first, []).append(number)
    result = View(view.description, frames=view.frames)
    place: dict[int, int] = {}
    for number, item in enumerate(view.items):
        if number in members:
            chain = members[number]
            notes = [note for member in chain for note in view.items[member].notes]
            name = f'{item.name} … {view.items[chain[-1]].name}'
            state = merged_state([view.description.nodes[note] for note in notes])
            result.items.append(Item('group', name, name, notes, item.frame, state, emphasis=item.emphasis))
        elif number not in inside:
            result.items.append(item)
        else:
            continue
        place[number] = len(result.items) - 1
    for link in view.links:
        tail, head = place[inside.get(link.tail, link.tail)], place[inside.get(link.head, link.head)]
        if tail != head:
            result.links.append(Link(tail, head, link.fault, link.emphasis, link.via))
    return result
