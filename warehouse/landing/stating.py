"""Stating a parameter of the home: what may be stated, and where it is written.

`state` is called by `qhawaq parameters`, and by whoever else lets people state one: a page on which a UGEL's director
says how many children the office can visit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb

from warehouse import contracts, database, seeds
from warehouse.errors import UsageError
from warehouse.landing import ledger, parameters
from warehouse.landing.parameters import (
    ALL,
    MATTERS,
    OFFICES,
    Capacity,
    Cost,
    Deadline,
    Decided,
    Goal,
    Holiday,
    Parameter,
    Statement,
)
from warehouse.settings import DBT_PROJECT, Home

FIRST = date(2000, 1, 1)  # what is stated of a day before, or after the last, is a slip
LAST = date(2060, 12, 31)
MOST_CHILDREN = 100_000  # per list of a UGEL
MOST_WORKING_DAYS = 250  # a year has as many
MOST_SOLES = 1_000_000  # per child
LONGEST = 100  # characters of a name
LEVELS = ("B0", "F0")  # of which indicators are told: primary and secondary
UGELS = "intermediate.int_places__ugels"


def state(home: Home, parameter: Parameter, decided: Decided) -> Statement:
    """Judge and write a parameter of a home; return it with its number and the day from which it is known.

    Raises:
        UsageError: it cannot be true, or says nothing new; the message says what to do.
        HomeInUse: another process writes the warehouse: call again.
    """
    with _opened(home) as db:
        decided = Decided.by(decided.who, decided.why)
        _judge(db, parameter)
        return parameters.record(db, home, parameter, decided)


def withdraw(home: Home, number: int, decided: Decided) -> Statement:
    """Take a parameter back; what it had replaced counts again from then on.

    Raises:
        UsageError: there is none of this number, or it was withdrawn already.
        HomeInUse: another process writes the warehouse: call again.
    """
    with _opened(home) as db:
        return parameters.withdraw(db, home, number, Decided.by(decided.who, decided.why))


@contextmanager
def _opened(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse of a home that exists, with the tables of landing."""
    with database.warehouse(home.existing()) as db:
        ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
        yield db


def _judge(db: duckdb.DuckDBPyConnection, parameter: Parameter) -> None:
    if not FIRST <= parameter.valid_from <= LAST:
        raise UsageError(f"{parameter.valid_from} is no day from {FIRST} to {LAST}: correct it")
    _judge_kind(db, parameter)
    said = parameters.standing(db, parameter)
    if said and said.parameter == parameter:
        raise UsageError(f"parameter {said.number} states just this, known from {said.known_at}")


def _judge_kind(db: duckdb.DuckDBPyConnection, parameter: Parameter) -> None:
    match parameter:
        case Capacity():
            _judge_capacity(db, parameter)
        case Cost():
            _judge_cost(parameter)
        case Holiday():
            _judge_holiday(db, parameter)
        case Goal():
            _judge_target(parameter)
        case Deadline():
            _judge_deadline(parameter)


def _judge_capacity(db: duckdb.DuckDBPyConnection, capacity: Capacity) -> None:
    children = capacity.capacity_children
    share = capacity.capacity_share
    if (children is None) == (share is None):
        raise UsageError("say either --children or --share: how many children, or which share of the pupils")
    if children is not None and not 1 <= children <= MOST_CHILDREN:
        raise UsageError(f"--children {children}: a list has 1 to {MOST_CHILDREN:,} children")
    if share is not None and not 0 < share <= 1:
        raise UsageError(f"--share {share:g}: more than 0, up to 1 (0.05 is 5% of the pupils)")
    _judge_ugel(db, capacity.ugel_code)


def _judge_ugel(db: duckdb.DuckDBPyConnection, code: str) -> None:
    """Refuse a code that is none, or that no school register names; where none is built yet, any may come."""
    if code == ALL:
        return
    if not re.fullmatch("[0-9]{6}", code):
        raise UsageError(f"{code} is no UGEL: a code has 6 digits, and {ALL} is all without a capacity of their own")
    known = _ugels(db)
    if known and code not in known:
        near = ", ".join(sorted(one for one in known if one[:2] == code[:2]))
        raise UsageError(f"no school register names UGEL {code}; of department {code[:2]} there are: {near or 'none'}")


def _ugels(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the UGELs of the school registers, as far as they are built."""
    is_built = "select count(*) from duckdb_tables() where concat_ws('.', schema_name, table_name) = ?"
    return database.column(db, f"select ugel_code from {UGELS}") if database.value(db, is_built, [UGELS]) else []


def _judge_cost(cost: Cost) -> None:
    known = [row["support_code"] for row in seeds.rows("service_costs")]
    if cost.support_code not in known:
        raise UsageError(f"{cost.support_code} is no service; there are: {', '.join(known)}")
    if not 0 <= cost.unit_cost_soles <= MOST_SOLES:
        raise UsageError(f"{cost.unit_cost_soles:g} soles: say what one child costs, from 0 to {MOST_SOLES:,}")


def _judge_holiday(db: duckdb.DuckDBPyConnection, holiday: Holiday) -> None:
    name = (holiday.holiday_name or "").strip()
    if holiday.is_holiday and not 1 <= len(name) <= LONGEST:
        raise UsageError(f"say what the holiday is called, in up to {LONGEST} characters")
    if holiday.is_holiday != _is_holiday(db, holiday):
        return
    known = "is a holiday" if holiday.is_holiday else "is no holiday"
    raise UsageError(f"{holiday.valid_from} {known} already; 'qhawaq parameters' shows what this home states")


def _is_holiday(db: duckdb.DuckDBPyConnection, holiday: Holiday) -> bool:
    """Return whether a day is a holiday now: what the home stated last counts, else what is shipped."""
    said = parameters.standing(db, holiday)
    if said and isinstance(said.parameter, Holiday):
        return said.parameter.is_holiday
    return str(holiday.valid_from) in {row["holiday_date"] for row in seeds.rows("holidays")}


def _judge_target(target: Goal) -> None:
    known = [row["name"] for row in seeds.rows("definitions") if row["kind"] == "indicator"]
    if target.indicator not in known:
        raise UsageError(f"{target.indicator} is no indicator; there are: {', '.join(known)}")
    if target.level not in LEVELS:
        raise UsageError(f"{target.level} is no level that has indicators: B0 is primary, F0 secondary")
    if not 0 <= target.target_share <= 1:
        raise UsageError(f"{target.target_share:g}: from 0 to 1 (0.05 is 5 of 100 pupils)")
    _judge_source(target.basis, "plan or norm sets the goal")


def _judge_deadline(deadline: Deadline) -> None:
    if deadline.office not in OFFICES:
        raise UsageError(f"{deadline.office} is no protection office; there are: {', '.join(OFFICES)}")
    if deadline.matter not in MATTERS:
        raise UsageError(f"--of {deadline.matter}: say one of {', '.join(MATTERS)}")
    if not 1 <= deadline.working_days <= MOST_WORKING_DAYS:
        raise UsageError(f"{deadline.working_days} working days: say from 1 to {MOST_WORKING_DAYS}")
    _judge_source(deadline.basis, "norm sets the deadline")


def _judge_source(basis: str, which: str) -> None:
    if not 1 <= len(basis.strip()) <= LONGEST:
        raise UsageError(f"--source: say which {which}, in up to {LONGEST} characters")
