"""Why a child has the score it has: the stored score, and every term that it is made of, from `ml.model_terms`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date

import duckdb

from warehouse import database
from warehouse.errors import QhawaqError
from warehouse.settings import Home

# Pure SQL over the public tables: what an auditor would write.
TERMS = """
with wide as (
  select cast(columns(f.* exclude (child_key, as_of_date, service_code, level, ugel_code, department_code)) as double)
  from features.child_features as f where f.child_key = $child and f.as_of_date = $day),
feature as (from wide unpivot include nulls (value for feature in (columns(*))))
select t.feature, f.value, $slope * t.points
from ml.model_terms as t join feature as f using (feature)
where t.model_version = $version and (
  (f.value is null and t.bin = 0)
  or (f.value is not null and t.bin > 0 and (t.lower_edge is null or f.value > t.lower_edge)
      and (t.upper_edge is null or f.value <= t.upper_edge)))
order by 3 desc, t.feature
"""
# Slope and intercept of the child's segment, else those of all.
CALIBRATION = """
with own as (
  select concat(f.level, '·', case f.is_rural when true then 'rural' when false then 'urban' else 'unknown' end) as s
  from features.child_features as f where f.child_key = $child and f.as_of_date = $day)
select
  coalesce(max(points) filter (where feature = 'slope:' || s), max(points) filter (where feature = 'slope:all'), 1),
  coalesce(max(points) filter (where feature = 'intercept:' || s),
    max(points) filter (where feature = 'intercept:all'), 0)
from ml.model_terms cross join own where model_version = $version
"""
Terms = Callable[[duckdb.DuckDBPyConnection, int, date, str], list[tuple]]
BASE = "select intercept from ml.model_versions where model_version = ?"


def terms_of(db: duckdb.DuckDBPyConnection, child: int, day: date, version: str, by_trees: Terms) -> list[tuple]:
    """Return (term, value, contribution in log-odds) of the base and then of every feature, the largest first.

    Args:
        db: the warehouse.
        child: whose.
        day: the as-of date.
        version: the model.
        by_trees: what answers for a model with interactions, of which a feature's part depends on the others.
    """
    of_trees = "select count(*) > 0 from ml.model_trees where model_version = ?"
    return (by_trees if database.value(db, of_trees, [version]) else _by_terms)(db, child, day, version)


def _by_terms(db: duckdb.DuckDBPyConnection, child: int, day: date, version: str) -> list[tuple]:
    asked = {"child": child, "day": day, "version": version}
    slope, intercept = db.execute(CALIBRATION, asked).fetchone() or (1.0, 0.0)
    base = database.value(db, BASE, [version])
    terms = db.execute(TERMS, asked | {"slope": slope}).fetchall()
    return [("base", "", intercept + slope * base), *terms]


def explain(home: Home, child: int, day: date, by_trees: Terms) -> str:
    """Return the explanation as text.

    Raises:
        QhawaqError: the child has no score on that date.
    """
    with database.warehouse(home, read_only=True) as db:
        row = db.execute(
            "select s.model_version, s.log_odds, s.probability, s.rank_in_ugel, s.tier from scores.risk_scores as s "
            "where s.child_key = ? and s.as_of_date = ? order by s.scored_at desc limit 1", [child, day],
        ).fetchone()  # fmt: skip
        if row is None:
            raise QhawaqError(
                f"child {child} has no score on {day}: scores exist for the as-of dates of the current school year"
            )
        version, log_odds, probability, rank, tier = row
        head = f"child {child} on {day}: rank {rank} in its UGEL, tier {tier}, by {version}"
        if log_odds is None:
            return f"{head}\na rule ranks; it gives no probability and no terms"
        found = terms_of(db, child, day, version, by_trees)
    stored = f"(stored {log_odds:+.6f}), probability {probability:.4f}"
    total = f"{_term('log-odds', '', sum(points for _, _, points in found))}  {stored}"
    return "\n".join([head, *itertools.starmap(_term, found), total])


def _term(name: str, value: float | str | None, points: float) -> str:
    shown = "missing" if value is None else value if isinstance(value, str) else f"{value:g}"
    return f"{name:<30} {shown:>12} {points:+.6f}"
