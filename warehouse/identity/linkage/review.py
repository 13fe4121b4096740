"""A record and the pupil that it may be of, side by side, for the person who decides: nothing else shows both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted
from warehouse.identity import vault
from warehouse.identity.linkage.model import ROLES

# The newest review of a record that nobody has decided, with what was compared beside the names.
WAITING = """
select source, child_key, probability, birth_date, district, record_district from vault.links as r
where file = ? and line = ? and decision = 'review' and not exists (
  select 1 from vault.links as l where l.file = r.file and l.line = r.line
  and (l.decision = 'link' or l.child_key = r.child_key and l.decision = 'apart'))
order by known_at desc limit 1
"""


@dataclass(frozen=True)
class Person:
    """Who somebody is as it was written; None for what nobody wrote."""

    given_names: str | None
    first_surname: str | None
    second_surname: str | None
    birth_date: str | None
    district: str | None


@dataclass(frozen=True)
class Pair:
    """A review: `record` may be of the child whose pseudonym is `child`, with a probability between 0 and 1."""

    child: int
    probability: float
    record: Person
    candidate: Person


def pair(db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], file: str, line: int) -> Pair | None:
    """Return the review of a record; None if none waits.

    Args:
        db: a throw-away database with the vault attached; who calls this has logged who asked and why.
        contracts: all of them.
        file: the delivery in which the record stands.
        line: its line, the header being 1.
    """
    waiting = db.execute(WAITING, [file, line]).fetchone()
    if not waiting:
        return None
    source, child, probability, birth_date, district, record_district = waiting
    (contract,) = (one for one in contracts if one.name == source)
    record, candidate = _written(db, contract, file, line), vault.identity(db, child)
    if not record or not candidate:  # erased since
        return None
    names = {role: candidate[role] for role in ("given_names", "first_surname", "second_surname")}
    return Pair(
        child, probability, Person(**record, district=record_district),
        Person(**names, birth_date=birth_date, district=district),
    )  # fmt: skip


def _written(db: duckdb.DuckDBPyConnection, contract: Contract, file: str, line: int) -> dict[str, str | None] | None:
    """Return what a record says of who it is about."""
    columns = ", ".join(f"cast({quoted(contract.link[role])} as varchar)" for role in ROLES)
    found = db.execute(f"select {columns} from vault.{contract.table} where _file = ? and _line = ?", [file, line])
    row = found.fetchone()
    return dict(zip(ROLES, row, strict=True)) if row else None
