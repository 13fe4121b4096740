"""Tables from outside: a contract file describes their columns, so that they can be backtested too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import yaml

from ml.data import columns, dataset, periods
from ml.data.columns import BadColumn, FeatureColumn, quoted
from ml.data.dataset import Names, Rows, Spec
from ml.data.periods import BadPeriod, Term

FILES = {".parquet": "read_parquet", ".csv": "read_csv"}
ISO = re.compile(r"\d{4}-\d\d-\d\d")
NEVER = "9999-01-01"  # is later than any outcome became known
FEWEST_CLUSTERS = 20  # fewer are too few to draw anew, or to hold fifths of them out


class BadContract(Exception):
    """The contract or a table does not fit; the message names the fault and the remedy."""


@dataclass(frozen=True)
class TableContract:
    """The roles of the columns in a table of features and one of outcomes; names as they stand in the tables."""

    key: str  # one row per key and date in both tables
    date: str
    outcome: str  # true or false, 1 or 0, null where it cannot be said
    features: list[str | dict[str, Any]]  # a name, or {name, kind: number | date | category, direction: -1 | 0 | 1}
    group: str | None = None  # a list is made for each of these; one for all without it
    cluster: str | None = None  # intervals draw whole ones of these; single keys without it
    region: str | None = None  # left out one by one
    segments: Mapping[str, str] = field(default_factory=dict)  # name → column
    known_at: str | None = None  # column of the outcomes: when the outcome was known
    matures_after_days: int | None = None  # or so many days after the date
    capacity_share: float = 0.05
    period: str | dict[str, str] = "year"  # what is judged in turn: year, month, date, or {column: a term's name}
    regime_years: tuple[int, ...] | list[int] = ()  # calendar years apart, which train nothing


def read_contract(path: Path) -> TableContract:
    """Read a contract.

    Raises:
        BadContract: a key is missing, unknown, or says nothing useful.
    """
    try:
        contract = TableContract(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (TypeError, yaml.YAMLError) as error:
        raise BadContract(f"{path}: {str(error).replace('TableContract.__init__()', 'the contract')}") from None
    if (contract.known_at is None) == (contract.matures_after_days is None):
        raise BadContract(f"{path}: give known_at (a column) or matures_after_days (a number), one of the two")
    if not 0 < contract.capacity_share < 1:
        raise BadContract(f"{path}: capacity_share {contract.capacity_share} is no share between 0 and 1")
    if contract.period not in list(periods.CALENDAR) and not _names_a_column(contract.period):
        raise BadContract(
            f"{path}: period {contract.period} is none of {', '.join(periods.CALENDAR)} and {{column: …}}"
        )
    _check_features(contract, path)
    return contract


def _names_a_column(period: object) -> bool:
    return isinstance(period, dict) and list(period) == ["column"] and isinstance(period["column"], str)


def _check_features(contract: TableContract, path: Path) -> None:
    """Look for features that no model could be judged with: the cluster among them, or an entry that says nothing."""
    try:
        names = [FeatureColumn.of(feature).name for feature in contract.features]
    except BadColumn as error:
        raise BadContract(f"{path}: {error}") from None
    if contract.cluster in names:
        raise BadContract(
            f"{path}: {contract.cluster} is the cluster and a feature: whole clusters are held out to calibrate, and "
            "each would be a value that no model has seen; name another cluster, or leave the feature out"
        )


def relation(db: duckdb.DuckDBPyConnection, table: str, alias: str) -> str:
    """Return SQL for a table: a Parquet or CSV file, or `FILE.duckdb:schema.table`, attached read-only under an alias.

    Raises:
        BadContract: there is no such file, or it is of no such kind.
    """
    file, _, name = table.partition(".duckdb:")
    path = Path(f"{file}.duckdb") if name else Path(table)
    if not path.exists():
        raise BadContract(f"{path} does not exist")
    text = quoted(str(path), "'")
    if name:
        db.execute(f"attach {text} as {alias} (read_only)")
        return ".".join([alias, *map(quoted, name.split("."))])
    if path.suffix not in FILES:
        raise BadContract(f"{path}: expected a .parquet or .csv file, or FILE.duckdb:schema.table")
    return f"{FILES[path.suffix]}({text})"


def read_tables(contract: TableContract, features: str, outcomes: str) -> tuple[Rows, Spec]:
    """Read both tables by a contract; return rows and the features of a model.

    Raises:
        BadContract: a table lacks a column, has no row in common with the other or two of a key and date, a feature
            cannot be read, a category has too many values, terms overlap, or clusters are too few.
    """
    with reading() as db:
        tables = relation(db, features, "features_file"), relation(db, outcomes, "outcomes_file")
        read_as = kinds(db, contract.features, tables[0])
        spec = _spec(db, contract, tables[0], read_as)
        every = _with_all(tables[0])
        rows = dataset.read_rows(db, every, _outcomes(contract, tables[1]), _names(contract, read_as), spec, NEVER)
        _check(rows, contract, f"{features} and {outcomes}")
        return replace(rows, period_of=_periods(db, contract, tables[0], rows.date.names)), spec


def read_new(contract: TableContract, table: str, spec: Spec) -> tuple[Rows, pa.Table]:
    """Read rows that have no outcome yet; return them, and the key, date and group of each as the table has them.

    Args:
        contract: what the columns are; that of the cluster may be missing here.
        table: a table of features.
        spec: the features that were learned from, with their categories.

    Raises:
        BadContract: a column is missing or cannot be read, or there are two rows of a key and date.
    """
    key, date, group = (quoted(name) for name in (contract.key, contract.date, contract.group or "_all"))
    with reading() as db:
        of_file = relation(db, table, "new_file")
        names = _names(replace(contract, cluster=None), kinds(db, contract.features, of_file))
        every = f"(select * from {_with_all(of_file)} where {key} is not null and {date} is not null)"
        unknown = f"(select {key}, {date}, null as {names.label}, cast({date} as date) as _known_at from {every})"
        rows = dataset.read_rows(db, every, unknown, names, spec, NEVER)
        _check_keys(rows, contract, table)
        found = f"select {key}, {date}, {group} from {every} where {group} is not null order by {date}, {key}"
        shown = db.execute(found).to_arrow_table()
        return rows, shown if contract.group else shown.drop_columns(["_all"])


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory; whatever it finds wrong is the contract's or a table's fault."""
    try:
        with duckdb.connect() as db:
            yield db
    except duckdb.Error as error:
        raise BadContract(str(error).splitlines()[0]) from None
    except (BadColumn, BadPeriod) as error:
        raise BadContract(str(error)) from None


