"""Tables from outside: a contract file describes their columns, so that they can be backtested too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from ml.data import dataset
from ml.data.dataset import Names, Rows, Spec

FILES = {".parquet": "read_parquet", ".csv": "read_csv"}
MOST_CATEGORIES = 64


class BadContract(Exception):
    """The contract or a table does not fit; the message names the fault and the remedy."""


@dataclass(frozen=True)
class TableContract:
    """The roles of the columns in a table of features and one of outcomes; names as they stand in the tables."""

    key: str  # one row per key and date in both tables
    date: str
    outcome: str  # true or false, 1 or 0, null where it cannot be said
    features: list[str | dict[str, Any]]  # a name, or {name, kind: number | category, direction: -1 | 0 | 1}
    group: str | None = None  # a list is made for each of these; one for all without it
    cluster: str | None = None  # intervals draw whole ones of these; single keys without it
    region: str | None = None  # left out one by one
    segments: Mapping[str, str] = field(default_factory=dict)  # name → column
    known_at: str | None = None  # column of the outcomes: when the outcome was known
    matures_after_days: int | None = None  # or so many days after the date
    capacity_share: float = 0.05
    regime_years: tuple[int, ...] | list[int] = ()  # years apart, which train nothing


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
    return contract


def relation(db: duckdb.DuckDBPyConnection, table: str, alias: str) -> str:
    """Return SQL for a table: a Parquet or CSV file, or `FILE.duckdb:schema.table`, attached read-only under an alias.

    Raises:
        BadContract: there is no such file, or it is of no such kind.
    """
    file, _, name = table.partition(".duckdb:")
    path = Path(f"{file}.duckdb") if name else Path(table)
    if not path.exists():
        raise BadContract(f"{path} does not exist")
    text = _quoted(str(path), "'")
    if name:
        db.execute(f"attach {text} as {alias} (read_only)")
        return ".".join([alias, *map(_quoted, name.split("."))])
    if path.suffix not in FILES:
        raise BadContract(f"{path}: expected a .parquet or .csv file, or FILE.duckdb:schema.table")
    return f"{FILES[path.suffix]}({text})"


def read_tables(contract: TableContract, features: str, outcomes: str) -> tuple[Rows, Spec]:
    """Read both tables by a contract; return rows and the features of a model.

    Raises:
        BadContract: a table lacks a column, has no row in common with the other, or a category has too many values.
    """
    db = duckdb.connect()
    try:
        tables = relation(db, features, "features_file"), relation(db, outcomes, "outcomes_file")
        spec = _spec(db, contract, tables[0])
        every = f"(select *, 'all' as _all from {tables[0]})"
        rows = dataset.read_rows(db, every, _outcomes(contract, tables[1]), _names(contract), spec, "9999-01-01")
    except duckdb.Error as error:
        raise BadContract(str(error).splitlines()[0]) from None
    finally:
        db.close()
    if not len(rows.key):
        raise BadContract(f"{features} and {outcomes} have no {contract.key} and {contract.date} in common")
    return rows, spec


def _outcomes(contract: TableContract, table: str) -> str:
    matured = f"cast({_quoted(contract.date)} as date) + {contract.matures_after_days}"
    known = _quoted(contract.known_at) if contract.known_at else matured
    return f"(select *, {known} as _known_at from {table})"


def _names(contract: TableContract) -> Names:
    segments = dict(contract.segments) | ({"region": contract.region} if contract.region else {})
    return Names(
        key=_quoted(contract.key),
        date=_quoted(contract.date),
        label=_quoted(contract.outcome),
        known_at="_known_at",
        group=_quoted(contract.group or "_all"),
        cluster=_quoted(contract.cluster or contract.key),
        segments={name: f"f.{_quoted(column)}" for name, column in segments.items()},
    )


def _spec(db: duckdb.DuckDBPyConnection, contract: TableContract, table: str) -> Spec:
    """Return names, directions, and the values of each category."""
    columns = {column.name: column for column in map(FeatureColumn.of, contract.features)}
    categories = {name: _categories(db, table, name) for name, column in columns.items() if column.kind == "category"}
    return Spec(tuple(columns), tuple(column.direction for column in columns.values()), categories)


@dataclass(frozen=True)
class FeatureColumn:
    """A feature as the contract describes it."""

    name: str
    kind: str = "number"
    direction: int = 0

    @classmethod
    def of(cls, feature: str | dict[str, Any]) -> FeatureColumn:
        """Return a feature from its name alone, or from its entry."""
        if isinstance(feature, str):
            return cls(feature)
        return cls(feature["name"], feature.get("kind", "number"), int(feature.get("direction", 0)))


def _categories(db: duckdb.DuckDBPyConnection, table: str, name: str) -> tuple[str, ...]:
    column = _quoted(name)
    rows = db.execute(f"select distinct cast({column} as varchar) from {table} where {column} is not null order by 1")
    values = tuple(value for (value,) in rows.fetchall())
    if len(values) > MOST_CATEGORIES:
        raise BadContract(f"{name} has {len(values)} values: a category has {MOST_CATEGORIES} at most")
    return values


def _quoted(name: str, mark: str = '"') -> str:
    return mark + name.replace(mark, mark * 2) + mark
