"""Serving files: an audience's marts, copied aside, verified against the warehouse, and described by a manifest."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from warehouse import addresses, database, files, modes
from warehouse.build import manifest
from warehouse.database import STORAGE_VERSION, quoted
from warehouse.errors import BuildFailed, DamagedFile
from warehouse.publish import service_features, switching
from warehouse.settings import Home

# Audience → the column whose values are its areas, each a file of its own.
AUDIENCES: dict[str, str | None] = {
    "officials": None,
    "education": "ugel_code",
    "protection": "area_code",
    "operations": None,
    "service": None,
}
# Audience → schemas of its files; the service reads every UGEL's lists and shows each caller their own.
SCHEMAS = {"service": ("education", "service")}
TYPES = {"VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "BIGINT", "INTEGER", "DOUBLE"}
AREA = re.compile(r"[0-9A-Za-z]{1,12}")
Columns = dict[str, str]  # name → type, in order
Marts = dict[str, dict[str, Columns]]  # schema → table → its columns
Content = tuple[int, str]  # number of rows and hash of a table


def schemas_of(audience: str) -> tuple[str, ...]:
    """Return the schemas of the marts in an audience's files."""
    return SCHEMAS.get(audience, (audience,))


def schemas() -> list[str]:
    """Return the schemas of all marts that are published."""
    return sorted(set(chain.from_iterable(map(schemas_of, AUDIENCES))))


@dataclass(frozen=True)
class Target:
    """One serving file to write: whose it is and of which area."""

    audience: str
    area: str | None

    @property
    def folder(self) -> str:
        """The folder that it goes into, below the serving folder."""
        return f"{self.audience}/{self.area}" if self.area else self.audience

    @property
    def schemas(self) -> tuple[str, ...]:
        """Schemas of the marts in the file."""
        return schemas_of(self.audience)


@dataclass(frozen=True)
class Edition:
    """What all files of a release are written from.

    Attributes:
        db: the warehouse.
        home: the home.
        release: the release's name.
        marts: columns of every mart of every audience.
    """

    db: duckdb.DuckDBPyConnection
    home: Home
    release: str
    marts: Marts


def marts_of(db: duckdb.DuckDBPyConnection) -> Marts:
    """Return the columns and types of every mart of every audience, by schema and table.

    Raises:
        BuildFailed: a type that a reader cannot show.
    """
    marts: Marts = {schema: {} for schema in schemas()}
    for schema, table, name, kind in db.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "where list_contains(?, table_schema) order by table_schema, table_name, ordinal_position",
        [list(marts)],
    ).fetchall():
        if kind not in TYPES:
            raise BuildFailed(f"{schema}.{table}: a type that a reader cannot show: {name} {kind}")
        marts[schema].setdefault(table, {})[name] = kind
    return marts


def targets(edition: Edition) -> list[Target]:
    """Return a file for each audience, or for each of its areas that a mart names or that has had a file.

    An area that no mart names any more gets a file without rows: its readers must not keep what was current once.

    Raises:
        BuildFailed: an area's code cannot name a folder.
    """
    return [
        Target(audience, area) for audience, column in AUDIENCES.items() for area in _areas(edition, audience, column)
    ]


def _areas(edition: Edition, audience: str, column: str | None) -> list[str | None]:
    """Return the areas that an audience has files for; one that has none gets one file of everything."""
    if column is None:
        return [None]
    if not edition.marts[audience]:
        raise BuildFailed(f"there is no mart of {audience} to publish: call 'qhawaq run', which builds them")
    every = " union ".join(
        f"select {column} from {audience}.{table} where {column} is not null" for table in edition.marts[audience]
    )
    areas = database.column(edition.db, every)
    for area in areas:
        if not AREA.fullmatch(area):
            raise BuildFailed(f"{audience}: area {area!r} cannot name a folder: see the school register")
    return sorted({*areas, *_former_areas(edition.home, audience)})


def _former_areas(home: Home, audience: str) -> set[str]:
    """Return the areas that have had files of an audience."""
    folders = (folder.partition("/") for folder in switching.folders(home))
    return {area for of, _, area in folders if of == audience and area}


