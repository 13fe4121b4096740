"""A home's own parameters, stated beside what Qhawaq ships: capacities, costs, holidays, targets and deadlines.

Each is recorded with who, why, from when on it holds and from which day it is known, and is never changed. One that was
withdrawn was known until then: what it had replaced counts again, and the past stays as it was known. The models that
make one relation of what is shipped and what is stated are those that refer to `stg_home__parameters`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, ClassVar

import duckdb

from warehouse import clock, reasons
from warehouse.database import transaction, value
from warehouse.errors import UsageError
from warehouse.landing import dating
from warehouse.settings import Home

DDL = """
create table if not exists raw.parameters (
  parameter_number integer, kind varchar, ugel_code varchar, support_code varchar, indicator varchar, level varchar,
  valid_from date, capacity_children integer, capacity_share double, unit_cost_soles double, holiday_name varchar,
  is_holiday boolean, target_share double, basis varchar, who varchar, why varchar, known_at date, decided_at timestamp,
  withdrawn_on date, withdrawn_by varchar, withdrawn_reason varchar, withdrawn_at timestamp);
alter table raw.parameters add column if not exists office varchar;
alter table raw.parameters add column if not exists matter varchar;
alter table raw.parameters add column if not exists working_days integer;
"""
OFFICES = ("DEMUNA", "CEM", "UPE")
MATTERS = ("violence", "any")  # cases of an office that a deadline is about
ALL = "*"  # stands for every UGEL without a capacity of its own


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many children a UGEL can visit per list: a number, or a share of its pupils."""

    kind: ClassVar[str] = "capacity"
    key: ClassVar[tuple[str, ...]] = ("ugel_code", "valid_from")
    ugel_code: str  # or ALL
    valid_from: date
    capacity_children: int | None = None
    capacity_share: float | None = None

    def __str__(self) -> str:
        """Say what it is."""
        many = f"{self.capacity_children} children" if self.capacity_children else f"{self.capacity_share:.2%}"
        return f"{self.ugel_code}, {many} per list from {self.valid_from}"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What it costs to serve one child with a service."""

    kind: ClassVar[str] = "cost"
    key: ClassVar[tuple[str, ...]] = ("support_code", "valid_from")
    support_code: str
    valid_from: date
    unit_cost_soles: float

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.support_code}, {self.unit_cost_soles:,.2f} soles per child from {self.valid_from}"


@dataclass(frozen=True, kw_only=True)
class Holiday:
    """A day that is a national holiday, or is none."""

    kind: ClassVar[str] = "holiday"
    key: ClassVar[tuple[str, ...]] = ("valid_from",)
    valid_from: date  # the day
    is_holiday: bool
    holiday_name: str | None = None

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.valid_from}, {self.holiday_name if self.is_holiday else 'is none'}"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Which share an indicator of the nation is to reach in a school year, and who set it as a goal."""

    kind: ClassVar[str] = "target"
    key: ClassVar[tuple[str, ...]] = ("indicator", "level", "valid_from")
    indicator: str
    level: str
    valid_from: date  # the first day of the year
    target_share: float
    basis: str

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.indicator} {self.level} {self.valid_from.year}, {self.target_share:.2%} ({self.basis})"


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """How many working days a protection office has to take up a case, and which norm says so."""

    kind: ClassVar[str] = "deadline"
    key: ClassVar[tuple[str, ...]] = ("office", "matter", "valid_from")
    office: str
    matter: str  # one of MATTERS
    valid_from: date  # the first day of opening for which it holds
    working_days: int
    basis: str

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.office} {self.matter}, {self.working_days} working days from {self.valid_from} ({self.basis})"


Parameter = Capacity | Cost | Holiday | Goal | Deadline
KINDS: dict[str, type[Parameter]] = {one.kind: one for one in (Capacity, Cost, Holiday, Goal, Deadline)}


@dataclass(frozen=True)
class Decided:
    """Who decides, and why."""

    who: str
    why: str

    @classmethod
    def by(cls, who: str, why: str) -> Decided:
        """Return it in the form in which it is kept.

        Raises:
            UsageError: nobody is named, or the reason says nothing.
        """
        if not who.strip():
            raise UsageError("say who decides")
        return cls(who.strip(), reasons.stated(why, "--why"))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A parameter as this home stated it."""

    number: int
    parameter: Parameter
    decided: Decided
    known_at: date
    withdrawn_on: date | None = None
    withdrawn: Decided | None = None


def record(db: duckdb.DuckDBPyConnection, home: Home, parameter: Parameter, decided: Decided) -> Statement:
    """Write a parameter that was judged; it is known from today on, or after the last closed date."""
    known_at = dating.decided_on(db, home)
    with transaction(db):
        number = value(db, "select coalesce(max(parameter_number), 0) + 1 from raw.parameters")
        row = asdict(parameter) | asdict(decided)
        row |= {"parameter_number": number, "kind": parameter.kind, "known_at": known_at, "decided_at": clock.stamp()}
        marks = ", ".join(f"${name}" for name in row)
        db.execute(f"insert into raw.parameters ({', '.join(row)}) values ({marks})", row)
    return Statement(number=number, parameter=parameter, decided=decided, known_at=known_at)


def withdraw(db: duckdb.DuckDBPyConnection, home: Home, number: int, decided: Decided) -> Statement:
    """Take a parameter back from today on, or after the last closed date; what it had replaced counts again.

    Raises:
        UsageError: there is none of this number, or it was withdrawn already.
    """
    standing = [one.number for one in listed(db) if one.withdrawn_on is None]
    if number not in standing:
        known = ", ".join(map(str, standing)) or "none"
        raise UsageError(f"no parameter {number} stands: call 'qhawaq parameters' to see which do ({known})")
    with transaction(db):
        db.execute(
            "update raw.parameters set withdrawn_on = ?, withdrawn_by = ?, withdrawn_reason = ?, withdrawn_at = ? "
            "where parameter_number = ?",
            [dating.decided_on(db, home), decided.who, decided.why, clock.stamp(), number],
        )
    return next(one for one in listed(db) if one.number == number)


def standing(db: duckdb.DuckDBPyConnection, parameter: Parameter) -> Statement | None:
    """Return what this home says now of what a parameter is about: of the same thing from the same day on."""
    said = [one for one in listed(db) if one.withdrawn_on is None and _about(one.parameter) == _about(parameter)]
    return said[-1] if said else None


def _about(parameter: Parameter) -> tuple[Any, ...]:
    return (parameter.kind, *(getattr(parameter, name) for name in parameter.key))


def listed(db: duckdb.DuckDBPyConnection) -> list[Statement]:
    """Return what this home stated, withdrawn or not, in the order in which it was decided."""
    asked = db.execute("select * from raw.parameters order by parameter_number")
    names = [column[0] for column in asked.description or ()]
    return [_statement(dict(zip(names, row, strict=True))) for row in asked.fetchall()]


def _statement(row: dict[str, Any]) -> Statement:
    """Return a row of the table as what it says."""
    kind = KINDS[row["kind"]]
    parameter = kind(**{field.name: row[field.name] for field in fields(kind)})
    withdrawn = Decided(row["withdrawn_by"], row["withdrawn_reason"]) if row["withdrawn_on"] else None
    return Statement(
        number=row["parameter_number"],
        parameter=parameter,
        decided=Decided(row["who"], row["why"]),
        known_at=row["known_at"],
        withdrawn_on=row["withdrawn_on"],
        withdrawn=withdrawn,
    )
