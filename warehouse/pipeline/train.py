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
from warehouse.registry import papers, versions
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
    spec = learning.spec()
    with database.warehouse(home) as db:
        if not enough_years(db, today, outcome):
            return TrainResult(None, reason=NotTrained.TOO_FEW_YEARS.value)
        from ml import train as training  # the heavy libraries, only now

        share = learning.capacity_share(db, today)
        rows = learning.rows(db, home, outcome, spec, today)
        known = versions.fingerprints(db, outcome)
        trained = training.train(
            rows, outcome, spec, learning.policy(), today=str(today), share=share, say=progress.say, known=known
        )
        if isinstance(trained, NotTrained):
            return TrainResult(None, reason=trained.value)
        file, sha256 = training.register(home.models, trained, spec, share, home.kind == "synthetic")
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
        )
        versions.add(db, version, trained.metrics, trained.terms.tables(trained.version))
        return TrainResult(trained.version, gate=str(trained.gate))


def not_due(home: Home, outcome: str = OUTCOME) -> str | None:
    """Return why no training is due, or None where labels have matured that no model was trained on."""
    today = calendar.read(home)
    spec = learning.spec()
    with database.warehouse(home) as db:
        if not enough_years(db, today, outcome):
            return NotTrained.TOO_FEW_YEARS.value
        from ml.data import dataset

        known = versions.fingerprints(db, outcome)
        is_known = known and dataset.fingerprint(learning.rows(db, home, outcome, spec, today), spec) in known
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
