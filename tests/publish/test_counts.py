"""Every count of children in files of officials and operations, of all kept releases, is told rounded and not of few.

Which columns count children is said by the models' yml, of each column of whole numbers: none can be forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

from tests.conftest import Country
from warehouse import contracts
from warehouse.settings import DBT_PROJECT, read_yaml

WHOLE = {"integer", "bigint", "smallint", "hugeint"}
# `projections` are people whom INEI projects: public, and counted nowhere.
COUNTED = {"children", "rows", "files", "schools", "places", "staff", "looks", "projections", "nothing"}
POSSIBLE = 5  # whole numbers that a hidden count must be able to be, as seen by whoever solves all that is shown
FEW = 10


class CountColumn(NamedTuple):
    """A column of whole numbers in a mart of officials or operations."""

    audience: str
    table: str
    name: str
    counts: str  # what it counts, "" where the yml does not say it


def columns() -> Iterator[CountColumn]:
    for audience in ("officials", "operations"):
        for path in sorted((DBT_PROJECT / "models" / "marts" / audience).glob("_*__models.yml")):
            for model in read_yaml(path)["models"]:
                for column in model["columns"]:
                    if column.get("data_type") in WHOLE:
                        meta = column.get("config", {}).get("meta", {})
                        yield CountColumn(audience, model["name"], column["name"], meta.get("counts", ""))


OF_CHILDREN = [column for column in columns() if column.counts == "children"]


def test_each_column_of_whole_numbers_says_what_it_counts() -> None:
    assert [column for column in columns() if column.counts not in COUNTED] == []
    assert len(OF_CHILDREN) > 20
    assert {column.name for column in OF_CHILDREN} >= {"n_pupils", "n_cases", "n_children", "n_landed", "n_served"}


def test_no_count_of_children_stands_in_a_column_of_other_numbers() -> None:
    """A count that is no whole number by its type would not be asked what it counts."""
    for audience in ("officials", "operations"):
        for path in sorted((DBT_PROJECT / "models" / "marts" / audience).glob("_*__models.yml")):
            for model in read_yaml(path)["models"]:
                loose = [
                    c["name"] for c in model["columns"] if c["name"].startswith("n_") and c["data_type"] not in WHOLE
                ]
                assert loose == [], model["name"]


def files(country: Country, audience: str) -> list[Path]:
    """Return an audience's file of every kept release."""
    return sorted((country.home.serving / audience).glob("*/qhawaq.duckdb"))


@pytest.mark.parametrize("column", OF_CHILDREN, ids=lambda column: f"{column.table}.{column.name}")
def test_what_is_told_of_children_is_rounded_and_not_of_few(country: Country, column: CountColumn) -> None:
    """Each number that is shown can be five whole numbers; a gap of none is told, and says nothing of any child."""
    assert files(country, column.audience)
    for path in files(country, column.audience):
        with duckdb.connect(str(path), read_only=True) as db:
            wrong = db.execute(
                f"select {column.name} from {column.table} where {column.name} % 5 <> 0 or {column.name} < {FEW} "
                f"and not ({column.name} = 0 and contains('{column.name}', '_gap'))"
            ).fetchall()
        assert wrong == [], path


OF_FILES = {"n_deliveries", "expected_days", "age_days"}  # beside a source: what counts files and days


