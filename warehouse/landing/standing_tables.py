"""The tables that say what stands, what is withheld and what is missing of a scope, each row for a span of days."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeVar

import duckdb

from warehouse.build import tested
from warehouse.contracts import Contract
from warehouse.deliveries import IS_TAKEN_IN, Fault, Status, text
from warehouse.landing.replacing import WHOLE_COUNTRY, Day, Sent

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


class Stretch(NamedTuple):
    """Days in which nothing changes."""

    cut: date  # the last withdrawal before
    span: Span
    day: Day  # what stands on each of them


class Held(NamedTuple):
    """A delivery's rows of a region, between two withdrawals."""

    file: str
    period: str
    number: int
    region: str
    cut: date
    rows: int | None


def write(
    db: duckdb.DuckDBPyConnection,
    contract: Contract,
    period: str | None,
    sent: Sequence[Sent],
    days: Mapping[date, Day],
    number: int,
) -> None:
    """Write what stands, what is withheld and what is missing of a scope.

    Args:
        db: the warehouse, in a transaction.
        contract: the source's contract.
        period: of the scope; None is all periods.
        sent: the scope's deliveries.
        days: what stands from each day on which it may change, in their order.
        number: of this change, as in `raw.deliveries.changed_no`.
    """
    stretches = list(_stretches(days, {one.withdrawn_on for one in sent}))
    rows = _standing_rows(contract, sent, stretches)
    _note_changed(db, contract, period, rows, number)
    _replace_rows(db, "standing", contract, period, rows)
    if contract.coverage:
        _replace_rows(db, "withheld", contract, period, _withheld_rows(contract, period, stretches))
    _replace_rows(db, "shortfalls", contract, period, _shortfall_rows(contract, sent, stretches))
    _note_superseded(db, [one.file for one in sent])


def _stretches(days: Mapping[date, Day], withdrawals: Collection[date]) -> Iterator[Stretch]:
    """Yield each stretch of days in which nothing changes."""
    cut = BEGINNING
    for since, until in pairwise((*days, FOR_EVER)):
        cut = since if since in withdrawals else cut
        yield Stretch(cut, Span(since, until), days[since])


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


def _standing_rows(contract: Contract, sent: Sequence[Sent], stretches: Sequence[Stretch]) -> Rows:
    """Return the rows of what stands; what never stood has an empty span, for what is not here stands for ever."""
    held = _held(stretches)
    stands = {(h.file, h.region) for h, _ in held}
    never = [
        (Held(one.file, one.period, one.number, region, BEGINNING, n), Span(BEGINNING, BEGINNING))
        for one in sent
        for region, n in (one.rows or {WHOLE_COUNTRY: 0}).items()
        if (one.file, region) not in stands
    ]
    return [
        [contract.name, h.period, h.region, h.file, h.number, span.since, span.until, h.cut, h.rows]
        for h, span in (*held, *never)
    ]


def _held(stretches: Sequence[Stretch]) -> list[tuple[Held, Span]]:
    """Return which deliveries' rows stand of each region, and when."""
    return _merged(
        (Held(one.file, one.period, one.number, region, stretch.cut, one.rows.get(region)), stretch.span)
        for stretch in stretches
        for region, parts in stretch.day.parts.items()
        for one in parts
    )


def _withheld_rows(contract: Contract, period: str | None, stretches: Sequence[Stretch]) -> Rows:
    held = _merged((region, stretch.span) for stretch in stretches for region in stretch.day.withheld)
    last = {region: one for stretch in stretches for region, one in stretch.day.withheld.items()}
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


def _shortfall_rows(contract: Contract, sent: Sequence[Sent], stretches: Sequence[Stretch]) -> Rows:
    periods = {one.file: one.period for one in sent}
    held = _merged((part, stretch.span) for stretch in stretches for part in stretch.day.missing)
    last = {part: loss for stretch in stretches for part, loss in stretch.day.missing.items()}
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


def _note_superseded(db: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Note in the ledger since when nothing of a file stands any more, or that it stands again."""
    db.execute(
        f"update raw.deliveries as d set superseded_at = case when s.until < date '{FOR_EVER}' "
        "then greatest(s.until, d.effective_at) end, "
        f"status = case when s.until < date '{FOR_EVER}' then '{Status.SUPERSEDED}' else '{Status.LANDED}' end "
        "from (select file, max(standing_until) as until from raw.standing group by file) as s "
        f"where s.file = d.file and d.{IS_TAKEN_IN} and list_contains(?::varchar[], d.file)",
        [files],
    )
