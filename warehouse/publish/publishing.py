"""Publishing: each audience's file is built aside, verified, synced, and one relative link switches to it."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse import database, files
from warehouse.build import manifest, orchestration
from warehouse.database import STORAGE_VERSION, quoted
from warehouse.errors import BuildFailed, DamagedFile, HomeError
from warehouse.files import write_whole
from warehouse.progress import Progress
from warehouse.publish import disclosure, service_features
from warehouse.settings import Home

# Audience → the column whose values are its areas, each a file of its own.
AUDIENCES: dict[str, str | None] = {
    "officials": None, "education": "ugel_code", "protection": "area_code", "operations": None, "service": None,
}  # fmt: skip
# Audience → schemas of its files; the service reads every UGEL's lists and shows each caller their own.
SCHEMAS = {"service": ("education", "service")}
TYPES = {"VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "BIGINT", "INTEGER", "DOUBLE"}
KEEP = 5
CURRENT = "current.duckdb"
DDL = """
create table if not exists raw.releases (
  release_id varchar, published_at timestamp, built_for date, n_files integer);
create schema if not exists ml;
create table if not exists ml.lists (
  child_key bigint, as_of_date date, outcome varchar, model_version varchar, release_id varchar);
"""
Columns = dict[str, str]  # name → type, in order
Marts = dict[str, dict[str, Columns]]  # schema → table → its columns


@dataclass(frozen=True)
class Target:
    """One serving file to write."""

    audience: str
    area: str | None
    folder: Path

    @property
    def schemas(self) -> tuple[str, ...]:
        """Where its marts are built."""
        return SCHEMAS.get(self.audience, (self.audience,))


def release_id(now: datetime, key: str) -> str:
    """Return a name that sorts by time and says what was built."""
    return f"{now:%Y%m%dT%H%M%S%f}-{key[:8]}"


def publish(home: Home, progress: Progress, key: str) -> tuple[str, int]:
    """Write, verify and switch every audience's files; return the release id and how many files it has.

    Raises:
        BuildFailed: a mart has a type or text that a reader must not get; nothing is switched.
    """
    release = release_id(datetime.now(UTC), key)
    with database.warehouse(home) as db:
        marts = _marts(db)
        targets = _targets(db, home, marts)
        for target in targets:
            _build(db, home, target, release, marts)
        disclosure.keep_effects(db)  # before anybody sees them
        for target in targets:
            switch(target.folder, f"{release}.duckdb")
        _note_lists(db, release)
        known = "now() at time zone 'UTC', (select today from raw.calendar)"
        db.execute(f"insert into raw.releases select ?, {known}, ?", [release, len(targets)])
    for target in targets:
        forget(target.folder)
    progress.say("published", release=release, files=len(targets))
    return release, len(targets)


def _marts(db: duckdb.DuckDBPyConnection) -> Marts:
    """Return the columns and types of every mart of every audience, by schema and table.

    Raises:
        BuildFailed: a type that a reader cannot show.
    """
    schemas = {schema for audience in AUDIENCES for schema in SCHEMAS.get(audience, (audience,))}
    found: Marts = {schema: {} for schema in sorted(schemas)}
    for schema, table, name, kind in db.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "where list_contains(?, table_schema) order by table_schema, table_name, ordinal_position", [list(found)],
    ).fetchall():  # fmt: skip
        if kind not in TYPES:
            raise BuildFailed(f"{schema}.{table}: a type that a reader cannot show: {name} {kind}")
        found[schema].setdefault(table, {})[name] = kind
    return found


def _targets(db: duckdb.DuckDBPyConnection, home: Home, marts: Marts) -> list[Target]:
    found = []
    for audience, column in AUDIENCES.items():
        if column is None:
            found.append(Target(audience, None, home.serving / audience))
            continue
        every = " union ".join(
            f"select {column} from {audience}.{table} where {column} is not null" for table in marts[audience]
        )
        found += [_of_area(home, audience, area) for area in database.column(db, f"{every} order by 1")]
    return found


def _of_area(home: Home, audience: str, area: str) -> Target:
    if not re.fullmatch(r"[0-9A-Za-z]{1,12}", area):
        raise BuildFailed(f"{audience}: area {area!r} cannot name a folder: see the school register")
    return Target(audience, area, home.serving / audience / area)


def _build(db: duckdb.DuckDBPyConnection, home: Home, target: Target, release: str, marts: Marts) -> None:
    """Build one file aside and move it to its name; nobody reads it yet."""
    target.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, aside = target.folder / f"{release}.duckdb", target.folder / ".building.duckdb"
    _remove(aside)
    db.execute(f"attach {quoted(str(aside), chr(39))} as serving (storage_version '{STORAGE_VERSION}')")
    try:
        hashes = {
            table: _copy(db, target, schema, table, columns, release)
            for schema in target.schemas
            for table, columns in marts[schema].items()
        }
        if target.audience == "service":
            hashes |= _features(db, home)
        disk = f", {_disk_used(home)!r}::double as disk_used_share" if target.audience == "operations" else ""
        db.execute(
            "create table serving.release as select ? as release_id, ? as kind, "
            "(select today from raw.calendar) as built_for, "
            f"cast(now() at time zone 'UTC' as timestamp) as published_at{disk}",
            [release, home.kind],
        )
        db.execute("checkpoint serving")
    finally:
        db.execute("detach serving")
    _verify(aside, hashes)
    files.sync(aside)
    sha256 = files.sha256(aside)
    aside.replace(path)
    os.utime(path)
    tables = {table: {"rows": rows, "hash": digest} for table, (rows, digest) in hashes.items()}
    write_whole(path.with_suffix(".json"), json.dumps({"sha256": sha256, "tables": tables}, indent=1))


def _disk_used(home: Home) -> float:
    """Return how full the disk of the home is, 0 to 1: whoever watches sees a serving file and not the disk."""
    disk = shutil.disk_usage(home.root)
    return disk.used / (disk.used + disk.free)


def _features(db: duckdb.DuckDBPyConnection, home: Home) -> dict[str, tuple[int, str]]:
    """Add what makes features of raw records; a warehouse without children has none."""
    if not (home.dbt / manifest.NAME).exists() or not (way := service_features.Way(home)).is_whole(db):
        return {}
    return {table: content_hash(db, f"serving.{table}") for table in service_features.write(db, way, "serving")}


def _copy(
    db: duckdb.DuckDBPyConnection, target: Target, schema: str, table: str, columns: Columns, release: str
) -> tuple[int, str]:
    """Copy one mart, its area only, and return its content's count and hash."""
    shown = ", ".join(_safe(name) if kind == "VARCHAR" else quoted(name) for name, kind in columns.items())
    area_column = AUDIENCES[target.audience]
    where = f"where {area_column} = '{target.area}'" if area_column else ""
    db.execute(
        f"create table serving.{table} as select {shown}, '{release}' as release_id "
        f"from {schema}.{table} {where} order by all"
    )
    return content_hash(db, f"serving.{table}")


