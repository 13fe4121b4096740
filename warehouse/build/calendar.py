"""The day for which a warehouse is built: `raw.calendar`, one row."""

from __future__ import annotations

from datetime import date

import duckdb

from warehouse import database
from warehouse.deliveries import IS_TAKEN_IN
from warehouse.errors import HomeError
from warehouse.settings import Home

DDL = "create table if not exists raw.calendar (today date)"
NEWEST_DELIVERY = f"select max(delivered_at) from raw.deliveries where {IS_TAKEN_IN}"


def set_day(db: duckdb.DuckDBPyConnection, home: Home, today: date | None) -> date:
    """Store the day, the newest delivery's where none is given, and return it.

    Raises:
        HomeError: nothing has landed yet.
    """
    day = today or database.value(db, NEWEST_DELIVERY)
    if day is None:
        raise HomeError(f"nothing has landed in {home.root}: put deliveries into {home.inbox} and call 'qhawaq land'")
    with database.transaction(db):
        db.execute("delete from raw.calendar")
        db.execute("insert into raw.calendar values (?)", [day])
    return day


def read(home: Home) -> date:
    """Return the day for which the warehouse is built.

    Raises:
        HomeError: it was never built.
    """
    with database.warehouse(home) as db:
        is_there = "select count(*) from duckdb_tables() where schema_name = 'raw' and table_name = 'calendar'"
        day = database.value(db, "select today from raw.calendar") if database.value(db, is_there) else None
    if day is None:
        raise HomeError("the warehouse has no day yet: call 'qhawaq build' first")
    return day
