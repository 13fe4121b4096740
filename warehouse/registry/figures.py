"""Figures of models in the warehouse: metrics of trainings and backtests, drift, effects of services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from warehouse.database import transaction

DDL = """
create schema if not exists ml;
create table if not exists ml.model_metrics (
  model_version varchar, outcome varchar, dataset varchar, ranked_by varchar, metric varchar, value double,
  low double, high double, segment varchar);
alter table ml.model_metrics add column if not exists segment varchar default 'all';
create table if not exists ml.drift (
  checked_on date, model_version varchar, outcome varchar, name varchar, of varchar, value double, low double,
  high double, is_exceeded boolean, advice varchar);
create table if not exists ml.effects (
  support_code varchar, outcome varchar, method varchar, judged_on date, labels_until date, n_served bigint,
  verdict varchar, effect double, effect_low double, effect_high double, plain double, plain_low double,
  plain_high double, placebo double, placebo_low double, placebo_high double, mean_served double, mean_without double,
  e_value double, e_value_of_limit double, overlap double, effective_others double, imbalance double);
alter table ml.effects add column if not exists visible double;
alter table ml.effects add column if not exists second double;
alter table ml.effects add column if not exists effective_schools double;
alter table ml.effects add column if not exists propensity_model varchar;
alter table ml.effects add column if not exists prognosis_model varchar;
"""


class StoredMetric(Protocol):
    """A value with its 95 % interval, where there is one."""

    @property
    def name(self) -> str:
        """What is measured."""
        ...

    @property
    def value(self) -> float:
        """The value."""
        ...

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        ...

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        ...


class StoredFigure(Protocol):
    """A metric of one ranker (model, rule or baseline) on one data set, of everybody or of a segment."""

    @property
    def ranker(self) -> str:
        """Name of the model, rule or baseline."""
        ...

    @property
    def dataset(self) -> str:
        """Name of the data set, such as `validation`."""
        ...

    @property
    def segment(self) -> str:
        """The segment; `all` for everybody."""
        ...

    @property
    def metric(self) -> StoredMetric:
        """The metric."""
        ...


class Finding(Protocol):
    """A drift of one feature, score or outcome."""

    @property
    def name(self) -> str:
        """What drifts."""
        ...

    @property
    def of(self) -> str:
        """The measure, such as `psi`."""
        ...

    @property
    def metric(self) -> StoredMetric:
        """How far."""
        ...

    @property
    def is_exceeded(self) -> bool:
        """Whether it is beyond its limit."""
        ...


def note_metrics(db: duckdb.DuckDBPyConnection, name: str, outcome: str, metrics: Sequence[StoredFigure]) -> None:
    """Write the figures of a backtest, in place of those of the same name."""
    with transaction(db):
        replace_metrics(db, name, outcome, metrics)


def replace_metrics(db: duckdb.DuckDBPyConnection, name: str, outcome: str, metrics: Sequence[StoredFigure]) -> None:
    """Write figures in place of those of the same name, within a transaction of the caller."""
    rows = [
        {
            "model_version": name,
            "outcome": outcome,
            "dataset": figure.dataset,
            "ranked_by": figure.ranker,
            "metric": figure.metric.name,
            "value": figure.metric.value,
            "low": figure.metric.low,
            "high": figure.metric.high,
            "segment": figure.segment,
        }
        for figure in metrics
    ]
    db.execute("delete from ml.model_metrics where model_version = ?", [name])
    _insert(db, "ml.model_metrics", rows)


def note_drift(
    db: duckdb.DuckDBPyConnection,
    findings: Sequence[Finding],
    *,
    checked_on: date,
    version: str,
    outcome: str,
    advice: str,
) -> None:
    """Write the findings of a day, in place of those of the same day; the advice stands in each row."""
    rows = [
        {
            "checked_on": checked_on,
            "model_version": version,
            "outcome": outcome,
            "name": finding.name,
            "of": finding.of,
            "value": finding.metric.value,
            "low": finding.metric.low,
            "high": finding.metric.high,
            "is_exceeded": finding.is_exceeded,
            "advice": advice,
        }
        for finding in findings
    ]
    with transaction(db):
        db.execute("delete from ml.drift where checked_on = ? and outcome = ?", [checked_on, outcome])
        _insert(db, "ml.drift", rows)


def note_effects(
    db: duckdb.DuckDBPyConnection,
    estimates: Sequence[tuple[str, str, Any]],
    *,
    judged_on: date,
    labels_until: date | None,
) -> None:
    """Write the estimated effects of services (service, outcome, finding), in place of the earlier ones."""
    rows = [
        {"support_code": support, "outcome": outcome, "judged_on": judged_on, "labels_until": labels_until}
        | finding.as_row()
        for support, outcome, finding in estimates
    ]
    with transaction(db):
        db.execute("delete from ml.effects")
        _insert(db, "ml.effects", rows)


def _insert(db: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        arriving = pa.Table.from_pylist(list(rows))  # noqa: F841  read by DuckDB
        db.execute(f"insert into {table} by name select * from arriving")
