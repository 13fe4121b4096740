"""Our own indicators of UGELs: each department is split into its UGELs, and is shown as it was decided without them.

A UGEL shows nothing of an indicator that its department does not show, and the only one of a department all that it
shows. Small counts are hidden, and beside one that would be hidden alone the next smallest. All of it is tried with
everything else that was ever shown. Where that bounds a hidden count, all UGELs of its department are hidden in that
indicator; if that is not enough, in every indicator; and only then those of other departments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from warehouse.disclosure.attack import Bounded, Contradiction, attack, check
from warehouse.disclosure.cells import HIDDEN, Block, Cell, Counts, seen
from warehouse.errors import BuildFailed


def decide(counts: Counts, shown: Block) -> Block:
    """Decide on counts of UGELs that were not decided before.

    Args:
        counts: true (pupils, cases) of each UGEL and indicator of one school year, level and family of indicators.
        shown: what is shown of the nation, its groups and departments, and was shown of UGELs.

    Raises:
        BuildFailed: what is shown bounds a hidden count even with every new one hidden.
    """
    every = _by_department([*counts, *shown])
    only = {cell: shown.get(cell.whole, HIDDEN) for cell in counts if len(every[cell.whole]) == 1}
    found = _first_look({cell: n for cell, n in counts.items() if cell not in only}, shown)
    while bounded := _tried(shown | only | found):
        if _hide_against(found, bounded):
            continue
        if None in bounded:
            break  # what was shown before contradicts itself: nothing more is shown beside it
        said = ", ".join(sorted({cell.indicator for cell in counts}))
        raise BuildFailed(f"officials: {said}: what was shown before bounds a hidden count of a UGEL")
    return only | found


def _first_look(counts: Counts, shown: Block) -> Block:
    """Hide what is small or not shown of its department, and beside one hidden alone the next smallest."""
    found = {}
    for whole, parts in _by_department(counts).items():
        seen_of = shown.get(whole, HIDDEN)
        found |= {cell: HIDDEN if seen_of.is_hidden else seen(*counts[cell]) for cell in parts}
        _hide_a_second(parts, found, counts)
    return found


def _by_department(cells: Iterable[Cell]) -> dict[Cell, list[Cell]]:
    """Return the UGELs of each department and indicator."""
    found: dict[Cell, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.ugel:
            found[cell.whole].append(cell)
    return found


def _hide_a_second(parts: Sequence[Cell], found: Block, counts: Counts) -> None:
    """Hide the next smallest beside one that is hidden alone: the department would give it away."""
    told = [cell for cell in parts if not found[cell].is_hidden]
    if told and len(told) == len(parts) - 1:
        found[min(told, key=lambda cell: (counts[cell][1], cell.ugel))] = HIDDEN


def _tried(block: Block) -> list[Bounded | None]:
    """Attack; what contradicts what was shown at another time bounds a count that nobody can name."""
    try:
        check(block)
        return list(attack(block))
    except Contradiction:
        return [None]


def _hide_against(found: Block, bounded: Sequence[Bounded | None]) -> bool:
    """Hide UGELs: of a department in an indicator that is bounded, in every one, or else all; say if there were any."""
    told = {(one.cell.indicator, one.cell.department) for one in bounded if one}
    return (
        _hide(found, lambda cell: (cell.indicator, cell.department) in told)
        or _hide(found, lambda cell: cell.department in {department for _, department in told})
        or _hide(found, lambda _: True)
    )


def _hide(found: Block, chosen: Callable[[Cell], bool]) -> bool:
    more = [cell for cell, one in found.items() if chosen(cell) and not one.is_hidden]
    found.update(dict.fromkeys(more, HIDDEN))
    return bool(more)
