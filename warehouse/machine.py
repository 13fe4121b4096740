"""What an error of the machine or of an engine means for whoever called a command, in a sentence.

Errors are known by their type and number. Their texts differ between versions, and an engine's text can quote a value.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

AGAIN = "then call again, it resumes where it stopped"
RESTORE = "restore a backup ('qhawaq --home NEW restore FOLDER')"
# Of closed dates: what mends a Parquet, and what their manifest.
CLOSED_AGAIN = "'qhawaq build' writes it again where the warehouse still holds the date, else restore it from a backup"
MANIFEST_AGAIN = (
    "restore it from a backup; or move it away and call 'qhawaq build', which writes it without what was deleted"
)
FULL = 1 << 20  # bytes free: with less a database has not been able to write a few blocks
MEANINGS = {
    errno.ENOSPC: f"the disk is full: make room, {AGAIN}",
    errno.EDQUOT: f"this user's share of the disk is full: make room, {AGAIN}",
    errno.EIO: "the disk failed to read or write: look at its health (dmesg) and copy what can be read elsewhere; "
    "where it is sound, call again",
    errno.EROFS: f"its disk can only be read: mount it for writing, {AGAIN}",
    errno.EACCES: f"this user may not do that: give its owner the right to read and write it, {AGAIN}",
    errno.EPERM: f"this user may not do that: give its owner the right to read and write it, {AGAIN}",
    errno.ENOENT: f"it is not there: put it back or {RESTORE}, {AGAIN}",
    errno.EMFILE: f"too many files are open: raise the limit (ulimit -n), {AGAIN}",
    errno.ENAMETOOLONG: "the name is too long: give it a shorter one, then call again",
}


def sentence(error: BaseException, home: Path) -> str | None:
    """Return what an error of the machine means and what to do; None for an error of another kind."""
    if isinstance(error, OSError):
        return _of_system(error, home)
    if isinstance(error, MemoryError):
        return f"the memory did not suffice: free some, {AGAIN}"
    return _of_engine(error, home)


def _of_system(error: OSError, home: Path) -> str:
    """Say which file it was, what the error's number means, and what to do."""
    where = error.filename2 or error.filename or home
    known = MEANINGS.get(error.errno or 0)
    said = known or f"{os.strerror(error.errno) if error.errno else type(error).__name__}: mend that, {AGAIN}"
    return f"{os.fsdecode(where) if isinstance(where, bytes) else where}: {said}"


def _of_engine(error: BaseException, home: Path) -> str | None:
    """Say what an error of DuckDB, SQLite or age means; an engine that was never imported cannot have raised it."""
    if (duckdb := sys.modules.get("duckdb")) and isinstance(error, duckdb.Error):
        return _of_duckdb(error, home)
    if (sqlite := sys.modules.get("sqlite3")) and isinstance(error, sqlite.Error):
        return f"an SQLite file of {home} cannot be used ({type(error).__name__}): {RESTORE}"
    if (pyrage := sys.modules.get("pyrage")) and isinstance(error, pyrage.DecryptError):
        return f"a sealed file of {home} does not open: it is damaged or of another secret: {RESTORE}"
    return None


def _of_duckdb(error: BaseException, home: Path) -> str:
    import duckdb

    kind = type(error).__name__
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException) and is_full(home):
        return f"{home}: {MEANINGS[errno.ENOSPC]}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"{home}: memory or room for spilling did not suffice: raise QHAWAQ_MEMORY_LIMIT or make room, {AGAIN}"
    if isinstance(error, duckdb.CatalogException):
        return f"{home} lacks a table that this needs: an earlier step has not run: call 'qhawaq run' first"
    of_disk = duckdb.IOException | duckdb.FatalException | duckdb.InternalException | duckdb.TransactionException
    if isinstance(error, of_disk):
        return (
            f"a database of {home} could not be read or written ({kind}): call again; where that ends in the same, "
            f"a file is damaged: {RESTORE}"
        )
    return f"a database of {home} refused a step ({kind}): call again with QHAWAQ_DEBUG=1 and report what that shows"


def is_full(home: Path) -> bool:
    """Return whether the disk of a home has no room left: DuckDB's errors have no number that says so."""
    try:
        disk = os.statvfs(home if home.exists() else home.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL
