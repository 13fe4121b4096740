"""Records of offices as their vault holds them: under the office's own number, or beside the candidate of a review."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted
from warehouse.identity import vault
from warehouse.identity.linkage.model import ROLES

# The newest open review of a record, with the values that were compared beside the names.
WAITING = """
select source, child_key, probability, birth_date, district, record_district from vault.links as r
where file = ? and line = ? and decision = 'review' and not exists (
  select 1 from vault.links as l where l.file = r.file and l.line = r.line
  and (l.decision = 'link' or l.child_key = r.child_key and l.decision = 'apart'))
order by known_at desc limit 1
"""


@dataclass(frozen=True)
class Person:
    """An identity as a record has it; None for values that the record lacks."""

    given_names: str | None
    first_surname: str | None
    second_surname: str | None
    birth_date: str | None
    district: str | None


@dataclass(frozen=True)
class LinkReview:
    """An open review: a record and the child to whom it may belong."""

    child: int  # pseudonym of the candidate
    probability: float  # that the record is the candidate's, 0 to 1
    record: Person
    candidate: Person


def case_numbers(
    db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], places: Collection[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """Return by record the number that its office gave it; none of what was erased.

    Args:
        db: a throw-away database with the vault attached; the caller has logged the request.
        contracts: all contracts; those with links are of offices, whose number is the key.
        places: the file and line of each record.
    """
    found: dict[tuple[str, int], str] = {}
    for contract in contracts:
        files = sorted({file for file, _ in places if contract.pattern.fullmatch(file)})
        if contract.link and files:
            found |= _numbers(db, contract, files)
    return {place: found[place] for place in places if found.get(place)}


def _numbers(db: duckdb.DuckDBPyConnection, contract: Contract, files: list[str]) -> dict[tuple[str, int], str]:
    """Return the numbers of all records of some files."""
    query = f"select _file, _line, {quoted(contract.key[0])} from vault.{contract.table} where _file in ?"
    return {(file, line): number for file, line, number in db.execute(query, [files]).fetchall()}


def open_review(
    db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], file: str, line: int
) -> LinkReview | None:
    """Return the open review of a record; None if there is none.

    Args:
        db: a throw-away database with the vault attached; the caller has logged the request.
        contracts: all contracts.
        file: the record's delivery.
        line: its line, the header being 1.
    """
    review = db.execute(WAITING, [file, line]).fetchone()
    if not review:
        return None
    source, child, probability, birth_date, district, record_district = review
    contract = next(contract for contract in contracts if contract.name == source)
    record = _person(db, contract, file, line, record_district)
    identity = vault.identity(db, child)
    if not record or not identity:  # erased since
        return None
    candidate = Person(
        given_names=identity.given_names,
        first_surname=identity.first_surname,
        second_surname=identity.second_surname,
        birth_date=birth_date,
        district=district,
    )
    return LinkReview(child, probability, record, candidate)


def _person(
    db: duckdb.DuckDBPyConnection, contract: Contract, file: str, line: int, district: str | None
) -> Person | None:
    """Return the person that a record names."""
    columns = ", ".join(f"cast({quoted(contract.link[role])} as varchar)" for role in ROLES)
    query = f"select {columns} from vault.{contract.table} where _file = ? and _line = ?"
    row = db.execute(query, [file, line]).fetchone()
    return Person(**dict(zip(ROLES, row, strict=True)), district=district) if row else None
