"""A past list beside what was known then, done since, and what happened: pseudonymous, nothing is built anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse import database
from warehouse.errors import QhawaqError
from warehouse.settings import Home

# Lists are what was really published; a service counts as done after the list's date, in that school year.
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


@dataclass(frozen=True)
class Replay:
    """A list of one date: a row a child."""

    day: date
    rows: list[tuple]

    def summary(self) -> list[str]:
        """Say how many there were, what was done, and what happened to those for whom something was done or not."""
        given = {
            "with a service": [row for row in self.rows if row[6]],
            "without": [row for row in self.rows if not row[6]],
        }
        return [
            f"{self.day}: {len(self.rows)} listed in {len({row[0] for row in self.rows})} UGEL",
            *(f"  {name:<16} {len(part):>5}  {_counted(part, 7)}" for name, part in given.items()),
            f"  cases             {_counted(self.rows, 5)}",
            "Who was helped differs from who was not: this compares nobody.",
        ]

    def table(self) -> list[str]:
        """Return a line a child, in the order of the list."""
        return [
            f"{ugel} {rank or '-':>4} {child:>16} {'regla' if chance is None else f'{chance:.0%}':>6}  {happened:<16} "
            f"{state}; {given or 'ningún servicio'}; {known}"
            for ugel, rank, child, chance, known, state, given, happened in self.rows
        ]


def _counted(rows: list[tuple], position: int) -> str:
    """Say how many rows have each text at a position."""
    return ", ".join(f"{text}: {n}" for text, n in sorted(Counter(row[position] for row in rows).items()))


def replay(home: Home, day: date, outcome: str, ugel: str | None = None) -> Replay:
    """Return the list of a date.

    Raises:
        QhawaqError: no list was published for that date, or none of that UGEL.
    """
    with database.warehouse(home, read_only=True) as db:
        rows = db.execute(REPLAY, {"day": day, "outcome": outcome, "ugel": ugel}).fetchall()
        if not rows:
            raise QhawaqError(f"no list of {day} was published{f' for {ugel}' if ugel else ''}; {_known(db, outcome)}")
    return Replay(day, rows)


def _known(db: duckdb.DuckDBPyConnection, outcome: str) -> str:
    days = database.column(db, "select distinct as_of_date from ml.lists where outcome = ? order by 1 desc", [outcome])
    return f"there are those of {', '.join(map(str, days))}" if days else "none was published yet"
