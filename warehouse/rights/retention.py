"""Deletion at the end of retention periods; a tombstone of each delivery and as-of date stays.

Each contract states its period (`retention_years`, from the end of the year that the delivery is about). Deleted are
the delivery's rows and archive file, identities of persons without rows, and as-of dates of school years without
enrollments. The ledger keeps the delivery's row with `deleted_on`, the manifest of closed dates the hash and number of
rows. Every step looks for work left, so that another call finishes an interrupted deletion.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import clock, contracts, database, files
from warehouse.build import closing
from warehouse.contracts import Contract
from warehouse.database import column, quoted, transaction, value
from warehouse.deliveries import Status
from warehouse.errors import DamagedFile
from warehouse.files import write_whole
from warehouse.identity import vault as identities
from warehouse.identity.people import SAME_PERSON
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.progress import Progress
from warehouse.rights import canary
from warehouse.rights.canary import Canaries
from warehouse.settings import DBT_PROJECT, Home

UNKNOWN_YEARS = 1  # assumption: files of no known source were sent by mistake
ENROLLMENTS = "siagie.siagie_enrollments"


@dataclass(frozen=True)
class Expired:
    """A delivery after the end of its retention period."""

    file: str
    sha256: str
    source: str | None
    status: Status
    until: date  # last day of the period


def expired(db: duckdb.DuckDBPyConnection, known: list[Contract], today: date) -> list[Expired]:
    """Return the deliveries whose retention period is over; public files have none."""
    years = _kept_years(known)
    rows = db.execute(
        "select file, sha256, source, status, coalesce(try_cast(left(period, 4) as integer), "
        f"year(coalesce(delivered_at, {clock.day_sql('landed_at')}))) from raw.deliveries where deleted_on is null "
        "order by all"
    ).fetchall()
    deliveries = []
    for file, sha256, source, status, year in rows:
        kept = years.get(source, UNKNOWN_YEARS)
        if kept is not None and _until(year, kept) < today:
            deliveries.append(Expired(file, sha256, source, Status(status), _until(year, kept)))
    return deliveries


def retired_dates(home: Home, known: list[Contract], today: date) -> list[str]:
    """Return the closed as-of dates of school years whose enrollments' retention period is over."""
    years = _kept_years(known)[ENROLLMENTS]
    return [day for day in closing.kept(home) if years is not None and _until(int(day[:4]), years) < today]


def _kept_years(known: list[Contract]) -> dict[str | None, int | None]:
    return {contract.name: contract.retention_years for contract in known}


def _until(year: int, years: int) -> date:
    return date(year + years, 12, 31)


def delete_rows(db: duckdb.DuckDBPyConnection, deliveries: list[Expired], known: list[Contract], today: date) -> int:
    """Delete the rows of expired deliveries and mark them in the ledger, in one transaction; return their number."""
    tables = {c.name: c.table for c in known}
    deleted = 0
    with transaction(db):
        for delivery in deliveries:
            file = delivery.file
            if delivery.source in tables and delivery.status in (Status.LANDED, Status.SUPERSEDED, Status.WITHDRAWN):
                deleted += value(db, f"delete from raw.{tables[delivery.source]} where _file = ?", [file])
                db.execute("delete from raw.record_links where file = ?", [file])
            db.execute("delete from quarantine.rows where file = ?", [file])
            db.execute(
                "update raw.deliveries set deleted_on = ? where file = ? and sha256 = ?", [today, file, delivery.sha256]
            )
    return deleted


def retire_dates(db: duckdb.DuckDBPyConnection, home: Home, dates: list[str], today: date) -> None:
    """Delete as-of dates from every table and their Parquet files; the manifest keeps a tombstone of each."""
    if not dates:
        return
    listed = ", ".join(f"date '{day}'" for day in dates)
    tables = db.execute(
        "select schema_name, table_name from duckdb_columns() where column_name = 'as_of_date' "
        "and table_name in (select table_name from duckdb_tables()) order by all"
    ).fetchall()
    manifest = closing.read_manifest(home)
    with transaction(db):
        for schema, table in tables:
            db.execute(f"delete from {quoted(schema)}.{quoted(table)} where as_of_date in ({listed})")
    for day in dates:
        shutil.rmtree(home.features / f"as_of={day}", ignore_errors=True)
        manifest[day] = manifest[day] | {"retired_on": str(today)}
    write_whole(home.features / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))


