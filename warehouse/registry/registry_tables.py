"""The `ml` tables of the warehouse: which models there are, how good they were, and which one is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

import duckdb
import pyarrow as pa

from warehouse.database import column, transaction, value

DDL = """
create schema if not exists ml;
create table if not exists ml.model_versions (
  model_version varchar, outcome varchar, algorithm varchar, is_live boolean, file varchar, sha256 varchar,
  trained_at date, gate varchar, fingerprint varchar, slope double, intercept double,
  waiver_sha256 varchar, primary key (model_version, outcome));
create table if not exists ml.model_metrics (
  model_version varchar, outcome varchar, dataset varchar, ranked_by varchar, metric varchar, value double,
  low double, high double, segment varchar);
create table if not exists ml.drift (
  checked_on date, model_version varchar, outcome varchar, name varchar, of varchar, value double, low double,
  high double, is_exceeded boolean, advice varchar);
create table if not exists ml.effects (
  support_code varchar, outcome varchar, method varchar, judged_on date, labels_until date, n_served bigint,
  verdict varchar, effect double, effect_low double, effect_high double, plain double, plain_low double,
  plain_high double, placebo double, placebo_low double, placebo_high double, mean_served double, mean_without double,
  e_value double, e_value_of_limit double, overlap double, effective_others double, imbalance double);
create table if not exists ml.model_terms (
  model_version varchar, feature varchar, bin integer, lower_edge double, upper_edge double, points double);
create table if not exists ml.model_trees (
  model_version varchar, tree integer, node integer, feature varchar, threshold double, missing_left boolean,
  left_node integer, right_node integer, n_rows double, points double);
