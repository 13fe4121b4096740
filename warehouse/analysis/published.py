"""Answers to questions from what officials see: published cells, rounded and hidden, and never a sum of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

from warehouse.analysis.answers import value_meant
from warehouse.analysis.measures import YEAR, found_by_name
from warehouse.analysis.question import Filter, Question
from warehouse.database import column, quoted
from warehouse.errors import HomeError, UsageError
from warehouse.publish import switching
from warehouse.settings import Home

AUDIENCE = "officials"
MEASURED = {"n_pupils": "pupils", "n_cases": "cases", "case_share": "share"}
# Every published cell of an indicator, of a place and of at most one trait; the nation is of no department.
_CELLS = """
create temp view cells as
select school_year, level, indicator, case when department_code <> '00' then department_name end as department,
  null as ugel, null as trait, n_pupils, n_cases, case_share, is_hidden from published.indicators
union all
select school_year, level, indicator, null, ugel_code, null, n_pupils, n_cases, case_share, is_hidden
from published.ugel_indicators
union all
select school_year, level, indicator, case when length(place_code) = 2 and place_code <> '00' then place_name end,
  case when length(place_code) = 6 then place_code end, group_name, n_pupils, n_cases, case_share, is_hidden
from published.group_gaps
"""


class CellDimension(NamedTuple):
    """What a question can be split by: its name, its Spanish label and its SQL over the cells."""

    name: str
    label: str
    sql: str


ALWAYS = (CellDimension(YEAR, "año", YEAR), CellDimension("level", "nivel", "level"))  # no cell is of several
PLACES = (CellDimension("department", "departamento", "department"), CellDimension("ugel", "ugel", "ugel"))


@dataclass(frozen=True)
class PublishedAnswer:
    """Cells as officials see them.

    Attributes:
        head: names of the columns: dimensions, then pupils, cases and share of each indicator.
        rows: in the order of the dimensions; what is hidden is None.
        n_hidden: how many cells are hidden.
        release: the release that they are of.
    """

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    n_hidden: int
    release: str


def answer(home: Home, question: Question) -> PublishedAnswer:
    """Answer a question from the current release of the officials' file.

    Raises:
        HomeError: nothing is published.
        UsageError: an indicator, a dimension or a value is not in what is published.
    """
    file = switching.file(home, AUDIENCE, switching.current(home) or "")
    if not file.is_file():
        raise HomeError(f"{home.root} has published nothing for officials yet: qhawaq run does")
    with duckdb.connect() as db:
        db.execute(f"attach {quoted(str(file), chr(39))} as published (read_only)")
        db.execute(_CELLS)
        return _Cells(db).answer(question)


@dataclass(frozen=True)
class _Condition:
    """Which cells are asked for."""

    sql: list[str]
    given: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        return " and ".join(self.sql)


class _Cells:
    """The published cells and what they can be split by."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        kinds = column(db, "select distinct split_part(trait, '=', 1) from cells where trait is not null order by 1")
        self.traits = tuple(CellDimension(kind, kind, "split_part(trait, '=', 2)") for kind in kinds)

    def answer(self, question: Question) -> PublishedAnswer:
        known = column(self.db, "select distinct indicator from cells")
        indicators = [value_meant(known, "what is published", said) for said in question.measures]
        by = [self._dimension(said) for said in question.by]
        shown = [*by, *(one for one in ALWAYS if one not in by)]
        condition = self._condition(indicators, by, question)
        rows = self.db.execute(_statement(shown, indicators, condition), condition.given).fetchall()
        hidden = f"select count(*) from cells where is_hidden and {condition}"
        ((n_hidden,),) = self.db.execute(hidden, condition.given).fetchall()
        ((release,),) = self.db.execute("select release_id from published.release").fetchall()
        measured = [f"{indicator}: {told}" for indicator in indicators for told in MEASURED.values()]
        return PublishedAnswer((*(one.name for one in shown), *measured), rows, n_hidden, release)

    def _dimension(self, said: str) -> CellDimension:
        known: Iterable[CellDimension] = (*ALWAYS, *PLACES, *self.traits)
        found: CellDimension = found_by_name("dimension of what is published", said, known)
        return found

    def _condition(self, indicators: list[str], by: list[CellDimension], question: Question) -> _Condition:
        filters = [(self._dimension(one.dimension), one) for one in question.filters]
        asked = {*by, *(dimension for dimension, _ in filters)}
        kinds = [*self._of_places(asked), self._of_traits(asked), *_years(question)]
        found = _Condition(["list_contains(?, indicator)", *kinds], [indicators])
        for dimension, one in filters:
            found.given.append(self._meant(dimension, one, found))
            found.sql.append(f"{dimension.sql} {'<>' if one.is_negated else '='} ?")
        return found

    def _of_places(self, asked: set[CellDimension]) -> list[str]:
        chosen = _at_most_one(asked.intersection(PLACES), "department or UGEL")
        return [f"{one.sql} is {'not null' if one in chosen else 'null'}" for one in PLACES]

    def _of_traits(self, asked: set[CellDimension]) -> str:
        chosen = _at_most_one(asked.intersection(self.traits), "sex, language or another trait")
        return f"trait like '{chosen[0].name}=%'" if chosen else "trait is null"

    def _meant(self, dimension: CellDimension, asked: Filter, among: _Condition) -> Any:  # noqa: ANN401  of any type
        known = column(self.db, f"select distinct {dimension.sql} from cells where {among}", among.given)
        return value_meant(known, dimension.name, asked.value)


def _statement(shown: list[CellDimension], indicators: list[str], condition: _Condition) -> str:
    """Return SQL for a row of each combination of the dimensions, with every indicator's pupils, cases and share."""
    measured = [
        f"any_value({name}) filter (where indicator = {quoted(indicator, chr(39))})"
        for indicator in indicators
        for name in MEASURED
    ]
    columns = ", ".join([*(one.sql for one in shown), *measured])
    numbers = ", ".join(str(n + 1) for n in range(len(shown)))
    return f"select {columns} from cells where {condition} group by {numbers} order by {numbers}"


def _years(question: Question) -> list[str]:
    limits = ((">=", question.first_year), ("<=", question.last_year))
    return [f"{YEAR} {sign} {year}" for sign, year in limits if year is not None]


def _at_most_one(asked: set[CellDimension], what: str) -> list[CellDimension]:
    if len(asked) > 1:
        names = " and ".join(sorted(one.name for one in asked))
        raise UsageError(f"published cells are of one {what} at a time, not of {names}")
    return list(asked)
