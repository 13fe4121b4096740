"""Plays the DuckDB plugin: its settings, its way to put choices into SQL, and what its frames can hold."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from grafana.source import OPTIONS

SHOWN = {"VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "BIGINT", "INTEGER", "DOUBLE"}


def opened(file: Path) -> duckdb.DuckDBPyConnection:
    """Open a serving file as Grafana does, whoever asks."""
    return duckdb.connect(str(file), config=dict(OPTIONS))


def quoted(values: list[str]) -> str:
    """Return what `${name:sqlstring}` becomes."""
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


def put_in(sql: str, chosen: dict[str, list[str]]) -> str:
    """Return SQL with the choices in it."""
    for name, values in chosen.items():
        sql = sql.replace("${" + name + ":sqlstring}", quoted(values))
    return sql


def choices(db: duckdb.DuckDBPyConnection, dashboard: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
    """Yield each indicator with the first and the last value of each other choice; nobody can choose several."""
    every = {}
    for one in dashboard.get("templating", {}).get("list", []):
        if one["type"] == "query":
            found = db.execute(put_in(one["query"], {name: values[:1] for name, values in every.items()}))
            assert [column[0] for column in found.description] == ["__text", "__value"]
            rows = found.fetchall()
            assert len({text for text, _ in rows}) == len(rows)  # the plugin keeps one of each text
            every[one["name"]] = [str(value) for _, value in rows]
        elif one["type"] == "custom":
            every[one["name"]] = re.findall(r" : ([^,]+)", one["query"])
    chosen = {
        name: values if name.endswith("indicator") else [*values[:1], *values[-1:]] for name, values in every.items()
    }
    each = [[(name, [value]) for value in values or [""]] for name, values in chosen.items()]
    return (dict(one) for one in itertools.product(*each))
