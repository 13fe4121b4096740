"""The step that trains a model on matured labels and registers it with its gates' result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from ml.data.splits import NotTrained
from warehouse import database
from warehouse.build import calendar
from warehouse.pipeline import learning
from warehouse.pipeline.learning import OUTCOME
from warehouse.progress import Progress
from warehouse.registry import notes, papers, versions
from warehouse.registry.notes import NoteKind
from warehouse.registry.versions import Version
from warehouse.settings import Home


@dataclass(frozen=True)
class TrainResult:
    """The model that was trained with its gates' result, or why none was."""

    trained: str | None
    gate: str | None = None
    reason: str | None = None


def train(home: Home, progress: Progress, outcome: str = OUTCOME) -> TrainResult:
    """Train on matured labels if they are new; register the model with its gates' result."""
    today = calendar.read(home)
    spec = learning.spec(outcome=outcome)
    with database.warehouse(home) as db:
        if not enough_years(db, today, outcome):
            return TrainResult(None, reason=NotTrained.TOO_FEW_YEARS.value)
        from ml import train as training  # the heavy libraries, only now

        share = learning.capacity_share(db, today)
        rows = learning.rows(db, home, outcome, spec, today)
        known = versions.fingerprints(db, outcome)
        trained = training.train(
            rows, outcome, spec, learning.policy(outcome), today=str(today), share=share, say=progress.say, known=known
        )
        if isinstance(trained, NotTrained):
            return TrainResult(None, reason=trained.value)
        file, sha256 = training.register(home.models, trained, share, home.kind == "synthetic")
        version = Version(
            model_version=trained.version,
            outcome=outcome,
            algorithm=trained.algorithm,
            is_live=False,
            file=file,
            sha256=sha256,
            files_sha256=papers.state(home.models / trained.version),
            trained_at=today,
            gate=str(trained.gate),
            fingerprint=trained.fingerprint,
            slope=trained.fitted.calibration.slope,
            intercept=trained.terms.base,
            level_range=trained.fitted.level_range,
        )
        versions.add(db, version, trained.metrics, trained.terms.tables(trained.version))
        for kind, noted in ((NoteKind.GATES, trained.withheld), (NoteKind.TEST_YEAR, trained.belied)):
            notes.replace(db, trained.version, outcome, kind, noted, today)
        return TrainResult(trained.version, gate=str(trained.gate))


def of_other_lists(home: Home, progress: Progress) -> None:
    """Train for the outcomes besides interruption that have a live model: a person made one so (`qhawaq deploy`)."""
    with database.warehouse(home) as db:
        others = [outcome for outcome in learning.OUTCOMES if outcome != OUTCOME and versions.live(db, outcome)]
    for outcome in others:
        train(home, progress, outcome)


def not_due(home: Home, outcome: str = OUTCOME) -> str | None:
    """Return why no training is due, or None where labels have matured that no model was trained on."""
    today = calendar.read(home)
    spec = learning.spec(outcome=outcome)
    with database.warehouse(home) as db:
        if not enough_years(db, today, outcome):
            return NotTrained.TOO_FEW_YEARS.value
        from ml import train as training  # the heavy libraries, only now

        known = versions.fingerprints(db, outcome)
        is_known = known and training.fingerprint(learning.rows(db, home, outcome, spec, today), spec) in known
        return NotTrained.NO_NEW_LABELS.value if is_known else None


def enough_years(db: duckdb.DuckDBPyConnection, today: date, outcome: str) -> bool:
    """Return whether labels of three years are final: one to train on, one to decide, one to test."""
    final_years = database.value(
        db,
        "select count(distinct year(as_of_date)) from outcomes.child_outcomes where outcome = ? "
        "and label_status = 'final' and label_known_at <= ?",
        [outcome, today],
    )
    return final_years > 2
