"""Replay of a past list: known reasons, services since then and outcomes, by pseudonym; nothing is rebuilt."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import duckdb

from warehouse import database
from warehouse.errors import QhawaqError
from warehouse.settings import Home

# Lists as published; services count if given after the list's date, in the same school year.
REPLAY = """
with listed as (
  select child_key, as_of_date, outcome, any_value(model_version order by release_id) as model_version
  from ml.lists where as_of_date = $day and outcome = $outcome group by all),
supports as (
  select l.child_key, string_agg(distinct s.support_code, ', ' order by s.support_code) as given
  from listed as l join intermediate.int_supports__received as s on s.child_key = l.child_key
    and s.support_date > l.as_of_date and year(s.support_date) = year(l.as_of_date)
    and s.known_until > (select today from raw.calendar)
  group by 1),
cases as (
  select cast(child_key as bigint) as child_key, any_value(case_state) as case_state from education.cases
  where listed_on <= $day and school_year = year($day) group by 1)
select f.ugel_code, s.rank_in_ugel, l.child_key, s.probability, coalesce(r.reason_text, '') as known,
  coalesce(c.case_state, 'sin noticia') as case_state, coalesce(p.given, '') as given,
  case when o.label_status = 'final' and o.label then 'ocurrió' when o.label_status = 'final' then 'no ocurrió'
    when o.label_status = 'censored' then 'no se puede decir' else 'aún no se sabe' end as happened
from listed as l
join features.child_features as f using (child_key, as_of_date)
left join scores.risk_scores as s using (child_key, as_of_date, outcome, model_version)
left join intermediate.int_lists__tutor_reasons as r using (child_key, as_of_date, model_version)
left join cases as c using (child_key) left join supports as p using (child_key)
left join outcomes.child_outcomes as o using (child_key, as_of_date, outcome)
where $ugel is null or f.ugel_code = $ugel
order by all
"""


class ListedChild(NamedTuple):
    """A child of a list; the columns of `REPLAY`."""

    ugel: str
    rank: int | None
    child: int
    probability: float | None  # None where a rule ranked, or where it was withheld
    reasons: str  # known at the time, in Spanish
    case_state: str
    services: str  # received since, by code
    outcome: str  # in Spanish

    def line(self) -> str:
        """Return the child as a line of the list."""
        probability = "orden" if self.probability is None else f"{self.probability:.0%}"
        return (
            f"{self.ugel} {self.rank or '-':>4} {self.child:>16} {probability:>6}  {self.outcome:<16} "
            f"{self.case_state}; {self.services or 'ningún servicio'}; {self.reasons}"
        )


@dataclass(frozen=True)
class Replay:
    """A list of one date."""

    day: date
    children: list[ListedChild]

    def summary(self) -> list[str]:
        """Return the number of children, their outcomes with and without services, and their cases."""
        groups: dict[str, list[str]] = {"with a service": [], "without": []}
        for child in self.children:
            groups["with a service" if child.services else "without"].append(child.outcome)
        return [
            f"{self.day}: {len(self.children)} listed in {len({child.ugel for child in self.children})} UGEL",
            *(f"  {name:<16} {len(outcomes):>5}  {_counted(outcomes)}" for name, outcomes in groups.items()),
            f"  cases             {_counted(child.case_state for child in self.children)}",
            "Children with and without a service differ: this is no comparison.",
        ]

    def table(self) -> list[str]:
        """Return a line per child, in the order of the list."""
        return [child.line() for child in self.children]


def _counted(texts: Iterable[str]) -> str:
    """Return the number of each text."""
    return ", ".join(f"{text}: {n}" for text, n in sorted(Counter(texts).items()))


def replay(home: Home, day: date, outcome: str, ugel: str | None = None) -> Replay:
    """Return the list of a date.

    Raises:
        QhawaqError: no list was published for that date, or none of that UGEL.
    """
    with database.warehouse(home, read_only=True) as db:
        rows = db.execute(REPLAY, {"day": day, "outcome": outcome, "ugel": ugel}).fetchall()
        if not rows:
            raise QhawaqError(f"no list of {day} was published{f' for {ugel}' if ugel else ''}; {_known(db, outcome)}")
    return Replay(day, list(itertools.starmap(ListedChild, rows)))


def _known(db: duckdb.DuckDBPyConnection, outcome: str) -> str:
    """Return the dates with a published list, for an error."""
    days = database.column(db, "select distinct as_of_date from ml.lists where outcome = ? order by 1 desc", [outcome])
    return f"there are those of {', '.join(map(str, days))}" if days else "none was published yet"
