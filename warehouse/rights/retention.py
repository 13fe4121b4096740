"""The end of keeping: deliveries whose time is over are deleted everywhere, whole, and leave a tombstone.

The period stands in each contract (`retention_years`, from the end of the year that the delivery is about). What goes:
the delivery's rows, its archive file, identities of whom nothing is kept any more, and as-of dates of school years
whose enrollments are gone. The ledger keeps its row with `deleted_on`, the manifest of closed dates hash and number.
Each step looks for what is left to do, so that an interrupted retention is finished by calling it again.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import contracts, database, files
from warehouse.build import closing
from warehouse.contracts import Contract
from warehouse.database import quoted, transaction, value
from warehouse.deliveries import Status
from warehouse.errors import DamagedFile
from warehouse.files import write_whole
from warehouse.identity import vault as identities
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.progress import Progress
from warehouse.rights import canary
from warehouse.rights.canary import Canaries
from warehouse.settings import DBT_PROJECT, Home

UNKNOWN_YEARS = 1  # assumption: what belongs to no source was sent by mistake
ENROLLMENTS = "siagie.siagie_enrollments"


@dataclass(frozen=True)
class Expired:
    """A delivery whose time is over."""

    file: str
    sha256: str
    source: str | None
    status: Status
    until: date


def expired(db: duckdb.DuckDBPyConnection, known: list[Contract], today: date) -> list[Expired]:
    """Return the deliveries that should be kept no longer; those without an end (public files) never are."""
    years = _kept_years(known)
    rows = db.execute(
        "select file, sha256, source, status, coalesce(try_cast(left(period, 4) as integer), "
        "year(coalesce(delivered_at, cast(landed_at as date)))) from raw.deliveries where deleted_on is null "
        "order by all"
    ).fetchall()
    found = []
    for file, sha256, source, status, year in rows:
        kept = years.get(source, UNKNOWN_YEARS)
        if kept is not None and _until(year, kept) < today:
            found.append(Expired(file, sha256, source, Status(status), _until(year, kept)))
    return found


def retired_dates(home: Home, known: list[Contract], today: date) -> list[str]:
    """Return the closed as-of dates of school years whose enrollments are kept no longer."""
    years = _kept_years(known)[ENROLLMENTS]
    kept = [day for day, entry in closing.read_manifest(home).items() if "retired_on" not in entry]
    return sorted(day for day in kept if years is not None and _until(int(day[:4]), years) < today)


def _kept_years(known: list[Contract]) -> dict[str | None, int | None]:
    return {contract.name: contract.retention_years for contract in known}


def _until(year: int, years: int) -> date:
    return date(year + years, 12, 31)


def delete_rows(db: duckdb.DuckDBPyConnection, found: list[Expired], known: list[Contract], today: date) -> int:
    """Delete the rows of expired deliveries and mark them in the ledger, in one transaction; return how many rows."""
    tables = {c.name: c.table for c in known}
    deleted = 0
    with transaction(db):
        for one in found:
            if one.source in tables and one.status in (Status.LANDED, Status.SUPERSEDED):
                deleted += value(db, f"delete from raw.{tables[one.source]} where _file = ?", [one.file])
                db.execute("delete from raw.record_links where file = ?", [one.file])
            db.execute("delete from quarantine.rows where file = ?", [one.file])
            db.execute(
                "update raw.deliveries set deleted_on = ? where file = ? and sha256 = ?", [today, one.file, one.sha256]
            )
    return deleted


def retire_dates(db: duckdb.DuckDBPyConnection, home: Home, dates: list[str], today: date) -> None:
    """Delete as-of dates from every table and their Parquet; the manifest keeps a tombstone of each."""
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
    """Delete from the archive what the ledger marks as deleted; return how many files that were."""
    rows = db.execute("select file, sha256, status from raw.deliveries where deleted_on is not null").fetchall()
    return sum(_deleted(home, Status(status), file, sha256) for file, sha256, status in rows)


def _deleted(home: Home, status: Status, file: str, sha256: str) -> int:
    """Delete an archived file, which has no name of its own if that was no plain one; return how many that were."""
    found = [archive.archived(home, status, name, sha256) for name in (file, "unnamed")]
    there = [path for path in found if path.exists()]
    for path in there:
        path.unlink()
    return len(there)


def find_gone(vault: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, known: list[Contract]) -> list[int]:
    """Return the keys of whom no row is kept, and make `temp.kept` of the others.

    A key that was merged is kept while the one that it was merged into is.
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
        "from same join vault.merges as m on same.k in (m.child_key, m.merged_into)) select k as child_key from same"
    )
    return [key for (key,) in vault.execute(
        "select child_key from vault.persons where child_key not in (select child_key from kept) order by 1").fetchall()
    ]  # fmt: skip


