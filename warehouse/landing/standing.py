"""Which rows of a delivery stand, and from when until when: corrections, parts, withdrawals, missing regions.

What stands on a day follows from the deliveries known on it and from nothing else: those effective by then and not
withdrawn. So later deliveries change no past day, and what a withdrawn file had replaced comes back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeVar

import duckdb

from warehouse.build import tested
from warehouse.contracts import Contract
from warehouse.database import column, value
from warehouse.deliveries import HAS_ROWS, IS_TAKEN_IN, Fault, Status, text
from warehouse.landing import replacing
from warehouse.landing.replacing import WHOLE_COUNTRY, Day, Sent, Withheld

DDL = """
create table if not exists raw.standing (
  source varchar, period varchar, region varchar, file varchar, landed_no bigint, standing_from date,
  standing_until date, cut_on date, n_rows bigint);
create table if not exists raw.shortfalls (
  source varchar, period varchar, region varchar, file varchar, reason varchar, n_missing bigint, n_before bigint,
  known_at date, resolved_at date);
"""
BEGINNING = date(1900, 1, 1)
FOR_EVER = date(9999, 12, 31)
K = TypeVar("K")
Rows = list[list[Any]]


class Span(NamedTuple):
    """Days in which something holds: the last one is not among them."""

    since: date
    until: date


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
    days = {day: replacing.day(db, contract, known) for day, known in _known_by_day(db, contract, period, sent).items()}
    if contract.coverage and period:
        for day, found in days.items():
            _withhold(db, contract, period, day, found)
    _write(db, contract, period, sent, days, number)


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
        sent.append(Sent(of_period, delivered, number, file, since, withdrawn, counts or {}))
    return sent


def _order(contract: Contract) -> str:
    ordered = "d.delivered_at, d.landed_no, d.file"
    return f"d.period, {ordered}" if contract.scope.all_periods else ordered


def _known_by_day(
    db: duckdb.DuckDBPyConnection, contract: Contract, period: str | None, sent: list[Sent]
) -> dict[date, list[Sent]]:
    """Return, for each day on which something may change, the deliveries known from then on."""
    days = {day for one in sent for day in (one.since, one.withdrawn_on)} - {FOR_EVER}
    if days and contract.coverage and period:
        days |= _changes_before(db, contract, period, min(days))
    return {day: [one for one in sent if one.since <= day < one.withdrawn_on] for day in sorted(days)}


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
    newest = max((one for parts in found.parts.values() for one in parts), key=lambda one: one[1:3])
    for region, n_before in before:
        parts = found.parts.get(region, ())
        rows = sum(one.rows[region] for one in parts)
        if rows < n_before * contract.coverage.minimum_share:
            found.withheld[region] = Withheld(parts[-1].file if parts else newest.file, rows, n_before)
            found.parts.pop(region, None)


def _spans(days: Iterable[date], cuts: set[date]) -> Iterator[tuple[date, Span]]:
    """Yield the last cut before and the days of each stretch in which nothing changes."""
    cut = BEGINNING
    for since, until in pairwise((*days, FOR_EVER)):
        cut = since if since in cuts else cut
        yield cut, Span(since, until)


def _merged(held: Iterable[tuple[K, Span]]) -> list[tuple[K, Span]]:
    """Join stretches of the same that follow each other."""
    joined: dict[K, list[Span]] = {}
    for key, span in held:
        spans = joined.setdefault(key, [])
        if spans and spans[-1].until == span.since:
            spans[-1] = Span(spans[-1].since, span.until)
        else:
            spans.append(span)
    return [(key, span) for key, spans in joined.items() for span in spans]


class _Held(NamedTuple):
    """A delivery's rows of a region, between two withdrawals."""

    one: str
    period: str
    number: int
    region: str
    cut: date
    rows: int | None


