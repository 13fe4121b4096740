"""Feature columns of other people's tables, read as what they are: numbers, yes or no, dates, categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

MOST_CATEGORIES = 64
SQL_TYPES = {"number": "double", "date": "date"}  # what a value must become
# DuckDB's types by how they begin, and what a column of them is read as; BOOLEAN becomes 0 or 1.
NUMBERS = "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT FLOAT DOUBLE DECIMAL"
KIND_OF_TYPE = dict.fromkeys([*NUMBERS.split(), "BOOLEAN"], "number") | {
    "DATE": "date",
    "TIMESTAMP": "date",
    "ENUM": "category",
}


class BadColumn(Exception):
    """A feature cannot be read; the message names its column, the fault and the remedy."""


@dataclass(frozen=True)
class FeatureColumn:
    """A feature as the contract describes it; its kind is that of the column's type where none is stated."""

    name: str
    kind: str | None = None  # number, date, category
    direction: int = 0

    @classmethod
    def of(cls, feature: str | Mapping[str, Any]) -> FeatureColumn:
        """Return a feature from its name alone, or from its entry.

        Raises:
            BadColumn: the entry has no name, or says what nobody asks.
        """
        if isinstance(feature, str):
            return cls(feature)
        if unknown := set(feature) - {"name", "kind", "direction"} or {"name"} - set(feature):
            raise BadColumn(f"feature {dict(feature)}: {', '.join(sorted(unknown))}: expected name, kind and direction")
        return cls(feature["name"], feature.get("kind"), int(feature.get("direction", 0)))


def types(db: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return DuckDB's type of each column of a table."""
    return {name: kind for name, kind, *_ in db.execute(f"describe select * from {table}").fetchall()}


def kind(column: FeatureColumn, of_type: Mapping[str, str]) -> str:
    """Return what a feature is read as: number, date or category.

    Args:
        column: the feature.
        of_type: the table's columns with their types.

    Raises:
        BadColumn: there is no such column, the kind is none, or the column is text and no kind is stated.
    """
    if column.name not in of_type:
        raise BadColumn(f"there is no column {column.name} among the features")
    if column.kind is not None and column.kind not in (*SQL_TYPES, "category"):
        raise BadColumn(f"{column.name}: kind {column.kind} is none of number, date and category")
    sql_type = of_type[column.name]
    found = column.kind or KIND_OF_TYPE.get(sql_type.partition("(")[0].partition(" ")[0].partition("_")[0])
    if found is None or sql_type.endswith("]"):
        raise BadColumn(f"{column.name} is {_named(sql_type)}: state kind: category (or number, date), or leave it out")
    return found


def _named(sql_type: str) -> str:
    return "text" if sql_type == "VARCHAR" else sql_type


def sql(name: str, read_as: str, date: str) -> str:
    """Return the SQL of a feature over the table f; a date becomes the days that it lies before the row's date.

    Args:
        name: the column, as it stands in the table.
        read_as: number, date or category.
        date: the column of the row's date, quoted.
    """
    column = f"f.{quoted(name)}"
    return f"date_diff('day', cast({column} as date), cast(f.{date} as date))" if read_as == "date" else column


def check(db: duckdb.DuckDBPyConnection, table: str, name: str, read_as: str) -> None:
    """Look for a value that is not what its column is read as.

    Raises:
        BadColumn: there is one.
    """
    column = quoted(name)
    wrong = f"{column} is not null and try_cast({column} as {SQL_TYPES[read_as]}) is null"
    if found := db.execute(f"select cast({column} as varchar) from {table} where {wrong} limit 1").fetchone():
        raise BadColumn(f"{name} holds «{found[0]}», which is no {read_as}: state kind: category, or leave it out")


def categories(db: duckdb.DuckDBPyConnection, table: str, name: str) -> tuple[str, ...]:
    """Return the values of a category, in the order of the alphabet (no model sees that order).

    Raises:
        BadColumn: there are too many: it is free text, or a name of its own for each row.
    """
    column = quoted(name)
    rows = db.execute(f"select distinct cast({column} as varchar) from {table} where {column} is not null order by 1")
    values = tuple(value for (value,) in rows.fetchall())
    if len(values) > MOST_CATEGORIES:
        raise BadColumn(
            f"{name} has {len(values)} values: a category has {MOST_CATEGORIES} at most; leave free text out"
        )
    return values


def quoted(name: str, mark: str = '"') -> str:
    """Return a name or a text as SQL quotes it."""
    return mark + name.replace(mark, mark * 2) + mark
