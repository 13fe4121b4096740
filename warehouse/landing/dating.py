"""The date from which a delivery's rows, or a decision of the home, count: never a closed one."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from warehouse import clock
from warehouse.contracts import Contract
from warehouse.database import value
from warehouse.deliveries import HAS_ROWS
from warehouse.settings import Home


def last_closed(db: duckdb.DuckDBPyConnection) -> date | None:
    """Return the last closed as-of date."""
    return value(db, "select max(as_of_date) from raw.closed_dates")


def effective_date(delivered: date, closed: date | None) -> date:
    """Return the first date on which a delivery counts: never a closed one."""
    return max(delivered, closed + timedelta(days=1)) if closed else delivered


def decided_on(db: duckdb.DuckDBPyConnection, home: Home) -> date:
    """Return from when on a decision of now is known: a synthetic home lives on the day of its newest delivery."""
    newest = value(db, f"select max(delivered_at) from raw.deliveries where {HAS_ROWS}")
    today = newest if home.kind == "synthetic" and newest else clock.today()
    return effective_date(today, last_closed(db))


def known_at_sql(contract: Contract, delivered: date, closed: date | None, backfill: bool) -> str:
    """Return SQL for the date on which a fact is known, by contract and delivery; never a closed date."""
    if contract.known_at == "_delivered_at":
        return f"date '{effective_date(delivered, closed)}'"
    stated = f"cast({contract.known_at} as date)"
    if backfill:
        return f"greatest({stated}, date '{closed + timedelta(days=1)}')" if closed else stated
    return f"greatest({stated}, date '{effective_date(delivered, closed)}')"
