"""Model versions: what was trained, the points of each model, and which one is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

import duckdb
import pyarrow as pa

from warehouse.database import column, transaction, value
from warehouse.registry import figures
from warehouse.registry.figures import StoredFigure

DDL = """
create schema if not exists ml;
create table if not exists ml.model_versions (
  model_version varchar, outcome varchar, algorithm varchar, is_live boolean, file varchar, sha256 varchar,
  trained_at date, gate varchar, fingerprint varchar, slope double, intercept double,
  waiver_sha256 varchar, primary key (model_version, outcome));
alter table ml.model_versions add column if not exists waiver_sha256 varchar;
alter table ml.model_versions add column if not exists files_sha256 varchar;
alter table ml.model_versions add column if not exists level_range double;
create table if not exists ml.model_terms (
  model_version varchar, feature varchar, bin integer, lower_edge double, upper_edge double, points double);
create table if not exists ml.model_trees (
  model_version varchar, tree integer, node integer, feature varchar, threshold double, missing_left boolean,
  left_node integer, right_node integer, n_rows double, points double);
"""
NEEDS_NO_GATE = "a rule needs none"  # the gate of a rule's row
BEST_RULE = """
select m.ranked_by from ml.model_metrics as m join ml.model_versions as v using (model_version, outcome)
where m.outcome = ? and m.dataset = 'validation' and m.metric = 'precision_at_capacity' and m.segment = 'all'
  and m.ranked_by like 'rule:%' order by v.trained_at desc, m.value desc, m.ranked_by limit 1
"""


@dataclass(frozen=True)
class Version:
    """One row of `ml.model_versions`.

    Attributes:
        model_version: the name; a rule's begins with `rule:`.
        outcome: the predicted outcome.
        algorithm: the candidate's name, or `rule`.
        trained_at: the day; of a rule, the day on which it was first live.
        gate: the gates' result as text (`ml.judging.gates.GateResult`).
        is_live: whether lists go by it.
        file: the model's file below the home's `models/`; None for a rule.
        sha256: of that file.
        fingerprint: hash of the training data.
        slope: of the calibration.
        intercept: base points in log-odds.
        waiver_sha256: of the file by which a person let a refused model go live.
        files_sha256: of the list of the model's cards and figures (`papers`).
        level_range: how far an unseen year's level may stray to each side, in log-odds; None for models of former code.
    """

    model_version: str
    outcome: str
    algorithm: str
    trained_at: date
    gate: str
    is_live: bool = False
    file: str | None = None
    sha256: str | None = None
    fingerprint: str | None = None
    slope: float | None = None
    intercept: float | None = None
    waiver_sha256: str | None = None
    files_sha256: str | None = None
    level_range: float | None = None


COLUMNS = ", ".join(Version.__dataclass_fields__)


class Points(NamedTuple):
    """The points of all models: `ml.model_terms` and `ml.model_trees`."""

    terms: pa.Table
    trees: pa.Table


def fingerprints(db: duckdb.DuckDBPyConnection, outcome: str) -> list[str]:
    """Return the fingerprints of the data of earlier trainings."""
    return column(
        db, "select fingerprint from ml.model_versions where outcome = ? and fingerprint is not null", [outcome]
    )


def add(
    db: duckdb.DuckDBPyConnection, version: Version, metrics: Sequence[StoredFigure], points: Mapping[str, pa.Table]
) -> None:
    """Write a trained model with its figures and its points (table of schema `ml` → rows), in one transaction."""
    db.execute(DDL)  # a table of former code lacks columns
    with transaction(db):
        _write(db, "insert or replace", version)
        figures.replace_metrics(db, version.model_version, version.outcome, metrics)
        for name in ("model_terms", "model_trees"):
            db.execute(f"delete from ml.{name} where model_version = ?", [version.model_version])
        for name, rows in points.items():  # noqa: B007  read by DuckDB
            db.execute(f"insert into ml.{name} by name select * from rows")


def _write(db: duckdb.DuckDBPyConnection, insert: str, version: Version) -> None:
    values = ", ".join(f"${name}" for name in Version.__dataclass_fields__)
    db.execute(f"{insert} into ml.model_versions ({COLUMNS}) values ({values})", asdict(version))


def points(db: duckdb.DuckDBPyConnection) -> Points:
    """Return the points of all models."""
    return Points(*(db.execute(f"select * from ml.{name}").to_arrow_table() for name in ("model_terms", "model_trees")))


def features(db: duckdb.DuckDBPyConnection, version: str) -> list[str]:
    """Return the features of a model, as its points name them."""
    return column(
        db,
        "select distinct feature from ml.model_terms where model_version = $1 and not contains(feature, ':') "
        "union select feature from ml.model_trees where model_version = $1 and feature is not null",
        [version],
    )


def note_waiver(db: duckdb.DuckDBPyConnection, version: str, sha256: str) -> None:
    """Note the file by which a refused model was let go live."""
    db.execute("update ml.model_versions set waiver_sha256 = ? where model_version = ?", [sha256, version])


def newest(db: duckdb.DuckDBPyConnection, outcome: str) -> Version | None:
    """Return the model trained last."""
    return _read(db, "outcome = ? and algorithm <> 'rule' order by trained_at desc, model_version desc", [outcome])


def find(db: duckdb.DuckDBPyConnection, outcome: str, version: str) -> Version | None:
    """Return a version by its name."""
    return _read(db, "outcome = ? and model_version = ?", [outcome, version])


def _read(db: duckdb.DuckDBPyConnection, condition: str, values: list[str]) -> Version | None:
    found = db.execute(f"select * from ml.model_versions where {condition} limit 1", values)
    row = found.fetchone()
    if row is None:
        return None
    named = dict(zip((column[0] for column in found.description), row, strict=True))  # former code had fewer columns
    return Version(**{name: named[name] for name in Version.__dataclass_fields__ if name in named})


def live(db: duckdb.DuckDBPyConnection, outcome: str) -> str | None:
    """Return the name of the live model or rule."""
    return value(db, "select model_version from ml.model_versions where is_live and outcome = ?", [outcome])


def make_live(db: duckdb.DuckDBPyConnection, outcome: str, version: str, today: date) -> None:
    """Move the live row, in one transaction; a rule gets its row when it is first needed."""
    db.execute(DDL)  # a table of former code lacks columns
    with transaction(db):
        if version.startswith("rule:"):
            _write(db, "insert or ignore", Version(version, outcome, "rule", today, NEEDS_NO_GATE))
        db.execute("update ml.model_versions set is_live = (model_version = ?) where outcome = ?", [version, outcome])


def best_rule(db: duckdb.DuckDBPyConnection, outcome: str, default: str) -> str:
    """Return the most precise rule of the newest training's validation year."""
    return value(db, BEST_RULE, [outcome]) or default
