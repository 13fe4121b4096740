"""What the warehouse says, and where the second implementation says otherwise."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from tests.second.features import Pupils
from tests.second.indicators import Counts
from tests.second.needs import needs
from tests.second.outcomes import LabelDays, Labels
from tests.second.rows import Raw, Row

CLOSE = 1e-9
CELL = "school_year, department_code, ugel_code, level, indicator"
ABSENT = "no such row"
Key = tuple[int, str]  # a child's key and a feature or an outcome


@dataclass(frozen=True)
class Difference:
    """One value on which the two disagree."""

    of: str
    on: str
    column: str
    warehouse: Any
    second: Any

    def __str__(self) -> str:
        second = float(self.second) if isinstance(self.second, Fraction) else self.second
        return f"{self.of} on {self.on}: {self.column} is {self.warehouse} in the warehouse, {second} by the sentences"


def report(found: Collection[Difference], shown: int = 20) -> str:
    return f"{len(found)} values differ:\n" + "\n".join(str(one) for one in list(found)[:shown])


def equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, (float, Fraction)) or isinstance(right, (float, Fraction)):
        return not isinstance(left, str) and not isinstance(right, str) and abs(left - right) <= CLOSE
    return bool(left == right)


def ask(warehouse: Path, sql: str) -> list[Row]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(sql)
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, values, strict=True)) for values in found.fetchall()]


def features(warehouse: Path) -> dict[dt.date, dict[int, Row]]:
    """Return the features of each date and child, as the warehouse says."""
    found: dict[dt.date, dict[int, Row]] = defaultdict(dict)
    for row in ask(warehouse, "select * from features.child_features"):
        found[row["as_of_date"]][row["child_key"]] = row
    return found


def outcomes(warehouse: Path) -> dict[dt.date, dict[int, Row]]:
    """Return the outcomes of each date and child, one column of each outcome and what is said of it."""
    found: dict[dt.date, dict[int, Row]] = defaultdict(lambda: defaultdict(dict))
    for row in ask(
        warehouse, "select child_key, as_of_date, outcome, label, label_status, is_in_rate from outcomes.child_outcomes"
    ):
        said = {f"{row['outcome']}.{name}": row[name] for name in ("label", "label_status", "is_in_rate")}
        found[row["as_of_date"]][row["child_key"]] |= said
    return found


def outcomes_by_sentences(pupils: Pupils, labels: Labels) -> dict[int, Row]:
    """Return the same of one date by the second implementation."""
    found: dict[int, Row] = {}
    for child, row in pupils.features.items():
        unmet = any(needs(row, pupils.supports.this_year(child)).values())
        found[child] = {}
        for name, one in labels.of(child, unmet).items():
            found[child] |= {
                f"{name}.label": one.label,
                f"{name}.label_status": one.status,
                f"{name}.is_in_rate": one.is_in_rate,
            }
    return found


def labels_of_years(raw: Raw, years: Iterable[int]) -> dict[int, Labels]:
    days = LabelDays(raw)
    return {year: Labels(raw, days, year) for year in set(years)}


def children(
    date: dt.date, theirs: dict[int, Row], mine: dict[int, Row], keys: Collection[int]
) -> Iterator[Difference]:
    """Compare what both say of the pupils of a date, of the children with these keys; who is a pupil too."""
    for key in sorted(set(keys) & (set(theirs) | set(mine))):
        if key not in theirs or key not in mine:
            yield Difference(f"child {key}", str(date), "pupil", key in theirs, key in mine)
            continue
        for column in theirs[key]:
            second = mine[key].get(column, ABSENT)
            if not equal(theirs[key][column], second):
                yield Difference(f"child {key}", str(date), column, theirs[key][column], second)


def keys_of(raw: Raw, drawn: Iterable[int]) -> set[int]:
    """Return all keys that are known today to be one of the drawn children: who was two was compared as two."""
    merged = {row["child_key"]: row["merged_into"] for row in raw.tables["child_merges"]}
    groups: dict[int, set[int]] = defaultdict(set)
    for key in [*merged, *merged.values(), *drawn]:
        groups[_end(merged, key)].add(key)
    return set().union(*(groups[_end(merged, key)] for key in drawn))


def _end(merged: dict[int, int], key: int) -> int:
    while key in merged:
        key = merged[key]
    return key


def cells(warehouse: Path, table: str, indicator: str = "indicator") -> Counts:
    """Return pupils and cases of each cell, as the warehouse counts them before it hides any."""
    sql = f"select {CELL.replace('indicator', indicator)} as indicator, n_pupils, n_cases from intermediate.{table}"
    return {tuple(row.values())[:-2]: (row["n_pupils"], row["n_cases"]) for row in ask(warehouse, sql)}  # type: ignore[misc]


def counts(theirs: Counts, mine: Counts) -> Iterator[Difference]:
    """Compare cells; one that nobody is in need not be there."""
    for key in sorted(set(theirs) | set(mine), key=str):
        left, right = theirs.get(key, (0, 0)), mine.get(key, (0, 0))
        for column, here, there in zip(("n_pupils", "n_cases"), left, right, strict=True):
            if here != there:
                year, *place, level, indicator = key
                yield Difference(f"{indicator} of level {level} at {place}", str(year), column, here, there)