def _safe(name: str) -> str:
    """Return SQL for a text that no spreadsheet takes for a formula."""
    column = quoted(name)
    return f"case when regexp_matches({column}, '^[=+@\\t\\r-]') then chr(39) || {column} else {column} end as {column}"


def content_hash(db: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Return number of rows and a hash of every value; it reads all of the file that the table uses."""
    row = db.execute(f"select count(*), coalesce(bit_xor(hash(t)), 0)::varchar from {table} as t").fetchone()
    return (row[0], row[1]) if row else (0, "0")


def _verify(path: Path, hashes: dict[str, tuple[int, str]]) -> None:
    """Read the closed file again, whole, against what was written.

    Raises:
        DamagedFile: it differs, or a log of unwritten changes is left beside it.
    """
    if path.with_name(path.name + ".wal").exists():
        raise DamagedFile(f"{path} has a write-ahead log left: it was not written whole; call 'qhawaq publish' again")
    with duckdb.connect(str(path), read_only=True) as written:
        for table, expected in hashes.items():
            if content_hash(written, table) != expected:
                raise DamagedFile(f"{path}: table {table} is not what was written: is the disk damaged?")


def switch(folder: Path, name: str) -> None:
    """Make `current.duckdb` a relative link to a release: readers see the old one or the new one."""
    temporary = folder / f".{CURRENT}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    temporary.replace(folder / CURRENT)
    files.sync(folder)


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def releases(folder: Path) -> list[Path]:
    """Return the releases kept in a folder, oldest first."""
    return sorted(path for path in folder.glob("[0-9]*.duckdb"))


def forget(folder: Path, keep: int = KEEP) -> None:
    """Keep the last releases of a folder, and always the one that is current."""
    current = (folder / CURRENT).resolve()
    for path in releases(folder)[:-keep]:
        if path != current:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)


def forget_all_but_current(home: Home) -> None:
    """Remove every earlier release of every audience: they hold what has been deleted since."""
    for link in home.serving.rglob(CURRENT):
        forget(link.parent, keep=1)


def _note_lists(db: duckdb.DuckDBPyConnection, release: str) -> None:
    """Append who was listed, once: later labels must know who was seen because of a list."""
    db.execute(
        "insert into ml.lists select s.child_key, s.as_of_date, s.outcome, s.model_version, ? "
        "from intermediate.int_lists__current as s where not exists (select 1 from ml.lists as l "
        "where l.child_key = s.child_key and l.as_of_date = s.as_of_date and l.outcome = s.outcome "
        "and l.model_version = s.model_version)",
        [release],
    )


def current_release(home: Home) -> str | None:
    """Return the release that officials read."""
    link = home.serving / "officials" / CURRENT
    return link.resolve().stem if link.is_symlink() else None


def rollback(home: Home, to: str | None = None) -> tuple[str, int]:
    """Switch every file back to an earlier release, and note it as a task is; return it and the number of files.

    Raises:
        HomeError: there is none.
        DamagedFile: it is not what its manifest states; nothing is switched.
    """
    chosen, began = _kept_release(home, to), datetime.now(UTC)
    folders = sorted({path.parent for path in home.serving.rglob(f"{chosen}.duckdb")})
    for folder in folders:
        check_file(folder / f"{chosen}.duckdb")
    for folder in folders:
        switch(folder, f"{chosen}.duckdb")
    orchestration.done(home, "rollback", chosen, began)  # the warehouse may be damaged or in use: not in it
    return chosen, len(folders)


def _before(now: str, kept: list[str]) -> str:
    return max((name for name in kept if name < now), default="")


def _kept_release(home: Home, to: str | None) -> str:
    """Return the named release, else the one before the current."""
    kept = [path.stem for path in releases(home.serving / "officials")]
    chosen = to or _before(current_release(home) or "", kept)
    if chosen not in kept:
        raise HomeError(f"no such release to go back to; kept are: {', '.join(kept) or 'none'}")
    return chosen


def check_file(path: Path) -> None:
    """Compare a serving file with its manifest.

    Raises:
        DamagedFile: they differ.
    """
    stated = json.loads(path.with_suffix(".json").read_text())["sha256"]
    if files.sha256(path) != stated:
        raise DamagedFile(f"{path} is not what its manifest states: choose another release")