def forget_rows(db: duckdb.DuckDBPyConnection, gone: list[int], schemas: str = "") -> None:
    """Delete what tables of kept dates still hold of persons who are gone: a year's facts count in the next one too.

    Args:
        db: the warehouse.
        gone: their keys.
        schemas: a condition on `schema_name`; all of them if empty.
    """
    db.execute("create or replace temp table gone as select unnest(?::bigint[]) as child_key", [gone])
    tables = db.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database() "
        "and column_name in ('child_key', 'merged_into') and data_type = 'BIGINT' and table_name in "
        f"(select table_name from duckdb_tables() where not temporary) {schemas and f'and {schemas}'} order by all"
    ).fetchall()
    with transaction(db):
        for schema, table, column in tables:
            where = f"{quoted(column)} in (select child_key from gone)"
            db.execute(f"delete from {quoted(schema)}.{quoted(table)} where {where}")


def forget_persons(vault: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, known: list[Contract]) -> None:
    """Delete identities of whom no row is kept, and those without a key whose file is gone; who looked stays logged."""
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


def delete(home: Home, secret: Keys, today: date) -> tuple[dict, Canaries]:
    """Delete what is due; return what that was, an interrupted deletion's share included, and canaries of who went."""
    known = list(contracts.read(DBT_PROJECT).values())
    db, vault = database.warehouse(home), database.scratch(home)
    try:
        database.attach_vault(vault, home, secret)
        identities.prepare(vault, known)
        found, dates = expired(db, known, today), retired_dates(home, known, today)
        rows = delete_rows(db, found, known, today)
        retire_dates(db, home, dates, today)
        gone = find_gone(vault, db, known)
        counts = {"deliveries": len(found), "rows": rows, "persons": len(gone), "dates": len(dates)}
        unfinished = begun(home, secret).and_then(counts, canary.draw(vault, gone))
        unfinished.keep(home, secret)
        forget_rows(db, gone)
        forget_persons(vault, db, known)
        unfinished = unfinished.and_then({"files": delete_files(home, db)}, Canaries((), ()))
        unfinished.keep(home, secret)
    finally:
        vault.close()
        db.close()
    return unfinished.counts | {"on": str(today)}, unfinished.canaries


@dataclass(frozen=True)
class Unfinished:
    """What a deletion has done and whom it has to search for; sealed until proved, so that a crash loses neither."""

    counts: dict[str, int]
    canaries: Canaries

    def and_then(self, counts: dict[str, int], canaries: Canaries) -> Unfinished:
        """Add what was done since."""
        both = Counter(self.counts) + Counter(counts)
        values = {*self.canaries.values, *canaries.values}
        return Unfinished(dict(both), Canaries((*self.canaries.keys, *canaries.keys), tuple(sorted(values))))

    def keep(self, home: Home, secret: Keys) -> None:
        """Write it, sealed with the home's secret."""
        text = json.dumps([self.counts, self.canaries.keys, self.canaries.values])
        archive.seal(home.retaining, text.encode(), secret)


def begun(home: Home, secret: Keys) -> Unfinished:
    """Return what an interrupted deletion had done; nothing if there was none."""
    if not home.retaining.exists():
        return Unfinished({}, Canaries((), ()))
    counts, owned, values = json.loads(archive.unsealed(home.retaining, secret))
    return Unfinished(counts, Canaries(tuple(owned), tuple(values)))


def compact(home: Home, secret: Keys) -> None:
    """Write warehouse and vault anew: what was deleted must not stay in blocks that no table uses."""
    _rewrite(home, home.warehouse, f"storage_version '{database.STORAGE_VERSION}'", "")
    key = f"encryption_key '{secret.vault}'"
    _rewrite(home, home.vault, key, f" ({key})")


def _rewrite(home: Home, path: Path, options: str, opening: str) -> None:
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


def say(progress: Progress, found: list[Expired], dates: list[str]) -> None:
    """Say what is due, source by source."""
    by_source = Counter(one.source or "unknown" for one in found)
    for source, count in sorted(by_source.items()):
        progress.say(f"{source}: kept too long", deliveries=count)
    if dates:
        progress.say("as-of dates kept too long", dates=len(dates), first=dates[0], last=dates[-1])
