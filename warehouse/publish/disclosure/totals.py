"""The ministry's totals by department, as operations see them, decided beside the districts that officials see.

A total less the districts that are shown leaves the hidden ones: so each department and year is tried as an attacker
would who reads both, with totals of levels beside those of both levels, and what bounds a hidden district is hidden.
What was told once is kept and tried again with what comes later; what then bounds a district is told no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product

import duckdb
import numpy as np
from scipy import sparse

from warehouse import database
from warehouse.publish.disclosure.cells import POSSIBLE, ROUNDING, SMALLEST, is_small, rounded
from warehouse.publish.disclosure.program import Contradiction, Program
from warehouse.publish.disclosure.published import COUNTED, WHOLE

LEDGER = "raw.operations_totals"
MOST = 50_000_000  # nobody believes in more pupils than this
HALF = ROUNDING // 2
TOLERANCE = 1e-6  # of a solution
PUPILS = "pupils"
DROPOUTS = "dropouts"
# As operations name departments; 99 where there is no register of schools.
PLACE = """case when left(district_code, 2) in (select department_code from staging.departments)
or district_code = '999999' then left(district_code, 2) else '00' end"""
COUNTS = f"""
(select school_year, {PLACE} as department_code, district_code, level, n_pupils, null as n_dropouts
 from intermediate.int_ministry__districts where level in {COUNTED}
 union all
 select school_year, {PLACE}, district_code, '{WHOLE}', n_pupils, n_dropouts
 from intermediate.int_ministry__dropouts)"""
Count = tuple[str, str, str]  # district (nothing: the department), level or the whole, pupils or dropouts
Seen = dict[Count, int | None]  # as it is shown; None where it is hidden


@dataclass(frozen=True)
class BoundedTotal:
    """A hidden count, and the whole numbers between which an attacker knows it to lie."""

    count: Count
    low: int
    high: int


def attack(seen: Seen) -> list[BoundedTotal]:
    """Return the hidden counts of a department and year that are bounded to fewer than five whole numbers.

    An attacker may believe that what is hidden is anything, or that it is small, which most of it is; and that the file
    of dropout counts the same pupils as that of enrollment, or not. What contradicts what is shown tells nothing.
    """
    worlds = ((is_believed_small, is_one_file) for is_believed_small in (False, True) for is_one_file in (True, False))
    found = list(chain.from_iterable(_attacked(seen, *world) for world in worlds))
    return list({one.count: one for one in found}.values())


def _attacked(seen: Seen, is_believed_small: bool, is_one_file: bool) -> Iterator[BoundedTotal]:
    counts = list(seen)
    hidden = [k for k, count in enumerate(counts) if seen[count] is None and count[0]]
    try:
        low, high = _ranges(_program(seen, is_believed_small, is_one_file), hidden)
    except Contradiction:
        return
    for k in hidden:
        least = int(np.ceil(low[k] - TOLERANCE))
        most = int(np.floor(high[k] + TOLERANCE))
        if most - least + 1 < POSSIBLE:
            yield BoundedTotal(counts[k], least, most)


def _program(seen: Seen, is_believed_small: bool, is_one_file: bool) -> Program:
    """Return what is known of the counts: sums that come to nothing, and differences of at most nothing."""
    counts = list(seen)
    small = _small_ones(counts) if is_believed_small else set()
    limits = np.array([_limits(seen[count], count in small) for count in counts], dtype=float)
    sums = [*_of_departments(counts), *(_of_levels(counts) if is_one_file else [])]
    matrix = sparse.csr_array(np.array([*sums, *_within(counts)]).reshape(-1, len(counts)))
    at_least = np.array([0.0] * len(sums) + [-np.inf] * (matrix.shape[0] - len(sums)))
    return Program(matrix, at_least, np.zeros(matrix.shape[0]), *limits.T.copy())


def _ranges(program: Program, hidden: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the most of each count as far as solutions show; exact where these are narrow."""
    low = program.least(np.zeros(len(program.low)))
    high = low.copy()
    for k, sign in product(hidden, (1, -1)):
        if high[k] - low[k] < POSSIBLE:
            solution = program.least(sign * np.eye(1, len(low), k)[0])
            low = np.minimum(low, solution)
            high = np.maximum(high, solution)
    return low, high


def _small_ones(counts: list[Count]) -> set[Count]:
    """Return the counts of districts that are hidden because they are small; a whole may be so beside its levels."""
    with_levels = {district for district, level, _ in counts if level in COUNTED}
    return {one for one in counts if one[0] and not (one[1:] == (WHOLE, PUPILS) and one[0] in with_levels)}


def _limits(shown: int | None, is_small_one: bool) -> tuple[int, int]:
    """Return the whole numbers that a count can be: those that round to what is shown, and are not small."""
    if shown is not None:
        return max(shown - HALF, SMALLEST), shown + HALF
    return 0, SMALLEST - 1 if is_small_one else MOST


def _row(counts: list[Count], whole: Count, parts: list[Count]) -> list[float]:
    weights = {whole: -1.0} | dict.fromkeys(parts, 1.0)
    return [weights.get(count, 0.0) for count in counts]


