"""Files, as-of dates and code that a green build has tested: later builds do not test them again (`where.sql`).

A build has two halves, features and then marts. The first notes its inputs, the second makes them count when it is
green too, if the code is still the same.
"""

from __future__ import annotations

import duckdb

from warehouse.database import transaction, value
from warehouse.deliveries import HAS_ROWS

FILES = "raw.built_files"  # what a later delivery changes is taken out of it
DDL = """
create table if not exists raw.built_files (file varchar);
create table if not exists raw.built_dates (as_of_date date);
create table if not exists raw.built_code (hash varchar);
create table if not exists raw.being_built (code varchar, file varchar);
create table if not exists raw.half_built (code varchar, file varchar);
"""
LANDED = f"select file from raw.deliveries where {HAS_ROWS} and deleted_on is null"


def begin(db: duckdb.DuckDBPyConnection, code: str) -> None:
    """Forget what other code has tested; note the files that this build will see."""
    with transaction(db):
        if value(db, "select hash from raw.built_code") != code:
            forget(db)
        db.execute("delete from raw.being_built")
        db.execute(f"insert into raw.being_built select ?, file from ({LANDED})", [code])


def forget(db: duckdb.DuckDBPyConnection) -> None:
    """Let everything be tested again."""
    for table in ("files", "dates", "code"):
        db.execute(f"delete from raw.built_{table}")


def first_half_done(db: duckdb.DuckDBPyConnection, code: str) -> None:
    """Note what the first half has tested."""
    with transaction(db):
        db.execute("delete from raw.half_built")
        db.execute("insert into raw.half_built select code, file from raw.being_built where code = ?", [code])


def done(db: duckdb.DuckDBPyConnection, code: str) -> None:
    """Let what both halves have tested with this code count as tested."""
    if not value(db, "select bool_and(code = ?) from raw.half_built", [code]):
        return
    with transaction(db):
        forget(db)
        db.execute("insert into raw.built_files select file from raw.half_built")
        db.execute("insert into raw.built_dates select as_of_date from raw.closed_dates")
        db.execute("insert into raw.built_code values (?)", [code])
