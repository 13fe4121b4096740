"""Which rows of a delivery stand, and from when until when: corrections, parts, withdrawals, missing regions.

What stands on a day follows from the deliveries known on it and from nothing else: those effective by then and not
withdrawn. So later deliveries change no past day, and what a withdrawn file had replaced comes back by itself.
"""

from __future__ import annotations

from datetime import date
from itertools import chain
from operator import attrgetter

import duckdb

from warehouse.contracts import Contract
from warehouse.database import column, value
from warehouse.deliveries import HAS_ROWS, Status
from warehouse.landing import replacing, standing_tables
from warehouse.landing.replacing import WHOLE_COUNTRY, Day, Sent, Withheld
from warehouse.landing.standing_tables import BEGINNING, FOR_EVER


def settle(db: duckdb.DuckDBPyConnection, contract: Contract, period: str, number: int) -> None:
    """Work out again what stands of a scope after a delivery or a withdrawal, and of the periods that it may touch.

    Args:
        db: the warehouse, in a transaction.
        contract: the source's contract.
        period: of the delivery.
        number: of this change, as in `raw.deliveries.changed_no`.
    """
    if not _is_settled(db, contract):
        _let_stand(db, contract, number)
        return
    for touched in _touched(db, contract, period):
        _settle_scope(db, contract, touched, number)


def settle_all(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Work out what stands of a source whose deliveries were landed by an earlier release."""
    if not _is_settled(db, contract):
        _let_stand(db, contract)
        return
    periods = column(db, f"select distinct period from raw.deliveries where source = ? and {HAS_ROWS}", [contract.name])
    by_period = contract.has_whole_files and not contract.scope.all_periods
    for period in sorted(periods) if by_period else [None]:
        _settle_scope(db, contract, period, 0)


def _is_settled(db: duckdb.DuckDBPyConnection, contract: Contract) -> bool:
    """Return whether deliveries of the source can end each other's rows; otherwise all stand for ever."""
    withdrawn = f"select count(*) from raw.deliveries where source = ? and status = '{Status.WITHDRAWN}'"
    return contract.has_whole_files or value(db, withdrawn, [contract.name]) > 0


def _let_stand(db: duckdb.DuckDBPyConnection, contract: Contract, number: int | None = None) -> None:
    """Let all rows of a delivery stand, of every delivery where no number is given."""
    db.execute(
        f"insert into raw.standing select source, period, '{WHOLE_COUNTRY}', file, landed_no, date '{BEGINNING}', "
        f"date '{FOR_EVER}', date '{BEGINNING}', accepted_rows from raw.deliveries "
        f"where source = $1 and {HAS_ROWS} and coalesce(landed_no = $2, $2 is null)",
        [contract.name, number],
    )


def _touched(db: duckdb.DuckDBPyConnection, contract: Contract, period: str) -> list[str | None]:
    """Return the period and those after it that are compared with it; None is all periods at once."""
    if contract.scope.all_periods or not contract.has_whole_files:
        return [None]
    if contract.coverage is None:
        return [period]
    later = f"select distinct period from raw.deliveries where source = ? and period > ? and {HAS_ROWS} order by 1"
    return [period, *column(db, later, [contract.name, period])]


def _settle_scope(db: duckdb.DuckDBPyConnection, contract: Contract, period: str | None, number: int) -> None:
    sent = _sent(db, contract, period)
    days = {
        day: replacing.day(db, contract, [one for one in sent if one.since <= day < one.withdrawn_on])
        for day in _changing_days(db, contract, period, sent)
    }
    if contract.coverage and period:
        for day, found in days.items():
            _withhold(db, contract, period, day, found)
    standing_tables.write(db, contract, period, sent, days, number)


def _sent(db: duckdb.DuckDBPyConnection, contract: Contract, period: str | None) -> list[Sent]:
    """Return the deliveries of a scope whose rows are there, in the order in which they replace each other."""
    rows = db.execute(
        "select d.period, d.delivered_at, d.landed_no, d.file, "
        f"case when d.is_backfill then date '{BEGINNING}' else d.effective_at end, "
        f"coalesce(d.withdrawn_on, date '{FOR_EVER}'), c.rows, d.effective_at from raw.deliveries as d left join "
        "(select file, map_from_entries(list((region, n))) as rows from raw.coverage where source = $source "
        f"group by file) as c on c.file = d.file where d.source = $source and d.{HAS_ROWS} and d.deleted_on is null "
        f"and ($period is null or d.period = $period) order by {_order(contract)}",
        {"source": contract.name, "period": period},
    ).fetchall()
    # a first historical load keeps its rows' own dates; what replaces it does so from its own day on
    first = rows[0][3] if rows else None
    sent = []
    for of_period, delivered, number, file, own, withdrawn, counts, effective in rows:
        since = own if file == first or not contract.is_whole(file) else effective
        sent.append(
            Sent(
                period=of_period,
                delivered_at=delivered,
                number=number,
                file=file,
                since=since,
                withdrawn_on=withdrawn,
                rows=counts or {},
            )
        )
    return sent


def _order(contract: Contract) -> str:
    ordered = "d.delivered_at, d.landed_no, d.file"
    return f"d.period, {ordered}" if contract.scope.all_periods else ordered


def _changing_days(
    db: duckdb.DuckDBPyConnection, contract: Contract, period: str | None, sent: list[Sent]
) -> list[date]:
    """Return the days on which what stands of a scope may change."""
    days = {day for one in sent for day in (one.since, one.withdrawn_on)} - {FOR_EVER}
    if days and contract.coverage and period:
        days |= _changes_before(db, contract, period, min(days))
    return sorted(days)


def _changes_before(db: duckdb.DuckDBPyConnection, contract: Contract, period: str, since: date) -> set[date]:
    """Return the days on which what stands of earlier periods changes."""
    sql = (
        "select distinct unnest([standing_from, standing_until]) as day from raw.standing "
        "where source = ? and period < ?"
    )
    return {day for day in column(db, sql, [contract.name, period]) if since < day < FOR_EVER}


def _withhold(db: duckdb.DuckDBPyConnection, contract: Contract, period: str, day: date, found: Day) -> None:
    """Withhold a region with far fewer rows than when it last stood, be it the year before."""
    if contract.coverage is None or not found.parts:
        return
    before = db.execute(
        "select region, arg_max(n, period) from (select region, period, sum(n_rows) as n from raw.standing "
        "where source = ? and period < ? and standing_from <= ? and standing_until > ? group by all) group by 1",
        [contract.name, period, day, day],
    ).fetchall()
    newest = max(chain.from_iterable(found.parts.values()), key=attrgetter("delivered_at", "number"))
    for region, n_before in before:
        parts = found.parts.get(region, ())
        rows = sum(one.rows[region] for one in parts)
        if rows < n_before * contract.coverage.minimum_share:
            found.withheld[region] = Withheld(parts[-1].file if parts else newest.file, rows, n_before)
            found.parts.pop(region, None)
