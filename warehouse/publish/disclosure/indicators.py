"""Our own indicators, as officials see them: decided once per cell, kept for ever, and attacked before they are shown.

Counts below 10 (zero too) are hidden with their complements and all counts are rounded to 5; the pupils among whom they
are counted are shown from 20 on. That is not always enough: sums over departments and what one indicator says of
another can bound a hidden count. So every decision is tried by linear programming over everything ever shown, as an
attacker would; where a hidden count could be bounded to fewer than five whole numbers, more is hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import duckdb
import pyarrow

from warehouse import database
from warehouse.errors import BuildFailed
from warehouse.publish.disclosure import parts
from warehouse.publish.disclosure.attack import Attack, Bounded, attack
from warehouse.publish.disclosure.cells import (
    HIDDEN,
    NATION,
    OF_YEARS,
    TURNS,
    Block,
    Cell,
    Counts,
    Of,
    Shown,
    Split,
    family,
    of_same_children,
    seen,
    to_hide,
)
from warehouse.publish.disclosure.program import Contradiction

SOLVERS = 2
COUNTS = tuple(f"intermediate.int_indicators__{name}" for name in ("counts", "groups", "services"))
SEEN = ("n_pupils", "n_cases", "is_hidden")
LEDGERS = {  # kind of cell → columns of the ledger of what was decided
    "cells": ("school_year", "department_code", "level", "indicator", *SEEN),
    "groups": ("school_year", "level", "indicator", "group_name", *SEEN),
    "ugels": ("school_year", "department_code", "ugel_code", "level", "indicator", *SEEN),
    "department_groups": ("school_year", "department_code", "level", "indicator", "group_name", *SEEN),
    "ugel_groups": ("school_year", "department_code", "ugel_code", "level", "indicator", "group_name", *SEEN),
}


def first_look(counts: Counts) -> Block:
    """Hide small counts, and with one hidden part alone the next smallest, which the total would give away."""
    found = {cell: seen(*n) for cell, n in counts.items()}
    for quantity in ("pupils", "cases"):
        alone = [cells for cells in _splits(counts).values() if _n_hidden(found, cells, quantity) == 1]
        _hide_more_of(found, counts, alone, quantity)
    return found


def _n_hidden(block: Block, cells: Iterable[Cell], quantity: str) -> int:
    """Return how many parts are hidden; the nation is none."""
    return sum(not block[cell].shows(quantity) for cell in cells if cell.wholes)


def _splits(cells: Iterable[Cell]) -> dict[Split, list[Cell]]:
    """Return the parts of each way to split an indicator, and the nation; of one that is not split the nation alone."""
    found: dict[Split, list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: not cell.wholes):  # the nations last
        for of in _splits_of(cell, found):
            found[of].append(cell)
    return found


def _splits_of(cell: Cell, found: Iterable[Split]) -> list[Split]:
    mine = [of for of in found if of[0] == cell.indicator and not cell.wholes]
    return mine or [(cell.indicator, split) for split in cell.wholes or ("",)]


def _hide_more_of(block: Block, counts: Counts, splits: Iterable[list[Cell]], quantity: str) -> bool:
    """Hide in each split the smallest part still shown, or else the nation; say whether there was one."""
    is_more = False
    for cells in splits:
        if shown := [cell for cell in cells if block[cell].shows(quantity)]:
            smallest = min(shown, key=lambda c: (not c.wholes, counts[c][quantity == "cases"], c.department, c.group))
            block[smallest] = block[smallest].without(quantity)
            is_more = True
    return is_more


def decide(counts: Counts, kept: Block, attack: Attack = attack) -> Block:
    """Decide on the cells of one school year, level and family of indicators; those decided before stay as they are.

    The only part of a nation is shown as the nation is.

    Args:
        counts: true (pupils, cases) of each cell not decided before.
        kept: what was decided before.
        attack: what finds the hidden counts that are bounded.

    Raises:
        BuildFailed: what was shown before bounds a hidden count whatever is hidden now.
    """
    nations = parts.alone([*counts, *kept])
    parted = {cell: n for cell, n in counts.items() if cell not in nations}
    try:
        block = _hide_what_is_bounded(parted, kept, attack)
    except Contradiction:
        if not kept:
            raise
        return dict.fromkeys(counts, HIDDEN)  # beside what was shown at another time nothing more is shown
    return {cell: block.get(nations.get(cell, cell), HIDDEN) for cell in counts}


def _hide_what_is_bounded(counts: Counts, kept: Block, attack: Attack) -> Block:
    """Return what is shown once nothing hidden is bounded."""
    block = _without_what_tells(first_look(counts) | kept, counts)
    while bounded := attack(block):
        _hide_against(block, counts, bounded)
    return block


def _without_what_tells(block: Block, counts: Counts) -> Block:
    """Hide new cells that would nearly tell the hidden cases of another indicator."""
    beside = {cell: other for cell in counts if (other := of_same_children(cell))}
    return block | {cell: HIDDEN for cell, other in beside.items() if block.get(other, HIDDEN).is_hidden}


def _hide_against(block: Block, counts: Counts, bounded: Sequence[Bounded]) -> None:
    """Hide more where a count is bounded; an indicator with nothing left to hide is bounded by another."""
    splits = _splits(counts)
    mine = _splits_with(splits, bounded)
    for told in (mine, splits.keys() - mine):
        for quantity in to_hide(b.quantity for b in bounded):
            if _hide_more_of(block, counts, map(splits.__getitem__, sorted(told)), quantity):
                return
    said = ", ".join(sorted({b.cell.indicator for b in bounded}))
    raise BuildFailed(f"officials: {said}: what was shown before bounds a hidden count")


def _splits_with(splits: Iterable[Split], bounded: Sequence[Bounded]) -> set[Split]:
    return {of for of in splits if any(_is_of(of, b.cell) for b in bounded)}


def _is_of(of: Split, cell: Cell) -> bool:
    """Say whether a cell is part of a split; the nation is of each."""
    return cell.indicator == of[0] and (not cell.wholes or of[1] in cell.wholes)


# Wholes first: what they are split into hides them only where all else fails. What April tells comes before flows.
STAGES = tuple(
    (kinds, turn, decide_on)
    for kinds, decide_on in (
        (("cells", "groups"), decide),
        (("ugels",), parts.decide),
        (("department_groups",), parts.decide),
        (("ugel_groups",), parts.decide),
    )
    for turn in range(4)
)


def decide_new(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on every cell of the indicators that was not decided before, and keep it for ever; return how many."""
    before = ledger(db)
    blocks = _by_block(db, COUNTS)
    with ThreadPoolExecutor(SOLVERS) as pool:  # blocks know nothing of each other, and solvers run without Python
        decided = pool.map(lambda of: _decided(of, blocks[of], before.get(of, {})), blocks)
        rows = list(chain.from_iterable(decided))
    with database.transaction(db):
        for kind, names in LEDGERS.items():
            _keep(db, f"raw.official_{kind}", names, [row for row in rows if row["kind"] == kind])
    return len(rows)