def of_sources(path: Path, sources: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Yield table, column and number of every row of any table that names one of the sources."""
    with duckdb.connect(str(path), read_only=True) as db:
        numbers = db.execute(
            "select c.table_name, c.column_name from duckdb_columns() as c semi join duckdb_columns() as s "
            "on c.table_name = s.table_name and s.column_name = 'source' where c.data_type in ('INTEGER', 'BIGINT')"
        ).fetchall()
        for table, name in numbers:
            rows = db.execute(f"select {name} from {table} where source in {sources} and {name} is not null").fetchall()
            yield from ((table, name, n) for (n,) in rows)


def test_rows_of_protection_are_told_rounded_and_never_of_few_whatever_the_table(country: Country) -> None:
    protection = tuple(one.name for one in contracts.read(DBT_PROJECT).values() if one.domain == "protection")
    assert country.ask(f"select file from raw.deliveries where source in {protection} and accepted_rows % 5 <> 0")
    found = [
        one
        for audience in ("officials", "operations")
        for path in files(country, audience)
        for one in of_sources(path, protection)
    ]
    assert {table for table, *_ in found} >= {"deliveries", "freshness"}
    assert [one for one in found if one[1] not in OF_FILES and (one[2] % 5 or 0 < one[2] < FEW)] == []


class Groups(NamedTuple):
    """The cases of all groups of one model: by the group's values of traits, what is shown (None: hidden)."""

    shown: dict[frozenset[tuple[str, str]], int | None]


def groups_of(path: Path) -> list[Groups]:
    with duckdb.connect(str(path), read_only=True) as db:
        rows = db.execute(
            "select model_version, outcome, group_name, n_cases from fairness union all "  # and of everybody
            "select model_version, outcome, '', max(value)::int from model_performance where metric = 'n_cases' "
            "and segment = 'all' and dataset = 'validation' group by all"
        ).fetchall()
    by_model: dict[tuple[str, str], Groups] = defaultdict(lambda: Groups({}))
    for model, outcome, name, n in rows:
        traits = frozenset(
            (kind, value) for kind, _, value in (part.partition("=") for part in name.split("&") if part)
        )
        by_model[model, outcome].shown[traits] = n
    return [with_unlisted(groups) for groups in by_model.values()]


def with_unlisted(groups: Groups) -> Groups:
    """Add the groups that have no row, as hidden: a value of a trait that others show stands for somebody."""
    values: dict[str, set[str]] = defaultdict(set)
    for kind, value in chain.from_iterable(groups.shown):
        values[kind].add(value)
    listed = {frozenset(kind for kind, _ in traits) for traits in groups.shown}
    every = (
        frozenset(one) for kinds in listed for one in product(*([(k, v) for v in values[k]] for k in sorted(kinds)))
    )
    return Groups(dict.fromkeys(every) | groups.shown)


def sums_of(known: list[frozenset[tuple[str, str]]]) -> np.ndarray:
    """Return rows that come to nothing: all groups of some traits, less all of others; a group, less its parts."""
    by_kind: dict[frozenset[str], list[int]] = defaultdict(list)
    for k, traits in enumerate(known):
        by_kind[frozenset(kind for kind, _ in traits)].append(k)
    whole_less_parts = [(one, other) for one, other in product(by_kind.values(), by_kind.values()) if one is not other]
    for kinds, members in by_kind.items():
        if len(kinds) > 1:
            for k in (k for kind in kinds for k in by_kind.get(frozenset([kind]), ())):
                whole_less_parts.append(([k], [m for m in members if known[k] <= known[m]]))
    rows = np.zeros((len(whole_less_parts), len(known)))
    for row, (whole, parts) in zip(rows, whole_less_parts, strict=True):
        row[whole] += 1
        row[parts] -= 1
    return rows


def bounds(groups: Groups) -> dict[frozenset[tuple[str, str]], tuple[float, float]]:
    """Return the least and the most that each hidden count can be, by linear programming from all that are shown."""
    known = list(groups.shown)
    sums = sums_of(known)
    limits = [(0, None) if n is None else (n - 2, n + 2) for n in groups.shown.values()]
    found = {}
    for k, traits in enumerate(known):
        if groups.shown[traits] is None:
            weight = np.eye(len(known))[k]
            least, most = (
                linprog(sign * weight, A_eq=sums, b_eq=np.zeros(len(sums)), bounds=limits) for sign in (1, -1)
            )
            assert {least.status, most.status} <= {0, 3}, "what is shown can be"
            found[traits] = least.fun, np.inf if most.status == 3 else -most.fun
    return found


def narrow(groups: Groups) -> list[frozenset[tuple[str, str]]]:
    """Return the hidden groups whose cases are bounded to fewer than five whole numbers."""
    return [
        one
        for one, (least, most) in bounds(groups).items()
        if np.floor(most + 1e-6) - np.ceil(least - 1e-6) + 1 < POSSIBLE
    ]


def test_no_hidden_group_of_fairness_is_bounded_by_the_others(country: Country) -> None:
    of_models = [groups for path in files(country, "operations") for groups in groups_of(path)]
    assert sum(n is None for groups in of_models for n in groups.shown.values()) > 10
    assert [narrow(groups) for groups in of_models if narrow(groups)] == []


def test_the_attack_finds_a_group_that_alone_is_hidden() -> None:
    """As former code told them: 35 of one trait, 25 of its one part: the other is seven to nine, or a few more."""
    shown = {"area=rural": 35, "area=urbana": 40, "area=rural&sex=mujer": 25, "area=rural&sex=varón": None,
             "area=urbana&sex=mujer": 20, "area=urbana&sex=varón": 20, "sex=mujer": 45, "sex=varón": 30}  # fmt: skip
    parted = {
        frozenset((k, v) for k, _, v in (p.partition("=") for p in name.split("&"))): n for name, n in shown.items()
    }
    ((least, most),) = bounds(Groups(parted)).values()
    assert (least, most) == (6, 14)
    tight = parted | {frozenset({("sex", "varón"), ("area", "urbana")}): 25, frozenset({("sex", "mujer")}): 45}
    assert narrow(Groups(tight))
