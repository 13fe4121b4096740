"""Raw tables, ledger, quarantine and withheld periods: one transaction a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted
from warehouse.landing.intake import Delivery

DDL = """
create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists ml;
create table if not exists raw.deliveries (
  file varchar, sha256 varchar, source varchar, period varchar, status varchar, delivered_rows bigint,
  accepted_rows bigint, quarantined_rows bigint, reason varchar, delivered_at date, landed_at timestamp,
  is_backfill boolean, superseded_at date, primary key (file, sha256));
create table if not exists raw.withheld (
  source varchar, period varchar, region varchar, reason varchar, file varchar, known_at date, resolved_at date);
create table if not exists raw.child_merges (child_key bigint, merged_into bigint, known_at date);
create table if not exists raw.coverage (source varchar, period varchar, region varchar, n bigint, file varchar);
create table if not exists raw.closed_dates (as_of_date date primary key);
create table if not exists quarantine.rows (
  file varchar, line bigint, source varchar, column_name varchar, reason varchar);
"""
OURS = (
    ("_file", "varchar"), ("_line", "bigint"), ("_batch", "varchar"), ("_delivered_at", "date"), ("known_at", "date"),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one file, as the ledger says it."""

    file: str
    source: str | None
    status: str
    delivered_rows: int | None = None
    accepted_rows: int | None = None
    quarantined_rows: int | None = None
    reason: str | None = None


def prepare(db: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Create or widen raw tables so that they hold what the contracts say."""
    db.execute(DDL)
    held = db.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'raw'"
    ).fetchall()
    for contract in contracts:
        columns = (*contract.landed, *OURS)
        have = {column for table, column in held if table == contract.table}
        if not have:
            listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
            db.execute(f"create table if not exists raw.{contract.table} ({listed})")
        for name, kind in columns:
            if have and name not in have:
                db.execute(f"alter table raw.{contract.table} add column {quoted(name)} {kind}")


def earlier(db: duckdb.DuckDBPyConnection, file: str, sha256: str) -> tuple[str, str] | None:
    """Return (file, status) under which this content was landed before, this very name first."""
    return db.execute(
        "select file, status from raw.deliveries where sha256 = ? and (file = ? or status in ('landed', 'superseded')) "
        "order by file = ? desc, landed_at limit 1",
        [sha256, file, file],
    ).fetchone()


def record(
    db: duckdb.DuckDBPyConnection, outcome: Outcome, sha256: str, delivery: Delivery | None, now: datetime
) -> None:
    """Write a ledger row for a file that brought no rows (refused, duplicate)."""
    db.execute(
        "insert into raw.deliveries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false, null)",
        [
            outcome.file, sha256, outcome.source, delivery.period if delivery else None, outcome.status,
            outcome.delivered_rows, outcome.accepted_rows, outcome.quarantined_rows, outcome.reason,
            delivery.delivered_at if delivery else None, now,
        ],
    )  # fmt: skip


def known_at_sql(contract: Contract, delivered: date, closed: date | None, backfill: bool) -> str:
    """Return SQL for the date a fact is known: by contract and delivery, and never on a date already closed."""
    parts = [f"date '{delivered}'"]
    if contract.known_at != "_delivered_at":
        stated = f"cast({contract.known_at} as date)"
        parts = [stated] if backfill else [stated, *parts]
    if closed:
        parts.append(f"date '{closed}' + 1")
    return f"greatest({', '.join(parts)})"


def commit(
    db: duckdb.DuckDBPyConnection,
    staging: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    outcome: Outcome,
    sha256: str,
    source: str,
    known_at: str,
    now: datetime,
) -> None:
    """Write rows, quarantine, coverage, supersession and ledger in one transaction."""
    contract = delivery.contract
    names = [name for name, _ in contract.landed]
    faults = staging.execute("select line, column_name, reason from faults").fetchall()
    merges = staging.execute("select child_key, merged_into, known_at from vault.merges").to_arrow_table()
    db.register("merges", merges)
    # The last query on the staging connection: another one would end its stream of rows.
    rows = staging.execute(
        f"select {', '.join(_landed_sql(contract))}, '{delivery.file}' as _file, _line, '{sha256[:12]}' as _batch, "
        f"date '{delivery.delivered_at}' as _delivered_at, {known_at} as known_at from {source}"
    ).to_arrow_reader(100_000)
    db.register("arriving", rows)
    listed = ", ".join(quoted(name) for name in (*names, *(name for name, _ in OURS)))
    db.execute("begin")
    try:
        db.execute(f"insert into raw.{contract.table} ({listed}) select {listed} from arriving")
        if faults:
            db.executemany(
                "insert into quarantine.rows values (?, ?, ?, ?, ?)",
                [(delivery.file, line, contract.name, column, reason) for line, column, reason in faults],
            )
        db.execute("insert into raw.child_merges select * from merges where child_key not in "
                   "(select child_key from raw.child_merges)")  # fmt: skip
        _supersede(db, delivery)
        record(db, outcome, sha256, delivery, now)
        if contract.coverage:
            _cover(db, delivery)
        db.execute("commit")
    except BaseException:
        db.execute("rollback")
        raise
    finally:
        db.unregister("arriving")
        db.unregister("merges")


def _landed_sql(contract: Contract) -> list[str]:
    return [quoted(name) for name, _ in contract.landed]


def _supersede(db: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Mark the older whole file of the same period as superseded from this one's date on; its rows stay."""
    if delivery.contract.replaces == "file":
        db.execute(
            "update raw.deliveries set status = 'superseded', superseded_at = ? where source = ? and period = ? "
            "and status = 'landed' and delivered_at <= ?",
            [delivery.delivered_at, delivery.contract.name, delivery.period, delivery.delivered_at],
        )


def _cover(db: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Withhold a region whose rows fall far below those of the period before, though totals may look right."""
    contract, coverage = delivery.contract, delivery.contract.coverage
    if coverage is None:
        return
    db.execute(
        f"insert into raw.coverage select ?, ?, {coverage.region} as region, count(*), ? "
        f"from raw.{contract.table} where _file = ? group by region",
        [contract.name, delivery.period, delivery.file, delivery.file],
    )
    db.execute(
        "update raw.withheld set resolved_at = ? where source = ? and period = ? and resolved_at is null",
        [delivery.delivered_at, contract.name, delivery.period],
    )
    before = db.execute(
        "select max(period) from raw.coverage where source = ? and period < ? and left(period, 4) = left(?, 4)",
        [contract.name, delivery.period, delivery.period],
    ).fetchone()
    if not before or not before[0]:
        return
    db.execute(
        "insert into raw.withheld "
        "with counted as (select region, period, arg_max(n, rowid) as n from raw.coverage "
        "where source = $1 group by all) "
        "select $1, $2, earlier.region, "
        "concat(coalesce(now.n, 0), ' rows where the period before has ', earlier.n), "
        "$3, $4, null from counted as earlier "
        "left join counted as now on now.region = earlier.region and now.period = $2 "
        "where earlier.period = $5 and coalesce(now.n, 0) < earlier.n * $6",
        [
            contract.name,
            delivery.period,
            delivery.file,
            delivery.delivered_at,
            before[0],
            coverage.minimum_share,
        ],
    )