def _check(rows: Rows, contract: TableContract, tables: str) -> None:
    """Look for what no figure could be trusted with.

    Raises:
        BadContract: an outcome is no yes or no, or there are too few clusters; or what `_check_keys` finds.
    """
    _check_keys(rows, contract, tables)
    if odd := set(np.unique(rows.label[~np.isnan(rows.label)])) - {0.0, 1.0}:
        raise BadContract(f"{contract.outcome} is {min(odd):g} somewhere: expected true or false, 1 or 0, or nothing")
    if (n := len(np.unique(rows.labeled.cluster.codes))) < FEWEST_CLUSTERS:
        raise BadContract(
            f"{contract.cluster or contract.key} has {n} values with known outcomes: with fewer than {FEWEST_CLUSTERS} "
            "clusters neither intervals nor calibration hold; name a finer one, or none (keys are drawn then)"
        )


def _check_keys(rows: Rows, contract: TableContract, tables: str) -> None:
    """Look for rows that cannot be told apart.

    Raises:
        BadContract: there are no rows, two of a key and date, or a date that is none.
    """
    if not len(rows.key):
        raise BadContract(f"{tables} have no {contract.key} and {contract.date} in common")
    if bad := [day for day in rows.date.names if not ISO.match(day)]:
        raise BadContract(f"{contract.date} holds «{bad[0]}»: expected dates as in 2024-04-30")
    if len(np.unique(np.column_stack([rows.key, rows.date.codes]), axis=0)) < len(rows.key):
        raise BadContract(f"{tables} have more than one row of a {contract.key} and {contract.date}")


def _periods(db: duckdb.DuckDBPyConnection, contract: TableContract, table: str, days: Sequence[str]) -> dict[str, int]:
    """Return the period of each date, as the contract cuts them."""
    if isinstance(contract.period, str):
        return periods.by_calendar(days, contract.period)
    name = quoted(contract.period["column"])
    date = f"cast({quoted(contract.date)} as varchar)"
    found = f"select cast({name} as varchar), min({date}), max({date}) from {table} group by 1 order by 2"
    terms = [Term(*row) for row in db.execute(found).fetchall()]
    return periods.by_term(days, terms)


def regime(rows: Rows, contract: TableContract) -> tuple[int, ...]:
    """Return the periods that train nothing: those of the contract's years apart."""
    return periods.of_years(rows.period_of, contract.regime_years)


def _with_all(table: str) -> str:
    return f"(select *, 'all' as _all from {table})"


def _outcomes(contract: TableContract, table: str) -> str:
    matured = f"cast({quoted(contract.date)} as date) + {contract.matures_after_days}"
    known = quoted(contract.known_at) if contract.known_at else matured
    return f"(select *, {known} as _known_at from {table})"


def kinds(db: duckdb.DuckDBPyConnection, features: Sequence[str | Mapping[str, Any]], table: str) -> dict[str, str]:
    """Return what each feature of a table is read as; each of its values is such.

    Raises:
        BadColumn: one is not in the table, or a value is not what its column is read as.
    """
    of_type = columns.types(db, table)
    found = {column.name: columns.kind(column, of_type) for column in map(FeatureColumn.of, features)}
    for name, kind in found.items():
        if kind != "category":
            columns.check(db, table, name, kind)
    return found


def _spec(db: duckdb.DuckDBPyConnection, contract: TableContract, table: str, kinds: Mapping[str, str]) -> Spec:
    """Return names, directions and the values of each category."""
    directions = tuple(FeatureColumn.of(feature).direction for feature in contract.features)
    categories = {name: columns.categories(db, table, name) for name, kind in kinds.items() if kind == "category"}
    return Spec(tuple(kinds), directions, categories)


def _names(contract: TableContract, kinds: Mapping[str, str]) -> Names:
    """Return the roles of the columns."""
    segments = dict(contract.segments) | ({"region": contract.region} if contract.region else {})
    return Names(
        key=quoted(contract.key),
        date=quoted(contract.date),
        label=quoted(contract.outcome),
        known_at="_known_at",
        group=quoted(contract.group or "_all"),
        cluster=quoted(contract.cluster or contract.key),
        segments={name: f"f.{quoted(column)}" for name, column in segments.items()},
        features={name: columns.sql(name, kind, quoted(contract.date)) for name, kind in kinds.items()},
    )