def _write(
    db: duckdb.DuckDBPyConnection,
    contract: Contract,
    period: str | None,
    sent: list[Sent],
    days: Mapping[date, Day],
    number: int,
) -> None:
    """Write what stands, what is withheld and what is missing of a scope."""
    spans = list(_spans(days, {one.withdrawn_on for one in sent}))
    stretches = [(cut, span, days[span.since]) for cut, span in spans]
    held = _merged(
        (_Held(one.file, one.period, one.number, region, cut, one.rows.get(region)), span)
        for cut, span, day in stretches
        for region, parts in day.parts.items()
        for one in parts
    )
    rows = [
        [contract.name, h.period, h.region, h.one, h.number, span.since, span.until, h.cut, h.rows] for h, span in held
    ]
    stands = {(h.one, h.region) for h, _ in held}
    rows += [  # never stood: said by an empty span, for what is not here stands for ever
        [contract.name, one.period, region, one.file, one.number, BEGINNING, BEGINNING, BEGINNING, n]
        for one in sent
        for region, n in (one.rows or {WHOLE_COUNTRY: 0}).items()
        if (one.file, region) not in stands
    ]
    _note_changed(db, contract, period, rows, number)
    _replace_rows(db, "standing", contract, period, rows)
    if contract.coverage:
        _replace_rows(db, "withheld", contract, period, _withheld_rows(contract, period, stretches))
    _replace_rows(db, "shortfalls", contract, period, _shortfall_rows(contract, sent, stretches))
    _note_superseded(db, [one.file for one in sent])


def _withheld_rows(contract: Contract, period: str | None, stretches: list[tuple[date, Span, Day]]) -> Rows:
    held = _merged((region, span) for _, span, day in stretches for region in day.withheld)
    last = {region: one for _, _, day in stretches for region, one in day.withheld.items()}
    return [
        [
            contract.name,
            period,
            region,
            text(Fault.FEWER_ROWS, {"rows": one.rows, "before": one.before}),
            one.file,
            span.since,
            _end(span),
            one.rows,
            one.before,
        ]
        for region, span in held
        for one in (last[region],)
    ]


def _shortfall_rows(contract: Contract, sent: list[Sent], stretches: list[tuple[date, Span, Day]]) -> Rows:
    periods = {one.file: one.period for one in sent}
    held = _merged((part, span) for _, span, day in stretches for part in day.missing)
    last = {part: loss for _, _, day in stretches for part, loss in day.missing.items()}
    return [
        [
            contract.name,
            periods[part.file],
            part.region,
            part.file,
            text(Fault.MISSING_ROWS, {"rows": loss.missing, "before": loss.before}),
            loss.missing,
            loss.before,
            span.since,
            _end(span),
        ]
        for part, span in held
        for loss in (last[part],)
    ]


def _end(span: Span) -> date | None:
    return None if span.until == FOR_EVER else span.until


def _replace_rows(
    db: duckdb.DuckDBPyConnection, table: str, contract: Contract, period: str | None, rows: Rows
) -> None:
    """Replace the rows of a scope."""
    db.execute(f"delete from raw.{table} where source = $1 and ($2 is null or period = $2)", [contract.name, period])
    if rows:  # in one statement: one for each row takes a millisecond each
        listed = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
        db.execute(f"insert into raw.{table} values {listed}", list(chain.from_iterable(rows)))


def _note_changed(
    db: duckdb.DuckDBPyConnection, contract: Contract, period: str | None, rows: Rows, number: int
) -> None:
    """Note whose rows stand otherwise than before: their years are built and tested again."""
    before = db.execute(
        "select * from raw.standing where source = $1 and ($2 is null or period = $2)", [contract.name, period]
    ).fetchall()
    changed = sorted({row[3] for row in set(before) ^ set(map(tuple, rows))})
    db.execute("update raw.deliveries set changed_no = ? where list_contains(?::varchar[], file)", [number, changed])
    db.execute(f"delete from {tested.FILES} where list_contains(?::varchar[], file)", [changed])


def _note_superseded(db: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Note in the ledger since when nothing of a file stands any more, or that it stands again."""
    db.execute(
        f"update raw.deliveries as d set superseded_at = case when s.until < date '{FOR_EVER}' "
        "then greatest(s.until, d.effective_at) end, "
        f"status = case when s.until < date '{FOR_EVER}' then '{Status.SUPERSEDED}' else '{Status.LANDED}' end "
        "from (select file, max(standing_until) as until from raw.standing group by file) as s "
        f"where s.file = d.file and d.{IS_TAKEN_IN} and list_contains(?::varchar[], d.file)",
        [files],
    )
