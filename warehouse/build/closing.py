"""Closing as-of dates: features as Parquet with a hash manifest; a closed date is never built again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from warehouse import database, files
from warehouse.database import quoted, transaction, value
from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole
from warehouse.machine import CLOSED_AGAIN, MANIFEST_AGAIN
from warehouse.progress import Progress
from warehouse.settings import Home

Entry = dict[str, str | int]  # what the manifest states of a date
# Of each table built by date which dates have rows, which of these lack columns, and when a date was built (null:
# before this was noted), by macros/held_dates.sql; when a build of everything began that has not ended.
DDL = """
create table if not exists raw.closed_dates (as_of_date date primary key);
create table if not exists raw.held_dates (table_name varchar, as_of_date date, has_rows boolean, is_partial boolean,
  built_at timestamp);
create table if not exists raw.refreshing (began_at timestamp);
"""


def begin_refresh(db: duckdb.DuckDBPyConnection) -> None:
    """Note that every date is built again: until that has ended, each later build goes on with it."""
    if not is_refreshing(db):
        db.execute("insert into raw.refreshing values (now()::timestamp)")


def is_refreshing(db: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a build of every date has begun and not ended."""
    return bool(value(db, "select count(*) from raw.refreshing"))


def close(home: Home, progress: Progress, again: bool = False) -> list[date]:
    """Write every open as-of date as Parquet, then mark it closed; return the dates.

    A crash between the two leaves the date open: it is built and written again, with the same content. Files of closed
    dates that are damaged or lost since are written again from the warehouse.

    Args:
        home: the home.
        progress: where to say it.
        again: write the closed ones anew too (after a full refresh with other definitions).
    """
    with database.warehouse(home) as db:
        again = again or is_refreshing(db)
        closed = "select as_of_date from raw.closed_dates" + (" where false" if again else "")
        dates = database.column(
            db,
            "select as_of_date from intermediate.int_calendar__as_of_dates "
            f"where as_of_date not in ({closed}) order by 1",
        )
        manifest = read_manifest(home)
        mended = {} if again else _mend(db, home, progress, manifest)
        written = {str(day): _write(db, home, day) for day in dates}
        if written or mended:
            stated = manifest | mended | written
            write_whole(home.features / "manifest.json", json.dumps(stated, indent=1, sort_keys=True))
        if dates:
            _mark(db, dates, again)
            progress.say("as-of dates closed", dates=len(dates), last=str(dates[-1]))
        return dates


def _mark(db: duckdb.DuckDBPyConnection, dates: list[date], again: bool) -> None:
    """Mark dates as closed, and a build of every date as ended."""
    listed = ", ".join(f"(date '{day}')" for day in dates)
    with transaction(db):
        db.execute(f"insert or ignore into raw.closed_dates values {listed}")
        if again:
            db.execute("delete from raw.refreshing")


def _mend(
    db: duckdb.DuckDBPyConnection, home: Home, progress: Progress, manifest: dict[str, Entry]
) -> dict[str, Entry]:
    """Write files of closed dates again that are not what the manifest states; return what was to be stated anew.

    The same rows make the same bytes: where two of file, manifest and warehouse agree, the third was damaged.

    Raises:
        DamagedFile: all three differ.
    """
    mended: dict[str, Entry] = {}
    for day in database.column(db, "select as_of_date from raw.closed_dates order by 1"):
        entry = manifest.get(str(day))
        wrong = fault(home, str(day), entry) if entry else f"{home.features / 'manifest.json'} lacks closed date {day}"
        if wrong:
            mended[str(day)] = _write(db, home, day, partial(_agree, _path(home, day), entry, wrong))
            progress.say("a closed date was written again from the warehouse", because=wrong)
    return mended


def _agree(path: Path, entry: Entry | None, wrong: str, aside: Path) -> None:
    """Refuse what the warehouse holds of a date where neither the manifest nor the file agrees with it."""
    others = {entry["sha256"]} if entry else set()
    if path.exists():
        others.add(files.sha256(path))
    if others and files.sha256(aside) not in others:
        raise DamagedFile(wrong)


def _path(home: Home, day: date) -> Path:
    return home.features / f"as_of={day}" / "features.parquet"


def _write(db: duckdb.DuckDBPyConnection, home: Home, day: date, check: Callable[[Path], None] | None = None) -> Entry:
    path = _path(home, day)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with files.replacing(path, check) as aside:
        db.execute(
            f"copy (select * from features.child_features where as_of_date = date '{day}' order by child_key) "
            f"to {quoted(str(aside), chr(39))} (format parquet, compression zstd)"
        )
        rows = database.value(db, f"select count(*) from read_parquet({quoted(str(aside), chr(39))})")
        sha256 = files.sha256(aside)
    return {"file": f"{path.parent.name}/{path.name}", "sha256": sha256, "rows": rows}


def read_manifest(home: Home) -> dict[str, Entry]:
    """Return file, hash and number of rows of each closed date."""
    path = home.features / "manifest.json"
    return read_json(path, dict, MANIFEST_AGAIN) if path.exists() else {}


def fault(home: Home, day: str, entry: Entry) -> str | None:
    """Read a closed file whole against its hash; say what is wrong with it, None where nothing is."""
    path = home.features / str(entry["file"])
    if not path.exists():
        return f"{path} is missing: {CLOSED_AGAIN}"
    if files.sha256(path) != entry["sha256"]:
        return f"{path} is damaged, not what the manifest states: {CLOSED_AGAIN}"
    return None


def check(home: Home, days: Iterable[str]) -> None:
    """Read files of closed dates against their hashes, before any of their rows is used.

    Raises:
        DamagedFile: one is damaged or missing.
    """
    stated = kept(home)
    for day in days:
        if wrong := fault(home, day, stated[day]):
            raise DamagedFile(wrong)


def kept(home: Home) -> dict[str, Entry]:
    """Return what the manifest states of closed dates that are not retired."""
    return {day: entry for day, entry in sorted(read_manifest(home).items()) if "retired_on" not in entry}
