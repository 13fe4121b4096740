"""Raw tables, ledger, quarantine and withheld periods: one transaction per delivery."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

import duckdb
import pyarrow

from warehouse.build import closing, tested
from warehouse.contracts import LANDING_COLUMNS, REGION, Contract
from warehouse.database import quoted, transaction, value
from warehouse.deliveries import HAS_ROWS, IS_TAKEN_IN, RECTIFIED, DeliveryRefused, Status
from warehouse.identity.linkage import link
from warehouse.landing import codes, earlier_homes, losses, parameters, quarantine, regions, standing, standing_tables
from warehouse.landing.intake import Delivery

DDL = """
create schema if not exists raw;
create schema if not exists quarantine;
create table if not exists raw.deliveries (
  file varchar, sha256 varchar, source varchar, period varchar, status varchar, delivered_rows bigint,
  accepted_rows bigint, quarantined_rows bigint, reason varchar, delivered_at date, landed_at timestamp,
  effective_at date, is_backfill boolean, superseded_at date, deleted_on date, primary key (file, sha256));
create table if not exists raw.withheld (
  source varchar, period varchar, region varchar, reason varchar, file varchar, known_at date, resolved_at date);
create table if not exists raw.coverage (source varchar, period varchar, region varchar, n bigint, file varchar);
create table if not exists quarantine.rows (
  file varchar, line bigint, source varchar, column_name varchar, reason varchar);
alter table raw.deliveries add column if not exists deleted_on date;
alter table raw.deliveries add column if not exists fault varchar;
alter table raw.deliveries add column if not exists details json;
alter table quarantine.rows add column if not exists fault varchar;
alter table quarantine.rows add column if not exists code varchar;
alter table raw.withheld add column if not exists n_rows bigint;
alter table raw.withheld add column if not exists n_before bigint;
alter table raw.deliveries add column if not exists landed_no bigint;
alter table raw.deliveries add column if not exists changed_no bigint;
alter table raw.deliveries add column if not exists withdrawn_on date;
alter table raw.deliveries add column if not exists withdrawn_by varchar;
alter table raw.deliveries add column if not exists withdrawn_reason varchar;
"""
# Merges of keys; one that turned out to be of two people holds until then.
MERGES = """
select child_key, merged_into, m.known_at, p.known_at as known_until
from vault.merges as m left join vault.parts as p using (child_key, merged_into)
"""
ROW_GROUP = 122_880  # rows that DuckDB writes together


@dataclass(frozen=True)
class Outcome:
    """The result of landing one file, as the ledger holds it."""

    file: str
    source: str | None  # `source.table` of the contract; None where the name matches none
    status: Status
    delivered_rows: int | None = None
    accepted_rows: int | None = None
    quarantined_rows: int | None = None
    reason: str | None = None  # why it was refused, or corrections made in reading
    refusal: DeliveryRefused | None = None

    @property
    def facts(self) -> dict[str, str]:
        """What is known of it, for the log."""
        facts = {"file": self.file, "status": self.status, "reason": self.reason}
        return {name: value for name, value in facts.items() if value}


class Earlier(NamedTuple):
    """A delivery with the same content, in the ledger already."""

    file: str
    status: Status


def prepare(db: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Create the tables that landing writes or reads, and add columns of the contracts that raw tables lack."""
    with transaction(db):  # one commit: each is waited for until the disk has it
        db.execute(DDL)
        for owner in (standing_tables, losses, link, closing, tested, codes, parameters):
            db.execute(owner.DDL)
        for contract in contracts:
            _prepare_raw(db, contract)
    earlier_homes.bring_up(db, contracts)