alter table ml.model_versions add column if not exists waiver_sha256 varchar;
alter table ml.model_metrics add column if not exists segment varchar default 'all';
"""
POINTS = ("model_terms", "model_trees")  # where the points of models stand


class Version(NamedTuple):
    """One row of `ml.model_versions`."""

    model_version: str
    outcome: str
    algorithm: str
    is_live: bool
    file: str | None
    sha256: str | None
    trained_at: date
    gate: str
    fingerprint: str | None
    slope: float | None
    intercept: float | None
    waiver_sha256: str | None = None  # of the file by which a person let a refused model go live


class Figure(Protocol):
    """One figure with its 95 % interval, where there is one."""

    name: str
    value: float
    low: float | None
    high: float | None


Metrics = Sequence[tuple[str, str, str, Figure]]  # who ranks, data set, segment, figure


def fingerprints(db: duckdb.DuckDBPyConnection, outcome: str) -> list[str]:
    """Return what was trained on before."""
    return column(
        db, "select fingerprint from ml.model_versions where outcome = ? and fingerprint is not null", [outcome]
    )


def add(db: duckdb.DuckDBPyConnection, version: Version, metrics: Metrics, tables: Mapping[str, pa.Table]) -> None:
    """Write a trained model with its metrics and its points (table of schema `ml` → rows), in one transaction."""
    figures = metrics_table(version.model_version, version.outcome, metrics)  # noqa: F841  read by DuckDB
    with transaction(db):
        db.execute(f"insert or replace into ml.model_versions values ({', '.join('?' * len(version))})", list(version))
        db.execute("delete from ml.model_metrics where model_version = ?", [version.model_version])
        db.execute("insert into ml.model_metrics by name select * from figures")
        for name in POINTS:
            db.execute(f"delete from ml.{name} where model_version = ?", [version.model_version])
        for name, points in tables.items():  # noqa: B007  read by DuckDB
            db.execute(f"insert into ml.{name} by name select * from points")


def note_metrics(db: duckdb.DuckDBPyConnection, name: str, outcome: str, metrics: Metrics) -> None:
    """Write the figures of a backtest, in place of those of the same name."""
    figures = metrics_table(name, outcome, metrics)  # noqa: F841  read by DuckDB
    with transaction(db):
        db.execute("delete from ml.model_metrics where model_version = ?", [name])
        db.execute("insert into ml.model_metrics by name select * from figures")


def note_drift(
    db: duckdb.DuckDBPyConnection, today: date, version: str, outcome: str, findings: Sequence[Any], advice: str
) -> None:
    """Write what a look for drift found, in place of that of the same day; the advice stands in each row."""
    rows = pa.Table.from_pylist([  # noqa: F841  read by DuckDB
        {"checked_on": today, "model_version": version, "outcome": outcome, "name": finding.name, "of": finding.of,
         "value": finding.metric.value, "low": finding.metric.low, "high": finding.metric.high,
         "is_exceeded": finding.is_exceeded, "advice": advice}
        for finding in findings
    ])  # fmt: skip
    with transaction(db):
        db.execute("delete from ml.drift where checked_on = ? and outcome = ?", [today, outcome])
        db.execute("insert into ml.drift by name select * from rows")


def note_effects(
    db: duckdb.DuckDBPyConnection, estimates: Sequence[tuple[str, str, Any]], today: date, labels_until: date | None
) -> None:
    """Write what is known of the effects of services, in place of what was known before."""
    rows = pa.Table.from_pylist([  # noqa: F841  read by DuckDB
        {"support_code": support, "outcome": outcome, "judged_on": today, "labels_until": labels_until,
         **finding.as_row()}
        for support, outcome, finding in estimates
    ])  # fmt: skip
    with transaction(db):
        db.execute("delete from ml.effects")
        db.execute("insert into ml.effects by name select * from rows")


def metrics_table(version: str, outcome: str, metrics: Metrics) -> pa.Table:
    """Return figures as rows of `ml.model_metrics`."""
    return pa.Table.from_pylist([
        {"model_version": version, "outcome": outcome, "dataset": dataset, "ranked_by": ranker, "metric": figure.name,
         "value": figure.value, "low": figure.low, "high": figure.high, "segment": segment}
        for ranker, dataset, segment, figure in metrics
    ])  # fmt: skip


def points(db: duckdb.DuckDBPyConnection) -> list[pa.Table]:
    """Return the tables in which the points of models stand, in the order of `POINTS`."""
    return [db.execute(f"select * from ml.{name}").to_arrow_table() for name in POINTS]


def features(db: duckdb.DuckDBPyConnection, version: str) -> list[str]:
    """Return the features of a model, as its points name them."""
    return column(
        db,
        "select distinct feature from ml.model_terms where model_version = $1 and not contains(feature, ':') "
        "union select feature from ml.model_trees where model_version = $1 and feature is not null",
        [version],
    )


def note_waiver(db: duckdb.DuckDBPyConnection, version: str, sha256: str) -> None:
    """Note by which file a refused model was let go live."""
    db.execute("update ml.model_versions set waiver_sha256 = ? where model_version = ?", [sha256, version])


def newest(db: duckdb.DuckDBPyConnection, outcome: str) -> Version | None:
    """Return the model trained last."""
    row = db.execute(
        "select * from ml.model_versions where outcome = ? and algorithm <> 'rule' "
        "order by trained_at desc, model_version desc limit 1", [outcome],
    ).fetchone()  # fmt: skip
    return Version(*row) if row else None


def find(db: duckdb.DuckDBPyConnection, outcome: str, version: str) -> Version | None:
    """Return a version by its name."""
    row = db.execute(
        "select * from ml.model_versions where outcome = ? and model_version = ?", [outcome, version]
    ).fetchone()
    return Version(*row) if row else None


def live(db: duckdb.DuckDBPyConnection, outcome: str) -> str | None:
    """Return what is live."""
    return value(db, "select model_version from ml.model_versions where is_live and outcome = ?", [outcome])


def make_live(db: duckdb.DuckDBPyConnection, outcome: str, version: str, today: date) -> None:
    """Move the live row, in one transaction; a rule gets its row when it is first needed."""
    with transaction(db):
        if version.startswith("rule:"):
            row = Version(version, outcome, "rule", False, None, None, today, "a rule needs none", None, None, None)
            db.execute(f"insert or ignore into ml.model_versions values ({', '.join('?' * len(row))})", list(row))
        db.execute("update ml.model_versions set is_live = (model_version = ?) where outcome = ?", [version, outcome])


def best_rule(db: duckdb.DuckDBPyConnection, outcome: str, default: str) -> str:
    """Return the rule that was most precise in the newest training's validation year."""
    best = value(
        db,
        "select m.ranked_by from ml.model_metrics as m join ml.model_versions as v using (model_version, outcome) "
        "where m.outcome = ? and m.dataset = 'validation' and m.metric = 'precision_at_capacity' and m.segment = 'all' "
        "and m.ranked_by like 'rule:%' order by v.trained_at desc, m.value desc, m.ranked_by limit 1",
        [outcome],
    )
    return best or default
