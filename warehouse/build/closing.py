"""Closing as-of dates: features as Parquet with a hash manifest; a closed date is never built again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb

from warehouse import database, files
from warehouse.database import quoted
from warehouse.errors import DamagedFile
from warehouse.files import write_whole
from warehouse.progress import Progress
from warehouse.settings import Home

DDL = "create table if not exists raw.closed_dates (as_of_date date primary key)"


def close(home: Home, progress: Progress, again: bool = False) -> list[date]:
    """Write every open as-of date as Parquet, then mark it closed; return the dates.

    A crash between the two leaves the date open: it is built and written again, with the same content.

    Args:
        home: the home.
        progress: where to say it.
        again: write the closed ones anew too (after a full refresh with other definitions).
    """
    with database.warehouse(home) as db:
        closed = "select as_of_date from raw.closed_dates" + (" where false" if again else "")
        dates = database.column(
            db,
            "select as_of_date from intermediate.int_calendar__as_of_dates "
            f"where as_of_date not in ({closed}) order by 1",
        )
        manifest = read_manifest(home)
        for day in dates:
            manifest[str(day)] = _write(db, home, day)
        if dates:
            write_whole(home.features / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
            listed = ", ".join(f"(date '{day}')" for day in dates)
            db.execute(f"insert or ignore into raw.closed_dates values {listed}")
            progress.say("as-of dates closed", dates=len(dates), last=str(dates[-1]))
        return dates


def _write(db: duckdb.DuckDBPyConnection, home: Home, day: date) -> dict[str, str | int]:
    folder = home.features / f"as_of={day}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "features.parquet"
    with files.replacing(path) as aside:
        db.execute(
            f"copy (select * from features.child_features where as_of_date = date '{day}' order by child_key) "
            f"to {quoted(str(aside), chr(39))} (format parquet, compression zstd)"
        )
        rows = database.value(db, f"select count(*) from read_parquet({quoted(str(aside), chr(39))})")
        sha256 = files.sha256(aside)
    return {"file": f"{folder.name}/{path.name}", "sha256": sha256, "rows": rows}


def read_manifest(home: Home) -> dict[str, dict[str, str | int]]:
    """Return file, hash and number of rows of each closed date."""
    path = home.features / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}


def verify(home: Home) -> int:
    """Read every closed file whole against its hash; return how many there are.

    Raises:
        DamagedFile: one differs or is missing.
    """
    manifest = read_manifest(home)
    for day, entry in manifest.items():
        if "retired_on" in entry:
            continue  # a tombstone
        path = Path(home.features / str(entry["file"]))
        if not path.exists():
            raise DamagedFile(f"{path} is missing: restore it from a backup; date {day} is closed and not built again")
        if files.sha256(path) != entry["sha256"]:
            raise DamagedFile(f"{path} is damaged: restore it from a backup; it is not what the manifest states")
    return len(manifest)
