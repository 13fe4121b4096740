"""The ministry's counts by district, as officials see them: decided once, kept for ever, none bounded by the others.

The file of dropout counts the pupils of a whole district and the file of enrollment those of each level. A whole and
its other levels tell a hidden level, so a whole is not shown beside one. What was shown before counts as well: files
come and are corrected on different days.
"""

from __future__ import annotations

from collections import defaultdict

import duckdb

from warehouse import database
from warehouse.publish.disclosure.cells import POSSIBLE, ROUNDING, SMALLEST, is_small, rounded

WHOLE = "*"
COUNTED = ("B0", "F0")  # in the place of a level, and the levels of which it is the sum
LEDGER = "raw.official_districts"
KEY = "school_year, district_code, level"
MEASURES = "n_pupils, n_withdrawn, n_over_age, n_dropouts"
COUNTS = f"""
(select {KEY}, n_pupils, n_withdrawn, n_over_age, null as n_dropouts from intermediate.int_ministry__districts
 union all
 select school_year, district_code, '{WHOLE}', n_pupils, null, null, n_dropouts
 from intermediate.int_ministry__dropouts)"""
# Pupils first, then those of them with something; None is hidden, or not in this file.
Row = tuple[int | None, ...]
District = dict[str, Row]


def seen(row: Row) -> Row:
    """Hide what is small, with its complement, and all of a row whose pupils are few; round the others."""
    pupils, *parts = row
    if pupils is None or pupils < SMALLEST:
        return _hidden(row)
    return (rounded(pupils), *(_shown(pupils, n) for n in parts))


def _shown(pupils: int, n: int | None) -> int | None:
    """Return a part of the pupils as it is shown, None where it is hidden."""
    return None if n is None or is_small(pupils, n) else rounded(n)


def _hidden(row: Row) -> Row:
    return (None,) * len(row)


def decide(counts: District, kept: District) -> District:
    """Decide on rows of one district and school year; return them as they are shown.

    Args:
        counts: true counts by level (or the whole) of what was not decided before.
        kept: what was decided before; it stays as it is.

    Rows that would be told by what was shown before are left out, now and for ever.
    """
    found = {level: seen(row) for level, row in counts.items()}
    if None in _levels(found | kept):
        found = _without_telling(found, whole_was_shown=kept.get(WHOLE, (None,))[0] is not None)
    return {} if is_bounded(found | kept) else found


def _without_telling(found: District, *, whole_was_shown: bool) -> District:
    """Hide the whole beside a hidden level; where it was shown before, every level that is new."""
    told = COUNTED if whole_was_shown else (WHOLE,)
    return {level: _hidden(row) if level in told else row for level, row in found.items()}


def _levels(block: District) -> list[int | None]:
    """Return the pupils shown of the levels that make the whole."""
    return [row[0] for level, row in block.items() if level in COUNTED]


def is_bounded(block: District) -> bool:
    """Say whether the whole and the other level leave a hidden level fewer than five whole numbers.

    Each shown number stands for those within half the rounding that are not small. One hidden level alone is known
    to be small; of two nobody knows which is.
    """
    levels = _levels(block)
    whole = block.get(WHOLE, (None,))[0]
    if whole is None or None not in levels:
        return False
    low, high = _range(whole, levels)
    return high - low + 1 < POSSIBLE


def _range(whole: int, levels: list[int | None]) -> tuple[int, int]:
    """Return the least and the most that a hidden level can be."""
    half = ROUNDING // 2
    others = [n for n in levels if n is not None]
    high = whole + half - sum(max(n - half, SMALLEST) for n in others)
    if levels.count(None) > 1:
        return 0, high
    low = max(whole - half, SMALLEST) - sum(others) - half * len(others)
    return max(0, low), min(high, SMALLEST - 1)


def decide_new(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on every row that was not decided before, and keep it for ever; return how many."""
    counts = _by_district(db, f"{COUNTS} anti join {LEDGER} using ({KEY})")
    kept = _by_district(
        db, f"{LEDGER} semi join (from {COUNTS} anti join {LEDGER} using ({KEY})) using (school_year, district_code)"
    )
    rows = [
        (*district, level, *row)
        for district, new in counts.items()
        for level, row in decide(new, kept.get(district, {})).items()
    ]
    if rows:
        with database.transaction(db):
            db.executemany(f"insert into {LEDGER} select ?, ?, ?, ?, ?, ?, ?, today from raw.calendar", rows)
    return len(rows)


def _by_district(db: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[int, str], District]:
    """Return the rows of each district and school year by level."""
    found: dict[tuple[int, str], District] = defaultdict(dict)
    for year, district, level, *row in db.execute(f"select {KEY}, {MEASURES} from {source} order by all").fetchall():
        found[year, district][level] = tuple(row)
    return found
