"""A home's own decisions on codes that are on no list: accepted, read as another code, or rejected.

Each is recorded with who, why and the day from which it is known, is never changed, and adds to the lists that the
contracts ship; of several on one code the last counts. An accepted code's rows come back at the next landing
(`returns.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import duckdb

from warehouse import clock, reasons
from warehouse.contracts import Column, Contract
from warehouse.deliveries import Fault
from warehouse.errors import UsageError
from warehouse.landing import dating
from warehouse.settings import Home

DDL = """
create table if not exists raw.codes (
  source varchar, column_name varchar, code varchar, decision varchar, mapped_to varchar, who varchar, why varchar,
  known_at date, decided_at timestamp, applied_at timestamp);
"""
LATEST = """
(select * from raw.codes
 qualify row_number() over (partition by source, column_name, code order by decided_at desc) = 1)
"""


class CodeVerdict(StrEnum):
    """What becomes of a code that is on no list."""

    ACCEPT = "accept"
    MAP = "map"
    REJECT = "reject"


class UnknownCode(NamedTuple):
    """A code that is on no list and on which nobody has decided; None where it may not be shown."""

    source: str
    column: str
    code: str | None
    lines: int
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class CodeDecision:
    """A person's decision on a code."""

    source: str
    column: str
    code: str
    decision: CodeVerdict
    who: str
    why: str
    mapped_to: str | None = None


def unknown(db: duckdb.DuckDBPyConnection) -> list[UnknownCode]:
    """Return the codes that wait for a decision, the most frequent first."""
    rows = db.execute(
        "select q.source, q.column_name, q.code, count(*), arg_min(q.file, (d.delivered_at, q.file, q.line)), "
        "arg_min(q.line, (d.delivered_at, q.file, q.line)) "
        "from quarantine.rows as q join raw.deliveries as d on d.file = q.file and d.source = q.source "
        f"where q.fault = '{Fault.UNKNOWN_CODE}' and d.deleted_on is null and not exists (select 1 from {LATEST} as c "
        "where c.source = q.source and c.column_name = q.column_name and c.code = q.code) "
        "group by 1, 2, 3 order by 4 desc, 1, 2, 3"
    ).fetchall()
    return [UnknownCode(*row) for row in rows]


def decide(
    db: duckdb.DuckDBPyConnection, home: Home, contracts: Iterable[Contract], decision: CodeDecision
) -> CodeDecision:
    """Record a decision; it is known from today on, or after the last closed date; return it as it is recorded.

    Raises:
        UsageError: no such column has a list, the list has the code already, or what it is to be read as is on none.
    """
    column = _column(contracts, decision)
    given = replace(
        decision,
        source=decision.source.lower(),
        column=column.name,
        code=decision.code.strip().upper(),
        mapped_to=decision.mapped_to and decision.mapped_to.strip().upper(),
    )
    _judge(column, given)
    db.execute(
        "insert into raw.codes (source, column_name, code, decision, mapped_to, who, why, known_at, decided_at) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            given.source,
            given.column,
            given.code,
            given.decision,
            given.mapped_to,
            given.who,
            given.why.strip(),
            dating.decided_on(db, home),
            clock.stamp(),
        ],
    )
    return given


def with_codes(db: duckdb.DuckDBPyConnection, contracts: dict[str, Contract]) -> dict[str, Contract]:
    """Return the contracts with the codes that this home has accepted or reads as others."""
    accepted: dict[tuple[str, str], list[str]] = defaultdict(list)
    mapped: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for source, column, code, decision, to in db.execute(
        f"select source, column_name, code, decision, mapped_to from {LATEST} order by all"
    ).fetchall():
        if decision == CodeVerdict.ACCEPT:
            accepted[source, column].append(code)
        elif decision == CodeVerdict.MAP:
            mapped[source, column][code] = to
    touched = {source for source, _ in (*accepted, *mapped)}
    return {
        table: _with(contract, accepted, mapped) if contract.name in touched else contract
        for table, contract in contracts.items()
    }


def _with(
    contract: Contract,
    accepted: dict[tuple[str, str], list[str]],
    mapped: dict[tuple[str, str], dict[str, str]],
) -> Contract:
    columns = [
        replace(c, codes=c.codes.with_home(accepted[contract.name, c.name], mapped[contract.name, c.name]))
        if c.codes
        else c
        for c in contract.columns
    ]
    return replace(contract, columns=tuple(columns))


def _column(contracts: Iterable[Contract], decision: CodeDecision) -> Column:
    """Return the column with a list that a decision names."""
    lists = {(c.name, column.name): column for c in contracts for column in c.columns if column.codes}
    found = lists.get((decision.source.lower(), decision.column.lower()))
    if found is None:
        known = ", ".join(f"{source} {column}" for source, column in sorted(lists))
        raise UsageError(f"{decision.source} {decision.column} has no list of codes; these have: {known}")
    return found


def _judge(column: Column, decision: CodeDecision) -> None:
    listed = column.codes.accepted if column.codes else ()
    if not decision.code:
        raise UsageError("say which code")
    reasons.stated(decision.why, "--why")
    if decision.code in listed:
        raise UsageError(f"{decision.code} is on the list of {column.name} that Qhawaq ships")
    if decision.decision == CodeVerdict.MAP and decision.mapped_to not in listed:
        raise UsageError(f"{decision.mapped_to} is not on the list of {column.name}: {', '.join(listed)}")
