"""DuckDB with one thread a database, as the cores have other work: `python -m tests.threads ARGUMENTS` calls the command so.

Two workers keep two cores busy. A second thread of a small database mostly waits, and to wake it takes a sixth of its time.
"""

from __future__ import annotations

import functools
from typing import Any

import duckdb

from warehouse import cli


def one() -> None:
    """Let each database that this process opens have one thread, where nothing else is said."""
    usual = duckdb.connect

    @functools.wraps(usual)
    def connect(*place: Any, config: dict[str, Any] | None = None, **options: Any) -> duckdb.DuckDBPyConnection:
        return usual(*place, config={"threads": 1} | (config or {}), **options)

    duckdb.connect = connect


if __name__ == "__main__":
    one()
    cli.main()
