"""Years are counted by the calendar, in Python and in SQL: no rule takes a year for so many days."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import jinja2
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from warehouse.settings import DBT_PROJECT, REPOSITORY

FOLDERS = ("warehouse", "ml", "service", "dags", "deploy", "grafana")
DAYS_OF_A_YEAR = re.compile(r"(?<![\w.])36[56](\.\d+)?(?![\w.])|(?<![\w.])12\s*\*\s*3[01](?![\w.])")
BY_BOUNDARIES = re.compile(
    r"date_?diff\(\s*'year'|datesub\(\s*'year'|dateadd\(\s*year", re.IGNORECASE
)  # 31 December to 1 January is one
# File → why it may say so many days.
ALLOWED = {
    "service/language.py": "how long a browser keeps the language that somebody chose",
    "warehouse/country/people.py": "a synthetic birthday is any day of a year but the last of a leap year",
    "warehouse/commands/key.py": "the longest time for which a key is good, stated in days",
    "warehouse/rights/extracts.py": "the longest time for which an extract is good, stated in days",
}
DEFINITIONS = (DBT_PROJECT / "macros" / "definitions.sql").read_text(encoding="utf-8")
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31)) | st.builds(
    date, st.integers(498, 514).map(lambda n: 4 * n), st.just(2), st.sampled_from([28, 29])
)


def texts() -> Iterator[tuple[str, str]]:
    """Yield all our code without remarks: what Python says as numbers and texts, SQL, and settings as YAML."""
    for folder in FOLDERS:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            yield str(path.relative_to(REPOSITORY)), constants(path)
    for path in (*DBT_PROJECT.rglob("*.sql"), *DBT_PROJECT.glob("*.yml")):
        if "target" not in path.parts:
            code = re.sub(r"--[^\n]*|{#.*?#}|(?m:#.*$)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            yield str(path.relative_to(REPOSITORY)), code


def constants(path: Path) -> str:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return "\n".join(
        str(n.value) for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, int | float | str)
    )


@pytest.mark.parametrize(
    ("code", "is_found"),
    [("days / 365.25", True), ("365 * years", True), ("n>=366", True), ("date_diff('year', a, b)", True),
     ("1365", False), ("x365", False), ("0.365", False), ("date_diff('day', a, b)", False)],
)  # fmt: skip
def test_a_year_of_so_many_days_is_seen(code: str, is_found: bool) -> None:
    assert bool(DAYS_OF_A_YEAR.search(code) or BY_BOUNDARIES.search(code)) == is_found


def test_no_code_of_ours_takes_a_year_for_so_many_days() -> None:
    read = dict(texts())
    assert len(read) > 400
    found = {name for name, code in read.items() if DAYS_OF_A_YEAR.search(code) or BY_BOUNDARIES.search(code)}
    assert found == set(ALLOWED)


def macro(name: str, *arguments: str) -> str:
    """Return what a macro of definitions.sql says."""
    macros = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(DEFINITIONS).module  # noqa: S701  SQL
    return getattr(macros, name)(*arguments)


@cache
def in_both(name: str) -> tuple[str, str]:
    """Return a macro of the columns a and b as DuckDB has it, and in DuckDB's words what it means in Spark."""
    sql = f"select {macro(name, 'a', 'b')} as n from given"
    return sql, sqlglot.transpile(sql, read="spark", write="duckdb")[0]


def said(name: str, a: date, b: date | int) -> set[int]:
    """Return what a macro gives in DuckDB and in Spark: one number, if all is well."""
    kind = "date" if isinstance(b, date) else "integer"
    given = f"with given as (select $a::date as a, $b::{kind} as b) "
    return {duckdb.execute(given + sql, {"a": a, "b": b}).fetchall()[0][0] for sql in in_both(name)}


def years_between(earlier: date, later: date) -> int:
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


@settings(deadline=None, max_examples=examples(100))
@given(DAYS, DAYS)
@example(date(2008, 2, 29), date(2011, 2, 28))
@example(date(2008, 2, 29), date(2011, 3, 1))
@example(date(2008, 2, 29), date(2012, 2, 29))
@example(date(2007, 2, 28), date(2008, 2, 29))
def test_whole_years_are_those_of_the_calendar(one: date, other: date) -> None:
    earlier, later = sorted((one, other))
    assert said("whole_years", earlier, later) == {years_between(earlier, later)}


@settings(deadline=None, max_examples=examples(100))
@given(DAYS, st.integers(0, 25))
@example(date(2012, 2, 29), 6)
@example(date(2012, 3, 31), 6)
@example(date(2012, 4, 1), 6)
def test_an_age_is_that_of_31_march(born: date, years: int) -> None:
    year = born.year + years
    assert said("age_at_march", born, year) == {years_between(born, date(year, 3, 31))}
