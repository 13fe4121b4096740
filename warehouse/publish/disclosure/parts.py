"""Our own indicators within departments: UGELs, groups as the nation is split into, and groups of UGELs.

Departments and groups of the nation are shown as they were decided without them. A part shows nothing of an indicator
that one of its wholes does not show, and the only one of a whole all that it shows. Small counts are hidden, and
beside one that would be hidden alone the next smallest. Groups of UGELs by a trait of which a department shows no
cases show no pupils either. All of it is tried with everything else that was ever shown. Where that bounds a hidden
count, all parts of its department are hidden in that indicator; if that is not enough, in every indicator; then those
of other departments; and only then, which is rare, what was decided just now of their wholes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from warehouse.errors import BuildFailed
from warehouse.publish.disclosure.attack import Attack, Bounded, attack
from warehouse.publish.disclosure.cells import HIDDEN, Block, Cell, Counts, Shown, seen, to_hide
from warehouse.publish.disclosure.program import Contradiction


class StillBounded(BuildFailed):
    """What is shown of wholes, and was shown before, bounds a hidden count even with every new part hidden."""


def decide(counts: Counts, shown: Block, attack: Attack = attack) -> Block:
    """Decide on counts of parts that were not decided before.

    Args:
        counts: true (pupils, cases) of each part and indicator of one school year, level and family of indicators.
        shown: what is shown of the nation, its groups and departments, and was shown of parts.
        attack: what finds the hidden counts that are bounded.

    Raises:
        StillBounded: what is shown bounds a hidden count even with every new one hidden.
    """
    of_whole = alone([*counts, *shown])
    only = {cell: shown.get(of_whole[cell], HIDDEN) for cell in counts if cell in of_whole}
    found = _first_look({cell: n for cell, n in counts.items() if cell not in only}, shown)
    while bounded := _tried(shown | only | found, attack):
        if _hide_against(found, bounded):
            continue
        if None in bounded:
            break  # what was shown before contradicts itself: nothing more is shown beside it
        raise StillBounded(_said(counts))
    return only | found


def hide_wholes(decided: Block, kept: Block) -> Block:
    """Hide more of what was decided just now, wholes and parts, until nothing is bounded.

    Raises:
        StillBounded: what was kept bounds a hidden count whatever is hidden now.
    """
    found = dict(decided)
    while bounded := _tried(kept | found, attack):
        if not _hide_against(found, bounded):
            raise StillBounded(_said(decided))
    return found


def _said(cells: Iterable[Cell]) -> str:
    said = ", ".join(sorted({cell.indicator for cell in cells}))
    return f"officials: {said}: what was shown before bounds a hidden count within a department"


def _first_look(counts: Counts, shown: Block) -> Block:
    """Hide what is small or not shown of a whole, and beside one hidden alone the next smallest."""
    found = {
        cell: _part(seen(*n), [shown.get(whole, HIDDEN) for whole in cell.wholes.values()])
        for cell, n in counts.items()
    }
    for quantity in ("pupils", "cases"):
        _hide_seconds(found, counts, quantity)
    return _without_empty_tables(found, shown)


def _hide_seconds(found: Block, counts: Counts, quantity: str) -> None:
    """Hide the next smallest part beside each that is hidden alone; one of a department may be alone in its group."""
    splits = list(_splits(counts).values())
    while any([_hide_a_second(parts, found, counts, quantity) for parts in splits]):
        pass


def _without_empty_tables(found: Block, shown: Block) -> Block:
    """Hide all of a table, such as a department's groups by a trait, of which no cases are shown."""
    kept = {None, *(cell.table for cell, one in (shown | found).items() if not one.is_hidden)}
    return {cell: one if cell.table in kept else HIDDEN for cell, one in found.items()}


def _part(alone: Shown, wholes: Sequence[Shown]) -> Shown:
    """Return what is seen of a part: nothing that is not shown of each of its wholes."""
    for quantity in ("cases", "pupils"):
        if not all(whole.shows(quantity) for whole in wholes):
            alone = alone.without(quantity)
    return alone


def _splits(cells: Iterable[Cell]) -> dict[tuple[Cell, str], list[Cell]]:
    """Return the parts of each whole, by what it is split into."""
    found: dict[tuple[Cell, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        for split, whole in cell.wholes.items():
            found[whole, split].append(cell)
    return found


def alone(cells: Iterable[Cell]) -> dict[Cell, Cell]:
    """Return the parts that are all of a whole, with it."""
    return {parts[0]: whole for (whole, _), parts in _splits(cells).items() if len(parts) == 1}


def _hide_a_second(parts: Sequence[Cell], found: Block, counts: Counts, quantity: str) -> bool:
    """Hide the next smallest beside one that is hidden alone, which the whole would give away; say if there was one."""
    told = [cell for cell in parts if found[cell].shows(quantity)]
    if not told or len(told) != len(parts) - 1:
        return False
    is_cases = quantity == "cases"
    smallest = min(told, key=lambda cell: (counts[cell][is_cases], cell.department, cell.ugel, cell.group))
    found[smallest] = found[smallest].without(quantity)
    return True


def _tried(block: Block, attack: Attack) -> list[Bounded | None]:
    """Attack; what contradicts what was shown at another time bounds a count that nobody can name."""
    try:
        return list(attack(block))
    except Contradiction:
        return [None]


def _hide_against(found: Block, bounded: Sequence[Bounded | None]) -> bool:
    """Hide parts of what is bounded: in its indicator, in every one, or else all parts; say if there were any."""
    told = {(one.cell.indicator, _place(one.cell)) for one in bounded if one}
    places = {place for _, place in told}
    return any(
        _hide(found, chosen, quantity)
        for chosen in (
            lambda cell: bool({(cell.indicator, cell.department), (cell.indicator, cell.group)} & told),
            lambda cell: bool({cell.department, cell.group} & places),
            lambda _: True,
        )
        for quantity in to_hide(one.quantity if one else "" for one in bounded)
    )


def _place(cell: Cell) -> str:
    """Return the group of a count of the nation's groups, and the department of any other."""
    return cell.group if cell.kind == "groups" else cell.department


def _hide(found: Block, chosen: Callable[[Cell], bool], quantity: str) -> bool:
    more = {cell: one.without(quantity) for cell, one in found.items() if chosen(cell) and one.shows(quantity)}
    found.update(more)
    return bool(more)