def write(edition: Edition, target: Target) -> dict[str, Any]:
    """Build one file aside, verify it and move it to its name; nobody reads it yet. Return what is to be stated of it.

    Raises:
        DamagedFile: the file is not what was written to it.
    """
    path = switching.file(edition.home, target.folder, edition.release)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    contents: dict[str, Content] = {}
    with files.replacing(path, check=lambda aside: _verify(edition.db, aside, contents)) as aside:
        contents |= _fill(edition, target, aside)
    if target.audience != "service":  # which runs as the home's own user
        modes.publish(edition.home, path)
    tables = {table: {"rows": rows, "hash": digest} for table, (rows, digest) in contents.items()}
    return {"sha256": files.sha256(path), "tables": tables}


def _fill(edition: Edition, target: Target, path: Path) -> dict[str, Content]:
    """Write all tables of a file and close it; return what each holds."""
    db = edition.db
    db.execute(f"attach {quoted(str(path), chr(39))} as serving (storage_version '{STORAGE_VERSION}')")
    try:
        contents = {
            table: _copy(edition, target, schema, table) for schema in target.schemas for table in edition.marts[schema]
        }
        if target.audience == "service":
            contents |= _features(edition)
        _write_release(edition, target)
        db.execute("checkpoint serving")
    finally:
        db.execute("detach serving")
    return contents


def _write_release(edition: Edition, target: Target) -> None:
    """Write the table that says which release the file is of; for those who watch, how full the disk is too.

    For those whose lists lead to the service, it says under which address.
    """
    more = ""
    if target.audience == "operations":
        more = f", {_disk_used(edition.home)!r}::double as disk_used_share"
    elif target.audience in ("education", "protection"):
        more = f", {quoted(addresses.pages(), chr(39))} as service_url"
    edition.db.execute(
        "create table serving.release as select ? as release_id, ? as kind, "
        "(select today from raw.calendar) as built_for, "
        f"cast(now() at time zone 'UTC' as timestamp) as published_at{more}",
        [edition.release, edition.home.kind],
    )


def _disk_used(home: Home) -> float:
    """Return how full the disk of the home is, 0 to 1: whoever watches sees a serving file and not the disk."""
    disk = shutil.disk_usage(home.root)
    return disk.used / (disk.used + disk.free)


def _features(edition: Edition) -> dict[str, Content]:
    """Add the tables that make features of raw records; a warehouse without children has none."""
    home = edition.home
    db = edition.db
    if not (home.dbt / manifest.NAME).exists() or not (lineage := service_features.FeatureLineage(home)).is_complete(
        db
    ):
        return {}
    return {table: content(db, f"serving.{table}") for table in service_features.write(db, lineage, "serving")}


def _copy(edition: Edition, target: Target, schema: str, table: str) -> Content:
    """Copy one mart, its area only, and return its content's count and hash."""
    columns = edition.marts[schema][table]
    shown = ", ".join(_safe(name) if kind == "VARCHAR" else quoted(name) for name, kind in columns.items())
    area_column = AUDIENCES[target.audience]
    where = f"where {area_column} = '{target.area}'" if area_column else ""
    edition.db.execute(
        f"create table serving.{table} as select {shown}, '{edition.release}' as release_id "
        f"from {schema}.{table} {where} order by all"
    )
    return content(edition.db, f"serving.{table}")


def _safe(name: str) -> str:
    """Return SQL for a text that no spreadsheet takes for a formula."""
    column = quoted(name)
    return f"case when regexp_matches({column}, '^[=+@\\t\\r-]') then chr(39) || {column} else {column} end as {column}"


def content(db: duckdb.DuckDBPyConnection, table: str) -> Content:
    """Return number of rows and a hash of every value; it reads all of the file that the table uses."""
    row = db.execute(f"select count(*), coalesce(bit_xor(hash(t)), 0)::varchar from {table} as t").fetchone()
    return (row[0], row[1]) if row else (0, "0")


def _verify(db: duckdb.DuckDBPyConnection, path: Path, contents: dict[str, Content]) -> None:
    """Read the closed file again, whole, against what was written.

    Raises:
        DamagedFile: it differs, or a log of unwritten changes is left beside it.
    """
    if path.with_name(path.name + ".wal").exists():
        raise DamagedFile(f"{path} has a write-ahead log left: it was not written whole; call 'qhawaq publish' again")
    db.execute(f"attach {quoted(str(path), chr(39))} as written (read_only)")
    try:
        for table, expected in contents.items():
            if content(db, f"written.{table}") != expected:
                raise DamagedFile(f"{path}: table {table} is not what was written: is the disk damaged?")
    finally:
        db.execute("detach written")