def delete_files(home: Home, db: duckdb.DuckDBPyConnection) -> int:
    """Delete the archive files of deliveries that the ledger marks as deleted; return their number."""
    rows = db.execute("select file, sha256, status from raw.deliveries where deleted_on is not null").fetchall()
    return sum(_deleted(home, Status(status), file, sha256) for file, sha256, status in rows)


def _deleted(home: Home, status: Status, file: str, sha256: str) -> int:
    """Delete an archived file, under its own name or the substitute of an unsafe one; return the number of files."""
    candidates = [archive.archived(home, status, name, sha256) for name in (file, archive.UNNAMED)]
    existing = [path for path in candidates if path.exists()]
    for path in existing:
        path.unlink()
    return len(existing)


def find_gone(vault: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, known: list[Contract]) -> list[int]:
    """Return the keys without rows, and create `temp.kept` of the others.

    A merged key is kept as long as the key into which it was merged.
    """
    vault.execute("create or replace temp table present (child_key bigint)")
    for contract in known:
        if contract.aliases:
            arriving = db.execute(f"select distinct child_key from raw.{contract.table}").to_arrow_table()
            vault.execute("insert into present select child_key from arriving where child_key is not null")
            del arriving
    vault.execute(
        "create or replace temp table kept as with recursive same(k) as (select distinct child_key from present "
        "union select case when m.child_key = same.k then m.merged_into else m.child_key end "
        f"from same join {SAME_PERSON} as m on same.k in (m.child_key, m.merged_into)) "
        "select k as child_key from same"
    )
    return column(
        vault, "select child_key from vault.persons where child_key not in (select child_key from kept) order by 1"
    )


def forget_rows(db: duckdb.DuckDBPyConnection, gone: list[int], schemas: Sequence[str] = ()) -> None:
    """Delete the rows of deleted persons from all tables: later years hold facts of earlier ones.

    Args:
        db: the warehouse.
        gone: the persons' keys.
        schemas: only tables of these schemas; of all schemas if empty.
    """
    db.execute("create or replace temp table gone as select unnest(?::bigint[]) as child_key", [gone])
    tables = db.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database() "
        "and column_name in ('child_key', 'merged_into') and data_type = 'BIGINT' and table_name in "
        "(select table_name from duckdb_tables() where not temporary) "
        "and (len($schemas) = 0 or list_contains($schemas::varchar[], schema_name)) order by all",
        {"schemas": list(schemas)},
    ).fetchall()
    with transaction(db):
        for schema, table, key in tables:
            where = f"{quoted(key)} in (select child_key from gone)"
            db.execute(f"delete from {quoted(schema)}.{quoted(table)} where {where}")


def forget_persons(vault: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, known: list[Contract]) -> None:
    """Delete identities without rows, and those without a key of deleted files; the log of reveals stays."""
    deleted = db.execute("select file from raw.deliveries where deleted_on is not null").to_arrow_table()
    vault.execute("create or replace temp table gone_files as select file from deleted")
    del deleted
    with transaction(vault):
        for contract in known:
            if contract.vaulted:
                vault.execute(
                    f"delete from vault.{contract.table} where child_key not in (select child_key from kept) "
                    "or (child_key is null and _file in (select file from gone_files))"
                )
        for table in ("aliases", "merges", "persons"):
            vault.execute(f"delete from vault.{table} where child_key not in (select child_key from kept)")
        vault.execute(
            "delete from vault.links where file in (select file from gone_files) "
            "or child_key not in (select child_key from kept)"
        )


