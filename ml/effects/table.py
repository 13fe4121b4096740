"""A study read from other people's tables: a contract says which columns are the treatment, outcome and covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml
from numpy.typing import NDArray

from ml.data import columns, external
from ml.data.columns import BadColumn, FeatureColumn, quoted
from ml.data.external import BadContract
from ml.effects.effects import Study
from ml.effects.finding import EffectLimits, Floats

FEWEST_CLUSTERS = 8  # folds hold whole ones out, and either arm's are counted (`least_schools`)
SINCE_FIRST = "days after the first date"


@dataclass(frozen=True)
class EffectContract:
    """The roles of the columns of a table with a row for each unit; names as they stand in it."""

    treatment: str  # true or false, 1 or 0
    outcome: str  # a number, or true or false; null where it cannot be said
    features: list[str | dict[str, Any]]  # covariates known before: a name, or {name, kind: number | date | category}
    cluster: str | None = None  # intervals leave whole ones of these out; single rows without it
    date: str | None = None  # from when on the treatment counts; is a covariate where there are several
    placebo: str | None = None  # one of the features, which was over before the treatment
    placebo_left_out: tuple[str, ...] | list[str] = ()  # further features that tell it


@dataclass(frozen=True)
class TableStudy:
    """A study, the outcome of each row (NaN where it is unknown), and the limits with the contract's placebo."""

    study: Study
    outcome: Floats
    limits: EffectLimits
    n_left_out: int  # rows without a treatment or a cluster


def read_contract(path: Path) -> EffectContract:
    """Read a contract.

    Raises:
        BadContract: a key is missing, unknown, or says nothing useful.
    """
    try:
        contract = EffectContract(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (TypeError, yaml.YAMLError) as error:
        raise BadContract(f"{path}: {str(error).replace('EffectContract.__init__()', 'the contract')}") from None
    try:
        names = [FeatureColumn.of(feature).name for feature in contract.features]
    except BadColumn as error:
        raise BadContract(f"{path}: {error}") from None
    _check_names(contract, names, path)
    return contract


def _check_names(contract: EffectContract, names: list[str], path: Path) -> None:
    """Look for roles that exclude each other, or covariates that are none."""
    if not names:
        raise BadContract(f"{path}: features is empty: name what was known before the treatment")
    for role in ("treatment", "outcome", "cluster"):
        if getattr(contract, role) in names:
            raise BadContract(
                f"{path}: {getattr(contract, role)} is the {role} and a feature: leave it out of features"
            )
    if unknown := {*contract.placebo_left_out, *filter(None, [contract.placebo])} - set(names):
        raise BadContract(f"{path}: placebo {', '.join(sorted(unknown))} is none of the features")


def read(contract: EffectContract, table: str, limits: EffectLimits) -> TableStudy:
    """Read a table by a contract.

    Args:
        contract: what its columns are.
        table: a Parquet or CSV file, or `FILE.duckdb:schema.table`.
        limits: when an effect is shown; the placebo becomes the contract's.

    Raises:
        BadContract: a column is missing or cannot be read, nobody or everybody is treated, or clusters are too few.
    """
    with external.reading() as db:
        relation = external.relation(db, table, "units_file")
        kept = f"(select *, row_number() over () as _row from {relation})"
        kinds = external.kinds(db, contract.features, kept)
        values = _values(db, contract, kept, kinds)
        treated, outcome = (_numbers(db, kept, name) for name in (contract.treatment, contract.outcome))
        cluster = _clusters(db, kept, contract.cluster)
    known = ~np.isnan(treated) & (cluster >= 0)
    _check(contract, table, treated[known], cluster[known])
    study = Study(np.column_stack(list(values.values())), list(values), treated == 1, cluster).of(known)
    left_out = _told_by([*contract.placebo_left_out, *filter(None, [contract.placebo])], values)
    limits = replace(limits, placebo=contract.placebo or "", placebo_left_out=left_out)
    return TableStudy(study, outcome[known], limits, int((~known).sum()))


def _values(
    db: duckdb.DuckDBPyConnection, contract: EffectContract, table: str, kinds: Mapping[str, str]
) -> dict[str, Floats]:
    """Return each covariate as numbers; a category has a column for each of its values, NaN where it is missing."""
    found: dict[str, Floats] = {}
    for name, kind in kinds.items():
        if kind == "category":
            found |= {
                f"{name}={value}": _of_sql(db, table, f"{quoted(name)}::varchar = {quoted(value, chr(39))}")
                for value in columns.categories(db, table, name)
            }
        else:
            found[name] = _of_sql(db, table, _days(quoted(name)) if kind == "date" else quoted(name))
    if contract.date:
        since = _of_sql(db, table, _days(quoted(contract.date)))
        found |= {SINCE_FIRST: since - np.nanmin(since)} if len(np.unique(since)) > 1 else {}
    return found


def _days(column: str) -> str:
    return f"date_diff('day', date '2000-01-01', cast({column} as date))"


def _of_sql(db: duckdb.DuckDBPyConnection, table: str, sql: str) -> Floats:
    found = db.execute(f"select cast({sql} as double) as x from {table} as f order by _row").fetchnumpy()["x"]
    return np.ma.filled(found.astype(float), np.nan)


def _numbers(db: duckdb.DuckDBPyConnection, table: str, name: str) -> Floats:
    """Return a treatment or outcome as numbers."""
    of_type = columns.types(db, table)
    if name not in of_type:
        raise BadColumn(f"there is no column {name} in the table")
    columns.check(db, table, name, "number")
    return _of_sql(db, table, quoted(name))


def _clusters(db: duckdb.DuckDBPyConnection, table: str, name: str | None) -> NDArray[np.int64]:
    """Return the number of each row's cluster, -1 where it is missing; each row is one without a name."""
    column = f"dense_rank() over (order by {quoted(name)}) - 1" if name else "_row - 1"
    known = f"case when {quoted(name)} is null then -1 else {column} end" if name else column
    return _of_sql(db, f"(select _row, {known} as c from {table})", "c").astype(np.int64)


def _told_by(names: list[str], values: Mapping[str, Floats]) -> tuple[str, ...]:
    """Return the columns of some features, those of a category's values too."""
    return tuple(column for column in values if column in names or column.partition("=")[0] in names)


def _check(contract: EffectContract, table: str, treated: Floats, cluster: NDArray[np.int64]) -> None:
    """Look for what no effect could be estimated with."""
    if not len(treated):
        raise BadContract(f"{table} has no row with {contract.treatment}{_and(contract.cluster)}")
    if odd := set(np.unique(treated)) - {0.0, 1.0}:
        raise BadContract(f"{contract.treatment} is {min(odd):g} somewhere: expected true or false, or 1 or 0")
    if len(np.unique(treated)) < 2:
        who = "everybody" if treated[0] else "nobody"
        raise BadContract(f"{contract.treatment}: {who} is treated, so there is nothing to compare")
    if (n := len(np.unique(cluster))) < FEWEST_CLUSTERS:
        raise BadContract(
            f"{contract.cluster or 'the table'} has {n} values: with fewer than {FEWEST_CLUSTERS} clusters no interval "
            "holds; name a finer one, or none (single rows are left out then)"
        )


def _and(cluster: str | None) -> str:
    return f" and {cluster}" if cluster else ""
