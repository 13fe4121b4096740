"""Opening DuckDB files: encrypted spill, the encryption extension from the package, no downloads."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from warehouse import files
from warehouse.errors import DamagedFile, HomeError, HomeInUse
from warehouse.keys import Keys
from warehouse.machine import RESTORE
from warehouse.settings import MEMORY_LIMIT, SMALLEST_DATABASE, Home

STORAGE_VERSION = "v1.4.0"
# Errors of the machine, not of a file that is read: they say nothing about a delivery.
OF_MACHINE = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException)
Options = dict[str, str | bool | int | float | list[str]]  # of DuckDB
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


def write_rows(db: duckdb.DuckDBPyConnection, query: str, path: Path, form: str) -> int:
    """Write the rows of a query into a file, whole or not at all, which only its owner may read; return how many.

    Args:
        db: where the query is asked; rows go to the file without standing in memory.
        query: what is written.
        path: the file.
        form: as DuckDB's `copy` says it, such as `format parquet`.
    """
    with files.replacing(path) as aside:
        n_rows = int(value(db, f"copy ({query}) to {quoted(str(aside), chr(39))} ({form})"))
        aside.chmod(0o600)
    return n_rows


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
    """Return the extension that writes encrypted files; it is part of a Python package.

    DuckDB checks its signature here, once for a process: that takes a tenth of a second at each load.

    Raises:
        duckdb.Error: it is not signed.
    """
    import duckdb_extension_httpfs

    path = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    with duckdb.connect(":memory:") as db:
        db.execute(f"load '{path}'")
    return path


CHECKED: Options = {"allow_unsigned_extensions": "true"}  # whoever loads only what was checked


def _config(home: Home, memory: str) -> Options:
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
    db = duckdb.connect(":memory:", config=_config(home, SCRATCH_MEMORY) | CHECKED)
    db.execute(f"load '{crypto_extension()}'")
    db.execute("set enable_progress_bar = false")
    db.execute("set disabled_optimizers = 'in_clause'")  # each list of codes would be a join: more than most files cost
    return db


def warehouse(home: Home, read_only: bool = False, memory: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """Open the warehouse.

    Raises:
        HomeError: another process holds it, or there is none.
        DamagedFile: the file is damaged or lost.
    """
    _have(home, home.warehouse, read_only, lambda aside: duckdb.connect(str(aside)).close())
    try:
        db = duckdb.connect(str(home.warehouse), read_only=read_only, config=_config(home, memory))
    except duckdb.Error as error:
        if isinstance(error, duckdb.ConnectionException):  # this process has it open in another way: ours to mend
            raise
        raise _unopened(home.warehouse, read_only, error) from error
    db.execute("set TimeZone = 'UTC'")
    with suppress(duckdb.InvalidInputException):  # notebooks have no progress bar to switch off
        db.execute("set enable_progress_bar = false")
    return db


def can_write(home: Home) -> bool:
    """Return whether the warehouse can be written, or made: on a disk that can only be read, what lists still lists."""
    return os.access(home.warehouse if home.warehouse.exists() else home.root, os.W_OK)


def _have(home: Home, path: Path, read_only: bool, make: Callable[[Path], None]) -> None:
    """Create a database that does not exist yet: aside, so that no half of one ever has its name.

    Raises:
        HomeError: there is none to read.
        DamagedFile: it is lost, or nothing but its beginning is there, though deliveries have landed.
    """
    if path.exists() and path.stat().st_size >= SMALLEST_DATABASE:
        return
    if home.has_landed:
        how = "damaged" if path.exists() else "missing"
        raise DamagedFile(f"{path} is {how}, but deliveries have landed: {RESTORE}")
    if read_only:
        raise HomeError(f"{path} does not exist yet: call 'qhawaq land' first")
    for left in (path, path.with_name(f"{path.name}.wal")):  # of a database that was never whole
        left.unlink(missing_ok=True)
    with files.replacing(path, is_new=True) as aside:
        make(aside)


def _unopened(path: Path, read_only: bool, error: duckdb.Error) -> HomeError | DamagedFile:
    """Return what it means that a database does not open."""
    if _is_held(path, read_only):
        return HomeInUse(f"another process is using {path}: wait for it, then call again")
    return DamagedFile(f"{path} does not open ({type(error).__name__}): it is damaged or its disk fails: {RESTORE}")


def _is_held(path: Path, read_only: bool) -> bool:
    """Return whether another process holds a database, by trying the lock that DuckDB takes.

    Closing the file would release a lock of this process too; but then DuckDB would have found no other's.

    Raises:
        OSError: the file cannot be opened at all.
    """
    descriptor = os.open(path, os.O_RDONLY if read_only else os.O_RDWR)
    try:
        fcntl.lockf(descriptor, (fcntl.LOCK_SH if read_only else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets a system say either
        return True
    finally:
        os.close(descriptor)
    return False


def opens_vault(path: Path, keys: Keys) -> bool:
    """Return whether a secret opens a vault that nobody writes."""
    with duckdb.connect(":memory:", config=CHECKED) as db:
        db.execute(f"load '{crypto_extension()}'")
        try:
            db.execute(f"attach {quoted(str(path), chr(39))} as vault (encryption_key '{keys.vault}', read_only)")
        except duckdb.Error:  # its text can hold the key
            return False
    return True


def attach_vault(db: duckdb.DuckDBPyConnection, home: Home, keys: Keys, read_only: bool = False) -> None:
    """Attach the encrypted vault as `vault`.

    Raises:
        HomeError: the key does not fit, or another process is writing.
        DamagedFile: the file is damaged or lost.
    """
    key = f"encryption_key '{keys.vault}'"

    def make(aside: Path) -> None:
        db.execute(f"attach {quoted(str(aside), chr(39))} as new_vault ({key})")
        db.execute("detach new_vault")

    _have(home, home.vault, read_only, make)
    mode = ", read_only" if read_only else ""
    try:
        db.execute(f"attach {quoted(str(home.vault), chr(39))} as vault ({key}{mode})")
    except duckdb.InvalidInputException:  # the key does not decrypt the header
        raise HomeError(
            f"{home.vault} does not open with this secret: is it the one it was made with? If it is, the file is "
            f"damaged: {RESTORE}"
        ) from None
    except duckdb.Error as error:  # its text can hold the key
        raise _unopened(home.vault, read_only, error) from None
