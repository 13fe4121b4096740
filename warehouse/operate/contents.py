"""What the databases of a home hold: rows by table, and whether every block of them can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse import database, keys
from warehouse.database import quoted, value
from warehouse.errors import DamagedFile
from warehouse.machine import RESTORE
from warehouse.settings import Home

Rows = dict[str, dict[str, int]]  # database → table → how many


def counted(home: Home, secrets: Path, warehouse: duckdb.DuckDBPyConnection) -> Rows:
    """Return the rows of every table of the open warehouse and of the vault, if there is one; `secrets` opens it."""
    found = {"warehouse": {table: _n_rows(warehouse, table) for table in tables(warehouse, "warehouse")}}
    if home.vault.exists():
        with vault(home, secrets) as db:
            found["vault"] = {table: _n_rows(db, table) for table in tables(db, "vault")}
    return found


def check(home: Home, secrets: Path, expected: Rows) -> None:
    """Read every row of both databases, and compare how many there are with what is expected.

    Raises:
        DamagedFile: a database cannot be read whole, or has other rows.
    """
    with database.warehouse(home, read_only=True) as db:
        _compare(home, "warehouse", db, expected.get("warehouse", {}))
    if home.vault.exists():
        with vault(home, secrets) as db:
            _compare(home, "vault", db, expected.get("vault", {}))


def _compare(home: Home, catalog: str, db: duckdb.DuckDBPyConnection, expected: dict[str, int]) -> None:
    where = f"the {catalog} in {home.root}"
    try:
        found = {table: read(db, table) for table in tables(db, catalog)}
    except duckdb.Error as error:
        raise DamagedFile(f"{where} cannot be read whole ({type(error).__name__}): {RESTORE}") from None
    if expected and found != expected:
        other = sorted({table for table, _ in found.items() ^ expected.items()})
        raise DamagedFile(f"{where} has other rows than stated in {', '.join(other[:5])}: {RESTORE}")


@contextmanager
def vault(home: Home, secrets: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that has the vault attached as `vault`."""
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(secrets), read_only=True)
        yield db


def tables(db: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    """Return the tables of a database, as SQL."""
    sql = "select schema_name, table_name from duckdb_tables() where database_name = ? and not temporary order by all"
    return [".".join(map(quoted, (catalog, *names))) for names in db.execute(sql, [catalog]).fetchall()]


def _n_rows(db: duckdb.DuckDBPyConnection, table: str) -> int:
    return value(db, f"select count(*) from {table}")


def digest(db: duckdb.DuckDBPyConnection, table: str, catalog: str) -> tuple[int, int]:
    """Return how many rows a table of a catalog has, and a hash of all its values in whatever order."""
    sql = f"select count(*), coalesce(sum(hash(t)), 0) from {quoted(catalog)}.{table} as t"
    rows, total = db.execute(sql).fetchone() or (0, 0)
    return int(rows), int(total)


def read(db: duckdb.DuckDBPyConnection, table: str) -> int:
    """Read every value of a table, so that each of its blocks is read from disk and checked; return its rows."""
    rows, _ = db.execute(f"select count(*), bit_xor(hash(t)) from {table} as t").fetchone() or (0, 0)
    return int(rows)
