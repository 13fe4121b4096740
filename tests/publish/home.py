"""A warehouse with one small mart for each audience: all that publishing needs."""

from __future__ import annotations

from warehouse import database
from warehouse.pipeline import tables
from warehouse.publish import serving
from warehouse.settings import Home


def with_marts(home: Home) -> None:
    """Make its warehouse; areas are 150101 and 150201."""
    home.claim("synthetic")
    with database.warehouse(home) as db:
        tables.prepare(db)
        db.execute("insert into raw.calendar values (date '2025-12-05')")
        db.execute(
            "create schema intermediate; create table intermediate.int_lists__current as select 1::bigint as child_key, "
            "date '2025-11-30' as as_of_date, 'interruption' as outcome, 'm' as model_version"
        )
        for audience, area in serving.AUDIENCES.items():
            db.execute(f"create schema {audience}")
            place = f", '150{{}}01' as {area}" if area else ""
            rows = " union all ".join(f"select {n}::bigint as n, 'a' as text" + place.format(n) for n in (1, 2))
            db.execute(f"create table {audience}.{'page' if audience == 'service' else 'mart'} as {rows}")