def _of_departments(counts: list[Count]) -> Iterator[list[float]]:
    """Yield that a department is its districts, of each level and quantity."""
    for count in counts:
        if not count[0]:
            yield _row(counts, count, [one for one in counts if one[0] and one[1:] == count[1:]])


def _of_levels(counts: list[Count]) -> Iterator[list[float]]:
    """Yield that the pupils of a district are those of its levels."""
    for whole in counts:
        parts = [one for one in counts if one[0] == whole[0] and one[1] in COUNTED]
        if whole[0] and whole[1:] == (WHOLE, PUPILS) and parts:
            yield _row(counts, whole, parts)


def _within(counts: list[Count]) -> Iterator[list[float]]:
    """Yield that no more pupils drop out than there are."""
    for district, level, quantity in counts:
        if quantity == DROPOUTS and (pupils := (district, level, PUPILS)) in counts:
            yield _row(counts, pupils, [(district, level, DROPOUTS)])


def decide(totals: Seen, districts: Seen) -> Seen:
    """Return the totals of a department and year as they are told beside its districts.

    Args:
        totals: what of them may be told by itself; None where it is small.
        districts: what officials see of the department's districts.
    """
    told = dict(totals)
    before = {one.count for one in attack(districts)}  # where the ministry's two files differ, and no total helps
    for hidden in ((), (DROPOUTS,), (WHOLE, DROPOUTS), (WHOLE, DROPOUTS, *COUNTED)):
        told = {count: None if {*count} & {*hidden} else n for count, n in totals.items()}
        if {one.count for one in attack(districts | told)} <= before:
            break
    return told


def decide_new(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on the totals of every department and year, but keep what was told or hidden before; return how many rows.

    What was told before is told no more where it bounds a district that was decided on since.
    """
    kept = _kept(db)
    beside = _beside(db)
    rows = []
    for place, counts in _counts(db).items():
        districts = _districts(counts)
        if beside.get(place) != len(districts):
            decided = decide(_alone(counts) | kept.get(place, {}), districts)
            rows += [(*place, level, *both, len(districts)) for level, both in _by_level(decided).items()]
    if rows:
        with database.transaction(db):
            db.executemany(f"insert or replace into {LEDGER} select ?, ?, ?, ?, ?, ?, today from raw.calendar", rows)
    return len(rows)


Place = tuple[int, str]  # school year and department
Counts = dict[Count, tuple[int, int | None]]  # the true number, and what officials see


def _counts(db: duckdb.DuckDBPyConnection) -> dict[Place, Counts]:
    """Return the true counts of districts by year and department, each with what officials see of it."""
    found: dict[Place, Counts] = defaultdict(dict)
    for year, department, district, level, pupils, dropouts, shown_pupils, shown_dropouts in db.execute(
        f"select c.*, o.n_pupils, o.n_dropouts from {COUNTS} as c left join raw.official_districts as o "
        "using (school_year, district_code, level) order by all"
    ).fetchall():
        found[year, department][district, level, PUPILS] = pupils, shown_pupils
        if level == WHOLE:
            found[year, department][district, level, DROPOUTS] = dropouts, shown_dropouts
    return found


def _districts(counts: Counts) -> Seen:
    """Return what officials see of the districts."""
    return {count: shown for count, (_, shown) in counts.items()}


def _alone(counts: Counts) -> Seen:
    """Return the totals as they may be told by themselves."""
    sums: dict[Count, int] = defaultdict(int)
    for (_, level, quantity), (n, _) in counts.items():
        sums["", level, quantity] += n
    return {count: _told(count, n, sums) for count, n in sums.items()}


def _told(count: Count, n: int, sums: dict[Count, int]) -> int | None:
    """Return a total rounded; None where it is small, or the rest of the pupils is."""
    is_few = n < SMALLEST or (count[2] == DROPOUTS and is_small(sums["", count[1], PUPILS], n))
    return None if is_few else rounded(n)


def _by_level(told: Seen) -> dict[str, tuple[int | None, int | None]]:
    levels = {level for _, level, _ in told}
    return {level: (told.get(("", level, PUPILS)), told.get(("", level, DROPOUTS))) for level in sorted(levels)}


def _kept(db: duckdb.DuckDBPyConnection) -> dict[Place, Seen]:
    """Return the totals as they were decided before."""
    found: dict[Place, Seen] = defaultdict(dict)
    for year, department, level, pupils, dropouts in db.execute(
        f"select school_year, department_code, level, n_pupils, n_dropouts from {LEDGER}"
    ).fetchall():
        found[year, department]["", level, PUPILS] = pupils
        if level == WHOLE:
            found[year, department]["", level, DROPOUTS] = dropouts
    return found


def _beside(db: duckdb.DuckDBPyConnection) -> dict[Place, int]:
    """Return beside how many counts of districts each place was decided: with more it is decided again."""
    rows = db.execute(f"select school_year, department_code, min(n_districts) from {LEDGER} group by all").fetchall()
    return {(year, department): n for year, department, n in rows}
