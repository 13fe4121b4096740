"""The drift of the live model: its inputs and scores against what trained it, its announcements against outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from warehouse import database
from warehouse.build import calendar
from warehouse.database import quoted
from warehouse.errors import QhawaqError
from warehouse.files import read_json
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.registry import figures, notes, versions
from warehouse.registry.notes import NoteKind
from warehouse.settings import Home

SCORES = "select count(*) from duckdb_tables() where schema_name = 'scores' and table_name = 'risk_scores'"

if TYPE_CHECKING:
    from ml.data.dataset import Rows, Spec
    from ml.drift import DriftAdvice, DriftFinding
    from ml.score import Ranker


def check(home: Home, progress: Progress) -> tuple[list[DriftFinding], DriftAdvice]:
    """Look for drift of the live model, note it, and withhold probabilities where it says so; return what to do.

    Raises:
        QhawaqError: no model is live, or no date has training rows of its month to be compared with.
    """
    today = calendar.read(home)
    with database.warehouse(home) as db:
        live = _live(db)
        compared = _compared(home, live, today)
        progress.say("compared", trained=", ".join(compared.trained), newest=compared.newest)
        inputs = list(_of_features(db, home, live, compared))
        outcomes = _of_outcomes(db, home, live, today)
        advice = _advice(db, home, live, [*inputs, *outcomes], today)
        figures.note_drift(
            db, [*inputs, *outcomes], checked_on=today, version=live.version, outcome=live.outcome, advice=str(advice)
        )
        for kind, findings in ((NoteKind.DRIFT, inputs), (NoteKind.OUTCOMES, outcomes)):
            _withhold(db, live, kind, findings, today)
    return [*inputs, *outcomes], advice


def withhold(home: Home) -> list[str]:
    """Withhold the live model's probabilities where its inputs drifted, before anything is scored.

    Returns:
        The segments in which no probability is shown now, for whatever reason.
    """
    from ml import drift

    today = calendar.read(home)
    with database.warehouse(home) as db:
        db.execute(notes.DDL)  # a home of former code lacks the table, and scoring reads it
        try:
            live = _live(db)
            compared = _compared(home, live, today)
        except QhawaqError:  # a rule is live, or the year has no date yet that can be compared
            return []
        spec = learning.spec().only(live.features)
        before, after = _rows(db, home, live, spec, compared)
        _withhold(db, live, NoteKind.DRIFT, drift.that_withhold(before, after), today)
        return notes.withheld(db, live.version, live.outcome)


def _withhold(
    db: duckdb.DuckDBPyConnection, live: Ranker, kind: NoteKind, findings: Iterable[DriftFinding], today: date
) -> None:
    off = [finding for finding in findings if finding.is_exceeded and finding.limit.withholds]
    notes.replace(db, live.version, live.outcome, kind, off, today)


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


class _Compared(NamedTuple):
    """The newest date of this year that training rows of its month can be compared with, and their dates."""

    trained: list[str]
    newest: str


def _compared(home: Home, live: Ranker, today: date) -> _Compared:
    days = learning.closed_days(home)
    trained = _trained(home, live.version, days, str(today.year))
    for now in reversed([day for day in days if day[:4] == str(today.year)]):
        if of_month := [day for day in trained if day[5:7] == now[5:7]]:
            return _Compared(of_month, now)
    raise QhawaqError(f"no as-of date of {today.year} has one of the same month among those that trained the model")


def _trained(home: Home, version: str, days: list[str], year: str) -> list[str]:
    """Return the dates that trained a model; those before a year where no card says it."""
    years = _years(home, version) or {day[:4] for day in days if day[:4] < year}
    return [day for day in days if day[:4] in years]


def _years(home: Home, version: str) -> set[str]:
    """Return the years that trained a model, by its card; none where former code wrote no card."""
    card = home.models / version / "card.json"
    return set(map(str, read_json(card, dict, "see qhawaq status")["years"])) if card.exists() else set()


def _rows(
    db: duckdb.DuckDBPyConnection, home: Home, live: Ranker, spec: Spec, compared: _Compared
) -> tuple[Rows, Rows]:
    """Return the rows that trained and those of now."""
    before, after = (
        learning.rows_of(db, home, live.outcome, spec, days) for days in (compared.trained, [compared.newest])
    )
    return before, after


def _of_features(
    db: duckdb.DuckDBPyConnection, home: Home, live: Ranker, compared: _Compared
) -> Iterator[DriftFinding]:
    from ml import drift
    from ml.models import calibrate

    spec = learning.spec().only(live.features)
    before, after = _rows(db, home, live, spec, compared)
    order = [spec.features.index(name) for name in live.features]
    points = live.points
    log_odds = [points.log_odds(part.values[:, order], calibrate.segment_names(part)) for part in (before, after)]
    yield from drift.of_inputs(before, after, spec)
    yield drift.of_scores(*log_odds)


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
