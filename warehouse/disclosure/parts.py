"""Our own indicators within departments: each is split into its UGELs, and into groups of its pupils as the nation is.

Departments and groups of the nation are shown as they were decided without them. A part shows nothing of an indicator
that one of its wholes does not show, and the only one of a whole all that it shows. Small counts are hidden, and
beside one that would be hidden alone the next smallest. All of it is tried with everything else that was ever shown.
Where that bounds a hidden count, all parts of its department are hidden in that indicator; if that is not enough, in
every indicator; and only then those of other departments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from warehouse.disclosure.attack import Bounded, Contradiction, attack, check
from warehouse.disclosure.cells import HIDDEN, Block, Cell, Counts, seen
from warehouse.errors import BuildFailed


def decide(counts: Counts, shown: Block) -> Block:
    """Decide on counts of parts that were not decided before.

    Args:
        counts: true (pupils, cases) of each part and indicator of one school year, level and family of indicators.
        shown: what is shown of the nation, its groups and departments, and was shown of parts.

    Raises:
        BuildFailed: what is shown bounds a hidden count even with every new one hidden.
    """
    alone = _alone([*counts, *shown])
    only = {cell: shown.get(alone[cell], HIDDEN) for cell in counts if cell in alone}
    found = _first_look({cell: n for cell, n in counts.items() if cell not in only}, shown)
    while bounded := _tried(shown | only | found):
        if _hide_against(found, bounded):
            continue
        if None in bounded:
            break  # what was shown before contradicts itself: nothing more is shown beside it
        said = ", ".join(sorted({cell.indicator for cell in counts}))
        raise BuildFailed(f"officials: {said}: what was shown before bounds a hidden count within a department")
    return only | found


def _first_look(counts: Counts, shown: Block) -> Block:
    """Hide what is small or not shown of a whole, and beside one hidden alone the next smallest."""
    hidden = {whole for cell in counts for whole in cell.wholes.values() if shown.get(whole, HIDDEN).is_hidden}
    found = {cell: HIDDEN if hidden & {*cell.wholes.values()} else seen(*n) for cell, n in counts.items()}
    splits = list(_splits(counts).values())
    while any([_hide_a_second(parts, found, counts) for parts in splits]):
        pass  # one hidden in a department may be alone in its group
    return found


def _splits(cells: Iterable[Cell]) -> dict[tuple[Cell, str], list[Cell]]:
    """Return the parts of each whole, by what it is split into."""
    found: dict[tuple[Cell, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        for split, whole in cell.wholes.items():
            found[whole, split].append(cell)
    return found


def _alone(cells: Iterable[Cell]) -> dict[Cell, Cell]:
    """Return the parts that are all of a whole, with it."""
    return {parts[0]: whole for (whole, _), parts in _splits(cells).items() if len(parts) == 1}


def _hide_a_second(parts: Sequence[Cell], found: Block, counts: Counts) -> bool:
    """Hide the next smallest beside one that is hidden alone, which the whole would give away; say if there was one."""
    told = [cell for cell in parts if not found[cell].is_hidden]
    if not told or len(told) != len(parts) - 1:
        return False
    found[min(told, key=lambda cell: (counts[cell][1], cell.department, cell.ugel, cell.group))] = HIDDEN
    return True


def _tried(block: Block) -> list[Bounded | None]:
    """Attack; what contradicts what was shown at another time bounds a count that nobody can name."""
    try:
        check(block)
        return list(attack(block))
    except Contradiction:
        return [None]


def _hide_against(found: Block, bounded: Sequence[Bounded | None]) -> bool:
    """Hide parts of what is bounded: in its indicator, in every one, or else all parts; say if there were any."""
    told = {(one.cell.indicator, _place(one.cell)) for one in bounded if one}
    places = {place for _, place in told}
    return (
        _hide(found, lambda cell: bool({(cell.indicator, cell.department), (cell.indicator, cell.group)} & told))
        or _hide(found, lambda cell: bool({cell.department, cell.group} & places))
        or _hide(found, lambda _: True)
    )


def _place(cell: Cell) -> str:
    """Return the group of a count of the nation's groups, and the department of any other."""
    return cell.group if cell.kind == "groups" else cell.department


def _hide(found: Block, chosen: Callable[[Cell], bool]) -> bool:
    more = [cell for cell, one in found.items() if chosen(cell) and not one.is_hidden]
    found.update(dict.fromkeys(more, HIDDEN))
    return bool(more)
