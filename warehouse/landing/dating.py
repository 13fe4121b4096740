"""The date from which a delivery's rows count: never a closed one."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from warehouse.contracts import Contract
from warehouse.database import value


def last_closed(db: duckdb.DuckDBPyConnection) -> date | None:
    """Return the last closed as-of date."""
    return value(db, "select max(as_of_date) from raw.closed_dates")


def effective_date(delivered: date, closed: date | None) -> date:
    """Return the first date on which a delivery counts: never a closed one."""
    return max(delivered, closed + timedelta(days=1)) if closed else delivered


def known_at_sql(contract: Contract, delivered: date, closed: date | None, backfill: bool) -> str:
    """Return SQL for the date on which a fact is known, by contract and delivery; never a closed date."""
    if contract.known_at == "_delivered_at":
        return f"date '{effective_date(delivered, closed)}'"
    stated = f"cast({contract.known_at} as date)"
    if backfill:
        return f"greatest({stated}, date '{closed + timedelta(days=1)}')" if closed else stated
    return f"greatest({stated}, date '{effective_date(delivered, closed)}')"
