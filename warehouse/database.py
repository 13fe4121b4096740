"""Opening DuckDB files: encrypted spill, the encryption extension from the package, no downloads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import HomeError
from warehouse.keys import Keys
from warehouse.settings import MEMORY_LIMIT, Home

STORAGE_VERSION = "v1.4.0"
SCRATCH_MEMORY = "2GB"  # enough for the keys of 8 million children, and with the warehouse's below 4 GiB


def quoted(name: str, mark: str = '"') -> str:
    """Quote an identifier (or, with a single quote as mark, a literal) for SQL."""
    return mark + name.replace(mark, mark * 2) + mark


def value(db: duckdb.DuckDBPyConnection, sql: str, given: Sequence[Any] = ()) -> Any:  # noqa: ANN401  any type of SQL
    """Return the first column of a query's only row, None where there is no row."""
    row = db.execute(sql, list(given)).fetchone()
    return row[0] if row else None


def column(db: duckdb.DuckDBPyConnection, sql: str, given: Sequence[Any] = ()) -> list[Any]:
    """Return the first column of a query."""
    return [row[0] for row in db.execute(sql, list(given)).fetchall()]


@contextmanager
def transaction(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run the block in one transaction: all of it happens, or nothing."""
    db.execute("begin")
    try:
        yield
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")


@cache
def crypto_extension() -> Path:
    """Return the signed extension that writes encrypted files; it is part of a Python package."""
    import duckdb_extension_httpfs

    return next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))


def _config(home: Home, memory: str) -> dict[str, str | bool | int | float | list[str]]:
    """Return DuckDB's options for a home."""
    return {
        "memory_limit": memory,
        "temp_directory": str(home.spill),
        "temp_file_encryption": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "wal_autocheckpoint": "256MB",
    }


def scratch(home: Home) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills encrypted, for reading hostile files; it is thrown away afterwards."""
    db = duckdb.connect(":memory:", config=_config(home, SCRATCH_MEMORY))
    db.execute(f"load '{crypto_extension()}'")
    db.execute("set enable_progress_bar = false")
    db.execute("set disabled_optimizers = 'in_clause'")  # each list of codes would be a join: more than most files cost
    return db


def warehouse(home: Home, read_only: bool = False, memory: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """Open the warehouse.

    Raises:
        HomeError: another process holds it, or the file is damaged.
    """
    try:
        db = duckdb.connect(str(home.warehouse), read_only=read_only, config=_config(home, memory))
    except duckdb.IOException as error:
        if _is_locked(error):
            raise HomeError(f"another process is using {home.warehouse}: wait for it, then call again") from None
        raise HomeError(f"{home.warehouse} cannot be opened: {error}") from error
    db.execute("set TimeZone = 'UTC'")
    with suppress(duckdb.InvalidInputException):  # notebooks have no progress bar to switch off
        db.execute("set enable_progress_bar = false")
    return db


def _is_locked(error: duckdb.Error) -> bool:
    """Return whether another process holds the file; DuckDB reports this only in its error's text."""
    return "could not set lock" in str(error).lower()


def attach_vault(db: duckdb.DuckDBPyConnection, home: Home, keys: Keys, read_only: bool = False) -> None:
    """Attach the encrypted vault as `vault`.

    Raises:
        HomeError: the key does not fit, or another process is writing.
    """
    mode = ", read_only" if read_only else ""
    try:
        db.execute(f"attach {quoted(str(home.vault), chr(39))} as vault (encryption_key '{keys.vault}'{mode})")
    except duckdb.Error as error:
        if _is_locked(error):
            raise HomeError("another process is using the vault: wait for it, then call again") from None
        raise HomeError(f"{home.vault} does not open with this secret: is it the one it was made with?") from None
