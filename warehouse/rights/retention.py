"""What retention periods let go, step by step; a tombstone of each delivery and as-of date stays.

Each contract states its period (`retention_years`, from the end of the year that the delivery is about). Deleted are
the delivery's rows and archive file, identities of persons without rows, and as-of dates of school years without
enrollments. The ledger keeps the delivery's row with `deleted_on`, the manifest of closed dates the hash and number of
rows. Every step looks for work left, so that an interrupted deletion can be finished (`deletion.py`).
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import clock
from warehouse.build import closing
from warehouse.contracts import Contract
from warehouse.database import column, quoted, transaction, value
from warehouse.deliveries import Status
from warehouse.files import write_whole
from warehouse.identity.people import SAME_PERSON
from warehouse.landing import archive, journal
from warehouse.progress import Progress
from warehouse.rights import school_record
from warehouse.settings import Home

UNKNOWN_YEARS = 1  # assumption: files of no known source were sent by mistake
ENROLLMENTS = "siagie.siagie_enrollments"
WITH_ROWS = (Status.LANDED, Status.SUPERSEDED, Status.WITHDRAWN)


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
    tables = tables_with_rows(deliveries, known)
    deleted = 0
    db.execute(school_record.DDL)
    with transaction(db):
        for delivery in deliveries:
            file = delivery.file
            if table := tables.get(delivery):
                deleted += value(db, f"delete from raw.{table} where _file = ?", [file])
                db.execute("delete from raw.record_links where file = ?", [file])
                db.execute(f"delete from {school_record.TABLE} where file = ?", [file])
            db.execute("delete from quarantine.rows where file = ?", [file])
            db.execute(
                "update raw.deliveries set deleted_on = ? where file = ? and sha256 = ?", [today, file, delivery.sha256]
            )
    return deleted


def tables_with_rows(deliveries: list[Expired], known: list[Contract]) -> dict[Expired, str]:
    """Return the raw table of each delivery that has rows."""
    tables = {contract.name: contract.table for contract in known}
    return {one: tables[one.source] for one in deliveries if one.source in tables and one.status in WITH_ROWS}


def retire_dates(db: duckdb.DuckDBPyConnection, home: Home, dates: list[str], today: date) -> None:
    """Delete as-of dates from every table; the manifest keeps a tombstone of each."""
    if not dates:
        return
    listed = ", ".join(f"date '{day}'" for day in dates)
    tables = db.execute(
        "select schema_name, table_name from duckdb_columns() where column_name = 'as_of_date' "
        "and table_name in (select table_name from duckdb_tables()) order by all"
    ).fetchall()
    with transaction(db):
        for schema, table in tables:
            db.execute(f"delete from {quoted(schema)}.{quoted(table)} where as_of_date in ({listed})")
    manifest = closing.read_manifest(home)
    manifest |= {day: manifest[day] | {"retired_on": str(today)} for day in dates}
    write_whole(home.features / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))


def delete_parquet(home: Home) -> None:
    """Delete the Parquet files of the dates that the manifest states as retired."""
    for day, entry in closing.read_manifest(home).items():
        if "retired_on" in entry and (folder := home.features / f"as_of={day}").exists():
            shutil.rmtree(folder)


def delete_files(home: Home, db: duckdb.DuckDBPyConnection) -> None:
    """Delete the archive files of deliveries that the ledger marks as deleted."""
    rows = db.execute("select file, sha256, status from raw.deliveries where deleted_on is not null").fetchall()
    for file, sha256, status in rows:
        for path in archived(home, Status(status), file, sha256):
            path.unlink()


def archived(home: Home, status: Status, file: str, sha256: str) -> set[Path]:
    """Return the archived file of a delivery, under its own name or the substitute of an unsafe one."""
    candidates = (archive.archived(home, status, name, sha256) for name in (file, archive.UNNAMED))
    return {path for path in candidates if path.exists()}


def find_gone(
    vault: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, known: list[Contract], due: Sequence[str] = ()
) -> list[int]:
    """Return the keys without rows but in files that are due, and create `temp.kept` of the others.

    A merged key is kept as long as the key into which it was merged.
    """
    vault.execute("create or replace temp table present (child_key bigint)")
    for contract in known:
        if contract.aliases:
            arriving = db.execute(
                f"select distinct child_key from raw.{contract.table} where not list_contains(?::varchar[], _file)",
                [list(due)],
            ).to_arrow_table()
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
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and (column_name in ('child_key', 'merged_into') "
        f"or (column_name = 'nino' and table_name = '{journal.TABLE}')) "
        "and data_type in ('BIGINT', 'VARCHAR') "
        "and table_name in (select table_name from duckdb_tables() where not temporary) "
        f"and schema_name || '.' || table_name <> '{school_record.TABLE}' "
        "and (len($schemas) = 0 or list_contains($schemas::varchar[], schema_name)) order by all",
        {"schemas": list(schemas)},
    ).fetchall()
    with transaction(db):
        for schema, table, key, kind in tables:  # marts hold keys as text
            where = f"{quoted(key)} in (select child_key::{kind} from gone)"
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
            "delete from vault.visit_notes where file in (select file from gone_files) "
            "or child_key not in (select child_key from kept)"
        )
        vault.execute(
            "delete from vault.links where file in (select file from gone_files) "
            "or child_key not in (select child_key from kept)"
        )


def say(progress: Progress, deliveries: list[Expired], dates: list[str]) -> None:
    """Log the deliveries that are due by source, and the as-of dates."""
    by_source = Counter(delivery.source or "unknown" for delivery in deliveries)
    for source, count in sorted(by_source.items()):
        progress.say(f"{source}: kept too long", deliveries=count)
    if dates:
        progress.say("as-of dates kept too long", dates=len(dates), first=dates[0], last=dates[-1])