def _prepare_raw(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the raw table of a contract, or add the columns that it lacks."""
    region = (REGION,) if contract.scope.region else ()
    columns = (*contract.landed, *region, *LANDING_COLUMNS)
    listed = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in columns)
    db.execute(f"create table if not exists raw.{contract.table} ({listed})")
    held = {name for name, *_ in db.table(f"raw.{contract.table}").description}
    for name, data_type in columns:
        if name not in held:
            db.execute(f"alter table raw.{contract.table} add column {quoted(name)} {data_type}")


EARLIER = f"""
with held as (
  select file, status, landed_no, landed_at from raw.deliveries
  where sha256 = $sha256 and (file = $file or {IS_TAKEN_IN}) and status <> '{Status.WITHDRAWN}'),
later as (
  select later.file from raw.standing as mine
  join raw.standing as later using (source, period, region)
  join raw.deliveries as d on d.file = later.file and d.{HAS_ROWS}
  where mine.file in (select file from held) and later.landed_no > (select max(landed_no) from held)
  and later.standing_until > later.standing_from and not regexp_matches(later.file, '_RECT[0-9]+(\\.|$)'))
select file, status from held
where file = $file or not ($is_family or exists (from later))
order by file = $file desc, landed_at limit 1"""


def not_linked(db: duckdb.DuckDBPyConnection) -> int | None:
    """Return the number of landed files, or None if their records are linked already."""
    landed, linked = db.execute(
        f"select (select count(*) from raw.deliveries where {HAS_ROWS}), (select max(n_deliveries) from raw.linked)"
    ).fetchone() or (0, None)
    return landed if landed and landed != linked else None


def note_linked(db: duckdb.DuckDBPyConnection, landed: int) -> None:
    """Record that the records of so many files are linked."""
    with transaction(db):
        db.execute("delete from raw.linked")
        db.execute("insert into raw.linked (n_deliveries) values (?)", [landed])


def earlier(db: duckdb.DuckDBPyConnection, file: str, sha256: str) -> Earlier | None:
    """Return the delivery under which this content landed before, one of the same name first.

    What was withdrawn can be delivered again. So can what was corrected since, under another name: the same content
    again says that it was right. A family's correction in between is no reason for that: an office that only sends its
    file once more does not take it back.
    """
    asked = {"sha256": sha256, "file": file, "is_family": bool(RECTIFIED.search(file))}
    row = db.execute(EARLIER, asked).fetchone()
    return Earlier(row[0], Status(row[1])) if row else None


def is_noted(db: duckdb.DuckDBPyConnection, file: str, sha256: str) -> bool:
    """Return whether the ledger has a row of this name and content."""
    return value(db, "select count(*) from raw.deliveries where file = ? and sha256 = ?", [file, sha256]) > 0


def free_number(db: duckdb.DuckDBPyConnection, delivery: Delivery) -> int:
    """Return which delivery of this name it is: 1 for the first, whose name the ledger keeps as it is."""
    number = 1
    while value(
        db,
        f"select count(*) from raw.deliveries where file = ? and {HAS_ROWS}",
        [replace(delivery, number=number).file],
    ):
        number += 1
    return number


def record(
    db: duckdb.DuckDBPyConnection,
    outcome: Outcome,
    *,
    sha256: str,
    delivery: Delivery | None,
    landed_at: datetime,
    effective: date | None = None,
    is_backfill: bool = False,
    number: int | None = None,
) -> None:
    """Write the ledger row of a file; refused and duplicate files have no effective date and no number."""
    row = {
        "file": outcome.file,
        "sha256": sha256,
        "source": outcome.source,
        "period": delivery.period if delivery else None,
        "status": outcome.status,
        "delivered_rows": outcome.delivered_rows,
        "accepted_rows": outcome.accepted_rows,
        "quarantined_rows": outcome.quarantined_rows,
        "reason": outcome.reason,
        "delivered_at": delivery.delivered_at if delivery else None,
        "landed_at": landed_at,
        "effective_at": effective,
        "is_backfill": is_backfill,
        "fault": outcome.refusal and outcome.refusal.fault,
        "details": outcome.refusal and json.dumps(outcome.refusal.details),
        "landed_no": number,
        "changed_no": number,
    }
    values = ", ".join(f"${name}" for name in row)
    db.execute(f"insert into raw.deliveries ({', '.join(row)}) values ({values})", row)


def next_number(db: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the next landing or withdrawal: the order of arrival, whatever the clock says."""
    return value(db, "select coalesce(max(greatest(landed_no, changed_no)), 0) + 1 from raw.deliveries")


@dataclass(frozen=True)
class Staged:
    """A delivery as read: it streams out of the temporary tables of a throw-away database."""

    db: duckdb.DuckDBPyConnection
    rows: str  # SQL of the typed rows with their keys
    known_at: str  # SQL of the date on which each row is known
    faults: pyarrow.Table  # quarantined lines: line, column_name, fault, code, reason
    merges: pyarrow.Table  # keys that stand for the same child: child_key, merged_into, known_at, known_until


@dataclass(frozen=True)
class Landed:
    """The ledger's facts of a landed delivery."""

    delivery: Delivery
    outcome: Outcome
    sha256: str
    effective: date  # the first date on which it counts
    landed_at: datetime
    is_backfill: bool


def staged(db: duckdb.DuckDBPyConnection, rows: str, known_at: str) -> Staged:
    """Return the delivery that a throw-away database holds."""
    merges = db.execute(MERGES).to_arrow_table()
    return Staged(db, rows, known_at, quarantine.found(db), merges)


def append_rows(db: duckdb.DuckDBPyConnection, staged: Staged, delivery: Delivery, sha256: str) -> None:
    """Append a delivery's rows, and the keys that turned out to be one child's, within the caller's transaction."""
    contract = delivery.contract
    regions.place(db, staged.db, contract)
    region = [f"coalesce({contract.scope.region}, '') as {REGION.name}"] if contract.scope.region else []
    rows = staged.db.execute(
        f"select {', '.join([*_landed_sql(contract), *region])}, '{delivery.file}' as _file, _line, "
        f"'{sha256[:12]}' as _batch, date '{delivery.delivered_at}' as _delivered_at, "
        f"{staged.known_at} as known_at from {staged.rows}"
    ).to_arrow_reader(ROW_GROUP)
    for batch in rows:  # each alone: DuckDB would hold all batches of a reader until the commit
        _append(db, contract.table, pyarrow.Table.from_batches([batch]))
    copy_merges(db, staged.merges)


def commit(db: duckdb.DuckDBPyConnection, staged: Staged, landed: Landed) -> None:
    """Write rows, quarantine, coverage, supersession and ledger in one transaction."""
    delivery = landed.delivery
    with transaction(db):
        append_rows(db, staged, delivery, landed.sha256)
        quarantine.write(db, delivery.file, delivery.contract.name, staged.faults)
        number = next_number(db)
        record(
            db,
            landed.outcome,
            sha256=landed.sha256,
            delivery=delivery,
            landed_at=landed.landed_at,
            effective=landed.effective,
            is_backfill=landed.is_backfill,
            number=number,
        )
        regions.count(db, delivery.contract, delivery.period, delivery.file)
        standing.settle(db, delivery.contract, delivery.period, number)


def copy_merges(db: duckdb.DuckDBPyConnection, merges: pyarrow.Table) -> None:
    """Copy the merges that the warehouse lacks, and the ends of those that it has; both are only ever added to."""
    ends = merges["known_until"]
    held = db.execute("select count(*), count(known_until) from raw.child_merges").fetchone()
    if held == (merges.num_rows, merges.num_rows - ends.null_count):
        return
    db.register("merges", merges)
    db.execute(
        "insert into raw.child_merges by name select * from merges where (child_key, merged_into) not in "
        "(select (child_key, merged_into) from raw.child_merges)"
    )
    db.execute(
        "update raw.child_merges as r set known_until = m.known_until from merges as m where r.known_until is null "
        "and m.known_until is not null and m.child_key = r.child_key and m.merged_into = r.merged_into"
    )
    db.unregister("merges")


def _append(db: duckdb.DuckDBPyConnection, table: str, arriving: pyarrow.Table) -> None:
    """Insert rows; DuckDB finds `arriving` by its variable name (a registered table stays until the commit)."""
    db.execute(f"insert into raw.{table} by name select * from arriving")


def _landed_sql(contract: Contract) -> list[str]:
    """Return the quoted names of the columns that land."""
    return [quoted(column.name) for column in contract.landed]
