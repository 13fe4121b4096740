"""The drift of the live model: its inputs and scores against the year before, its announcements against outcomes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb

from warehouse import database
from warehouse.build import calendar
from warehouse.database import quoted
from warehouse.errors import QhawaqError
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.registry import figures, versions
from warehouse.settings import Home

SCORES = "select count(*) from duckdb_tables() where schema_name = 'scores' and table_name = 'risk_scores'"

if TYPE_CHECKING:
    from ml.drift import DriftAdvice, DriftFinding
    from ml.score import Ranker


def check(home: Home, progress: Progress) -> tuple[list[DriftFinding], DriftAdvice]:
    """Look for drift of the live model and note it; return the figures and what to do.

    Raises:
        QhawaqError: no model is live, or no date has one of the year before to be compared with.
    """
    today = calendar.read(home)
    with database.warehouse(home) as db:
        live = _live(db)
        earlier, now = _dates(home, today)
        progress.say("compared", before=earlier, now=now)
        findings = [*_of_features(db, home, live, earlier, now, today), *_of_outcomes(db, home, live, today)]
        advice = _advice(db, home, live, findings, today)
        figures.note_drift(
            db, findings, checked_on=today, version=live.version, outcome=live.outcome, advice=str(advice)
        )
    return findings, advice


def _live(db: duckdb.DuckDBPyConnection) -> Ranker:
    from ml import score

    rows = db.execute(
        "select model_version, outcome, intercept from ml.model_versions where is_live and algorithm <> 'rule' "
        "and outcome = ?",
        [learning.OUTCOME],
    ).fetchall()
    if not rows:
        raise QhawaqError("no model is live: a rule drifts only as its features do; see qhawaq train")
    points = versions.points(db)
    return score.rankers(rows, points.terms, points.trees, learning.policy())[0]


def _dates(home: Home, today: date) -> tuple[str, str]:
    """Return the newest date of this year that the year before has too, and that one."""
    days = learning.closed_days(home)
    this_year = [day for day in days if day[:4] == str(today.year)]
    known = [(_year_before(day), day) for day in this_year if _year_before(day) in days]
    if not known:
        raise QhawaqError(f"no as-of date of {today.year} has one of {today.year - 1} to be compared with")
    return known[-1]


def _year_before(day: str) -> str:
    return f"{int(day[:4]) - 1}{day[4:]}"


def _of_features(
    db: duckdb.DuckDBPyConnection, home: Home, live: Ranker, earlier: str, now: str, today: date
) -> list[DriftFinding]:
    from ml import drift
    from ml.models import calibrate

    spec = learning.spec().only(live.features)
    before, after = (learning.rows_of(db, home, live.outcome, spec, [day]) for day in (earlier, now))
    order = [spec.features.index(name) for name in live.features]
    points = live.points
    log_odds = [points.log_odds(part.values[:, order], calibrate.segment_names(part)) for part in (before, after)]
    return [*drift.of_inputs(before, after, spec), drift.of_scores(*log_odds)]


def _of_outcomes(db: duckdb.DuckDBPyConnection, home: Home, live: Ranker, today: date) -> list[DriftFinding]:
    """Return what became of stored scores of years whose labels are final now; none before that."""
    from ml import drift
    from ml.data import dataset

    if not database.value(db, SCORES):
        raise QhawaqError("nothing is scored yet, so no score has an outcome: call 'qhawaq score' first")
    days = database.column(
        db,
        "select distinct s.as_of_date::varchar from scores.risk_scores as s join outcomes.child_outcomes as o "
        "using (child_key, as_of_date, outcome) where s.outcome = ? and s.log_odds is not null "
        "and o.label_status = 'final' and o.label_known_at <= ? order by 1",
        [live.outcome, today],
    )
    days = sorted(set(days) & set(learning.closed_days(home)))  # of a retired date no feature is left
    if not days:
        return []
    spec = learning.spec()
    scored = (
        "(select o.*, s.log_odds from outcomes.child_outcomes as o join (select * from scores.risk_scores "
        "where log_odds is not null "  # a rule gives none
        "qualify row_number() over (partition by child_key, as_of_date, outcome order by scored_at) = 1) as s "
        f"using (child_key, as_of_date, outcome) where outcome = {quoted(live.outcome, chr(39))})"
    )
    names = dataset.Names(segments=learning.SEGMENTS | {"score": "l.log_odds"})
    rows = dataset.read_rows(db, learning.parquet(home, days), scored, names, spec, str(today))
    log_odds = rows.segments["score"].texts().astype(float)
    return list(drift.of_outcomes(rows, log_odds, spec, learning.policy(), learning.capacity_share(db, today)))


def _advice(
    db: duckdb.DuckDBPyConnection, home: Home, live: Ranker, findings: list[DriftFinding], today: date
) -> DriftAdvice:
    from ml import drift

    trained = database.value(db, "select trained_at from ml.model_versions where model_version = ?", [live.version])
    newer = database.value(
        db,
        "select count(*) from outcomes.child_outcomes where outcome = ? and label_known_at > ? and "
        "label_known_at <= ? and label_status = 'final'",
        [live.outcome, trained, today],
    )
    return drift.advice(findings, bool(newer))
