"""Explanation of a child's score: the stored score and the terms that add up to it, from `ml.model_terms`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

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
# Slope and intercept of the child's segment (models of former code know no part of the year), else the overall ones.
CALIBRATION = """
with own as (
  select
    concat(f.level, '·', case f.is_rural when true then 'rural' when false then 'urban' else 'unknown' end) as place,
    concat(place, '·', case when month($day) <= 5 then '04' when month($day) <= 8 then '07' else '10' end) as s
  from features.child_features as f where f.child_key = $child and f.as_of_date = $day)
select
  coalesce(max(points) filter (where feature = 'slope:' || s), max(points) filter (where feature = 'slope:' || place),
    max(points) filter (where feature = 'slope:all'), 1),
  coalesce(max(points) filter (where feature = 'intercept:' || s),
    max(points) filter (where feature = 'intercept:' || place), max(points) filter (where feature = 'intercept:all'), 0)
from ml.model_terms cross join own where model_version = $version
"""
BASE = "select intercept from ml.model_versions where model_version = ?"
HAS_TREES = "select count(*) > 0 from ml.model_trees where model_version = ?"
SCORE = """
select model_version, log_odds, probability, rank_in_ugel, tier from scores.risk_scores
where child_key = ? and as_of_date = ? and outcome <> 'repetition' order by scored_at desc limit 1
"""
BASE_TERM = "base"


class ScoreTerm(NamedTuple):
    """A term of a score."""

    name: str  # `base` or a feature
    value: float | str | None  # the feature's value; None where missing, empty for the base
    contribution: float  # in log-odds

    def line(self) -> str:
        """Return the term as a line of the explanation."""
        return _line(self.name, "missing" if self.value is None else self.value, self.contribution)


TreeTerms = Callable[[duckdb.DuckDBPyConnection, int, date, str], list[ScoreTerm]]


def terms(db: duckdb.DuckDBPyConnection, child: int, day: date, version: str, tree_terms: TreeTerms) -> list[ScoreTerm]:
    """Return the base and then the features, the largest contribution first.

    Args:
        db: the warehouse.
        child: the child's key.
        day: the as-of date.
        version: the model.
        tree_terms: computes the terms of a model with interactions, where features contribute jointly.
    """
    compute = tree_terms if database.value(db, HAS_TREES, [version]) else _additive_terms
    return compute(db, child, day, version)


def _additive_terms(db: duckdb.DuckDBPyConnection, child: int, day: date, version: str) -> list[ScoreTerm]:
    """Return the terms of an additive model."""
    parameters = {"child": child, "day": day, "version": version}
    slope, intercept = db.execute(CALIBRATION, parameters).fetchone() or (1.0, 0.0)
    base = database.value(db, BASE, [version])
    rows = db.execute(TERMS, parameters | {"slope": slope}).fetchall()
    return [ScoreTerm(BASE_TERM, "", intercept + slope * base), *itertools.starmap(ScoreTerm, rows)]


def explain(home: Home, child: int, day: date, tree_terms: TreeTerms) -> str:
    """Return the explanation as text.

    Raises:
        QhawaqError: the child has no score on that date.
    """
    with database.warehouse(home, read_only=True) as db:
        score = db.execute(SCORE, [child, day]).fetchone()
        if score is None:
            raise QhawaqError(
                f"child {child} has no score on {day}: scores exist for the as-of dates of the current school year"
            )
        version, log_odds, probability, rank, tier = score
        head = f"child {child} on {day}: rank {rank} in its UGEL, tier {tier}, by {version}"
        if log_odds is None:
            return f"{head}\na rule ranks; it gives no probability and no terms"
        parts = terms(db, child, day, version, tree_terms)
    total = _line("log-odds", "", sum(term.contribution for term in parts))
    said = "withheld" if probability is None else f"{probability:.4f}"
    stored = f"(stored {log_odds:+.6f}), probability {said}"
    return "\n".join([head, *(term.line() for term in parts), f"{total}  {stored}"])


def _line(name: str, value: float | str, contribution: float) -> str:
    shown = value if isinstance(value, str) else f"{value:g}"
    return f"{name:<30} {shown:>12} {contribution:+.6f}"