def _keep(db: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    if rows:
        db.register("decided", pyarrow.Table.from_pylist([{name: row[name] for name in names} for row in rows]))
        db.execute(f"insert into {table} by name select *, (select today from raw.calendar) as decided_on from decided")
        db.unregister("decided")


def _decided(of: Of, counts: Counts, kept: Block) -> list[dict[str, object]]:
    """Return rows of the ledgers for the cells of a block that were not decided before."""
    return [
        {
            "kind": cell.kind,
            "school_year": of[0],
            "level": of[1],
            "indicator": cell.indicator,
            "department_code": cell.department,
            "ugel_code": cell.ugel,
            "group_name": cell.group,
            "n_pupils": shown.n_pupils,
            "n_cases": shown.n_cases,
            "is_hidden": shown.is_hidden,
        }
        for cell, shown in decide_in_stages(counts, kept).items()
    ]


def decide_in_stages(counts: Counts, kept: Block) -> Block:
    """Decide on the cells of a block that were not decided before: on wholes, then on their parts.

    All stages are tried at once with what a first look hides, and one by one only where that bounds a count. Of an
    indicator that later deliveries change nothing more is decided once any of it was: other cells of other rows would
    not add up to what was shown.

    Args:
        counts: true (pupils, cases) of each cell of one school year, level and family of indicators.
        kept: what was decided before.

    Raises:
        BuildFailed: what was shown before bounds a hidden count whatever is hidden now.
    """
    undecided = _undecided(counts, kept)
    first = _staged(undecided, kept, _believe_all_safe)
    return first if not first or _is_safe(kept | first) else _staged(undecided, kept, attack)


def _believe_all_safe(_: Block) -> list[Bounded]:
    """Find nothing: what is hidden at a first look is mostly enough, and one attack on all stages at once tells it."""
    return []


def _is_safe(block: Block) -> bool:
    try:
        return not attack(block)
    except Contradiction:
        return False


def _staged(undecided: Counts, kept: Block, attack: Attack) -> Block:
    decided: Block = {}
    for kinds, turn, decide_on in STAGES:
        new = {cell: n for cell, n in undecided.items() if cell.kind in kinds and TURNS.get(cell.indicator, 0) == turn}
        try:
            decided |= decide_on(new, kept | decided, attack) if new else {}
        except parts.StillBounded:
            decided = parts.hide_wholes(decided | dict.fromkeys(new, HIDDEN), kept)
    return decided


def _undecided(counts: Counts, kept: Block) -> Counts:
    """Return the cells that were not decided before; of what is decided once, none where any of it was."""
    closed = {cell.indicator for cell in kept if _is_of_year(cell)}
    return {cell: n for cell, n in counts.items() if cell not in kept and cell.indicator not in closed}


def _is_of_year(cell: Cell) -> bool:
    return cell.indicator in OF_YEARS


def _by_block(db: duckdb.DuckDBPyConnection, sources: Sequence[str]) -> dict[Of, Counts]:
    """Return (pupils, cases) of each cell of some tables, by school year, level and family of indicators."""
    found: dict[Of, Counts] = defaultdict(dict)
    every = " union all by name ".join(f"select * from {source}" for source in sources)
    for year, level, indicator, department, group, ugel, *n in db.execute(
        "select school_year, level, indicator, department_code, group_name, ugel_code, n_pupils, n_cases "
        f"from ({every}) order by all"
    ).fetchall():
        found[year, level, family(indicator)][_cell(indicator, department, group, ugel)] = (n[0], n[1])
    return found


def _cell(indicator: str, department: str | None, group: str | None, ugel: str | None) -> Cell:
    return Cell(indicator, department or NATION, group or "", ugel or "")


def ledger(db: duckdb.DuckDBPyConnection) -> dict[Of, Block]:
    """Return everything ever shown to officials, by school year, level and family of indicators."""
    blocks = _by_block(db, [f"raw.official_{kind}" for kind in LEDGERS])
    return {of: {cell: Shown(*n) for cell, n in counts.items()} for of, counts in blocks.items()}