@dataclass(frozen=True)
class Counts:
    """The extent of a deletion."""

    deliveries: int = 0
    rows: int = 0
    files: int = 0  # of the archive
    persons: int = 0
    dates: int = 0  # as-of dates

    def plus(self, other: Counts) -> Counts:
        """Return the sum of two deletions."""
        return Counts(**{name: number + getattr(other, name) for name, number in asdict(self).items()})


NONE_GONE = Canaries((), ())


@dataclass(frozen=True)
class Deletion:
    """The state of a deletion; sealed in the home until it is proved, so that a crash loses nothing."""

    counts: Counts
    canaries: Canaries

    def plus(self, counts: Counts, canaries: Canaries = NONE_GONE) -> Deletion:
        """Return the deletion with further counts and canaries."""
        values = {*self.canaries.values, *canaries.values}
        both = Canaries((*self.canaries.keys, *canaries.keys), tuple(sorted(values)))
        return Deletion(self.counts.plus(counts), both)

    def keep(self, home: Home, secret: Keys) -> None:
        """Write the state, sealed with the home's secret."""
        text = json.dumps([asdict(self.counts), self.canaries.keys, self.canaries.values])
        archive.seal(home.retaining, text.encode(), secret)


def interrupted(home: Home, secret: Keys) -> Deletion:
    """Return the state of an interrupted deletion; an empty one if there is none."""
    if not home.retaining.exists():
        return Deletion(Counts(), NONE_GONE)
    counts, owned, values = json.loads(archive.unsealed(home.retaining, secret))
    return Deletion(Counts(**counts), Canaries(tuple(owned), tuple(values)))


def delete(home: Home, secret: Keys, today: date) -> Deletion:
    """Delete everything that is due; the result includes the share of an interrupted deletion."""
    known = list(contracts.read(DBT_PROJECT).values())
    with database.warehouse(home) as db, database.scratch(home) as vault:
        database.attach_vault(vault, home, secret)
        identities.prepare(vault, known)
        deliveries = expired(db, known, today)
        dates = retired_dates(home, known, today)
        rows = delete_rows(db, deliveries, known, today)
        retire_dates(db, home, dates, today)
        gone = find_gone(vault, db, known)
        counts = Counts(deliveries=len(deliveries), rows=rows, persons=len(gone), dates=len(dates))
        deletion = interrupted(home, secret).plus(counts, canary.draw(vault, gone))
        deletion.keep(home, secret)
        forget_rows(db, gone)
        forget_persons(vault, db, known)
        deletion = deletion.plus(Counts(files=delete_files(home, db)))
        deletion.keep(home, secret)
    return deletion


def compact(home: Home, secret: Keys) -> None:
    """Rewrite warehouse and vault, so that no unused block of a file and no unfinished copy holds deleted values."""
    files.remove_unfinished(home.root)
    _rewrite(home, home.warehouse, f"storage_version '{database.STORAGE_VERSION}'", "")
    key = f"encryption_key '{secret.vault}'"
    _rewrite(home, home.vault, key, f" ({key})")


def _rewrite(home: Home, path: Path, options: str, opening: str) -> None:
    """Copy a database into a new file that replaces it."""
    with files.replacing(path) as aside:
        with database.scratch(home) as db:
            db.execute(f"attach {quoted(str(path), chr(39))} as old{opening}")
            db.execute(f"attach {quoted(str(aside), chr(39))} as fresh ({options})")
            db.execute("copy from database old to fresh")
            db.execute("checkpoint fresh; detach fresh; detach old")
        if path.with_name(path.name + ".wal").exists():
            raise DamagedFile(
                f"{path} has a write-ahead log left: open and close it with 'qhawaq status', then call again"
            )


def say(progress: Progress, deliveries: list[Expired], dates: list[str]) -> None:
    """Log the deliveries that are due by source, and the as-of dates."""
    by_source = Counter(delivery.source or "unknown" for delivery in deliveries)
    for source, count in sorted(by_source.items()):
        progress.say(f"{source}: kept too long", deliveries=count)
    if dates:
        progress.say("as-of dates kept too long", dates=len(dates), first=dates[0], last=dates[-1])
